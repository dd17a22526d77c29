import type { Command } from "commander";
import type { Explanation } from "@xsp/verify";
import { exitCode } from "../exit-code.ts";
import { UsageError } from "../usage-error.ts";

const help = `
What happens: the token names a model, its scheme and a schedule. The schedule is replayed on the shipped code, and every
access is shown in a column for its vCPU. A star marks what changed a word: before → after.

Exit codes: 0 replayed, 2 a token that is damaged, of no known model, or of code that has changed since.

Examples:
  xsp check map-unmark-pin --scheme rfc --property S1      prints a token
  xsp explain xsp1.…                                       shows what it does
`;

/** Adds `xsp explain`. */
export function addExplainCommand(program: Command): void {
  program
    .command("explain")
    .summary("show what a counterexample does, access by access")
    .description("Replays a counterexample of xsp check and shows every access.")
    .argument("<token>", "a token that xsp check printed")
    .option("--format <format>", "what to print: text, json", "text")
    .addHelpText("after", help)
    .action(explainCommand);
}

async function explainCommand(token: string, { format }: { readonly format: string }): Promise<void> {
  if (format !== "text" && format !== "json") {
    throw new UsageError(`--format ${format}: there is no such format`, "text or json", "leave it out to get text");
  }
  const { explainToken } = await import("@xsp/verify");
  const explanation = readToken(() => explainToken(token));
  const { model, scheme, violated, columns, legend, paragraph, trace } = explanation;
  if (format === "json") {
    const { steps } = trace;
    process.stdout.write(`${JSON.stringify({ v: 1, model, scheme, violated, paragraph, steps })}\n`);
  } else {
    process.stdout.write(`${model}, ${scheme}: ${trace.steps.length} steps\n\n${paragraph}\n\n${legend}\n\n${columns}`);
  }
  process.exitCode = exitCode.ok;
}

/** What is wrong with a token is the caller's to mend, not a bug of ours. */
function readToken(read: () => Explanation): Explanation {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(
      `the token cannot be replayed: ${error.message}`,
      "a token that xsp check of this version printed",
      "make it again: xsp check --list, then xsp check with the model",
    );
  }
}
