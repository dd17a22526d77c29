/** A command line taken apart. */
export interface CommandLine {
  /** The command and its arguments; empty when nothing is to be done. */
  readonly words: readonly string[];
  /** File that output goes to, after `>`. */
  readonly target?: string;
}

/** What a shell would do and this console does not. */
const foreign = /^(\||\|\||&|&&|;|<|<<|\$\(.*|`.*)$/;

/**
 * Takes a command line apart as a shell does: words at blanks, quotes, `> FILE`, and comments from a `#` on.
 *
 * @returns the parts, or what is wrong with the line.
 */
export function splitCommandLine(line: string): CommandLine | { readonly problem: string } {
  const words: string[] = [];
  let target: string | undefined;
  let redirect = false;
  // A word in which quoted and bare parts may follow each other; an operator; or one character that fits nowhere.
  for (const [token] of line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'<>|&;])+|>>?|<<?|\|\|?|&&?|\S/g)) {
    if (token.startsWith("#")) break;
    if (token === ">" || token === ">>") {
      if (redirect || target !== undefined) return { problem: "only one > is understood" };
      redirect = true;
      continue;
    }
    if (token === '"' || token === "'") return { problem: `a ${token} is not closed` };
    if (foreign.test(token)) return { problem: `${token} is not understood: one command a line` };
    const word = token.replaceAll(
      /"([^"]*)"|'([^']*)'/g,
      (_, double?: string, single?: string) => double ?? single ?? "",
    );
    if (redirect && target === undefined) target = word;
    else words.push(word);
  }
  if (redirect && target === undefined) return { problem: "no file after >" };
  return target === undefined ? { words } : { words, target };
}
