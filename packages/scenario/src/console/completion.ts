import type { Command } from "./command.ts";
import { mmapOptionWords } from "./mmap-options.ts";
import { namesIn } from "./file-commands.ts";
import type { Session } from "./session.ts";

/** What the last word of an unfinished line can become. */
export interface Completion {
  /** The last word as far as it is typed. */
  readonly word: string;
  readonly candidates: readonly string[];
}

/**
 * Completes the last word of a line: a command at its begin, then paths of the guest, names of mappings and segments, and
 * the options of `mmap`.
 */
export function complete(session: Session, commands: readonly Command[], line: string): Completion {
  const word = /\S*$/.exec(line)?.[0] ?? "";
  const before = line.slice(0, line.length - word.length).trim();
  return { word, candidates: wordsFor(session, commands, before, word).filter((known) => known.startsWith(word)) };
}

function wordsFor(session: Session, commands: readonly Command[], before: string, word: string): readonly string[] {
  const names = commands.map(({ name }) => name);
  if (before === "") return names;
  if (word.startsWith("/")) return pathsBeside(session, word);
  const [command] = before.split(/\s/);
  if (command === "help") return names;
  return [
    ...session.mappings.keys(),
    ...session.segments.keys(),
    ...(command === "mmap" ? mmapOptionWords : []),
    ...(command === "touch" ? ["all", "read", "write"] : []),
  ];
}

/** Paths that begin with a word; none while nobody is there to tell what a directory holds. */
function pathsBeside(session: Session, word: string): readonly string[] {
  if (session.guest.isSuspended()) return [];
  const folder = word.slice(0, word.lastIndexOf("/") + 1);
  return (namesIn(session, folder) ?? []).map((name) => folder + name);
}
