import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { exitCode } from "./exit-code.ts";
import { type ShellSession, exitCodeOf, leavesShell } from "./shell-session.ts";

/**
 * Runs the lines of a stream as a script, each shown after a prompt.
 *
 * @returns the exit code: that of the first command that failed.
 */
export async function runScript(session: ShellSession, input: Readable): Promise<number> {
  let code: number = exitCode.ok;
  for await (const line of linesOf(session.begin, input)) {
    session.printer.command(line);
    if (leavesShell(line)) break;
    const result = session.console.run(line);
    session.printer.result(line, result);
    if (code === exitCode.ok) code = exitCodeOf(result);
    if (code !== exitCode.ok && !session.keepGoing) break;
  }
  return code;
}

async function* linesOf(begin: readonly string[], input: Readable): AsyncGenerator<string> {
  yield* begin;
  yield* createInterface({ input, crlfDelay: Infinity });
}
