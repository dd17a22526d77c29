import { type Interface, createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { exitCode } from "./exit-code.ts";
import { type ShellSession, leavesShell } from "./shell-session.ts";

/**
 * Reads commands from a terminal, with history and completion, until somebody leaves.
 *
 * @returns the exit code: a command that failed was seen by who typed it, so it is 0.
 */
export async function runTerminal(session: ShellSession, input: Readable, output: Writable): Promise<number> {
  const { console, printer, begin } = session;
  printer.note("help lists the commands, Tab completes, exit leaves");
  for (const line of begin) {
    printer.command(line);
    printer.result(line, console.run(line));
  }
  const terminal = createInterface({
    input,
    output,
    terminal: true,
    prompt: printer.prompt,
    removeHistoryDuplicates: true,
    completer: (line: string) => {
      const { candidates, word } = console.complete(line);
      const [only = ""] = candidates;
      // A word that is whole is followed by a blank, unless it is a directory or an option that wants a value.
      return [candidates.length !== 1 || /[/=]$/.test(only) ? candidates : [`${only} `], word];
    },
  });
  await readCommands(session, terminal, output);
  return exitCode.ok;
}

function readCommands({ console, printer }: ShellSession, terminal: Interface, output: Writable): Promise<void> {
  return new Promise((resolve) => {
    terminal.on("line", (line) => {
      if (leavesShell(line)) {
        terminal.close();
        return;
      }
      printer.result(line, console.run(line));
      terminal.prompt();
    });
    // As in other shells, Ctrl-C gives the line up and Ctrl-D leaves.
    terminal.on("SIGINT", () => {
      output.write("^C\n");
      terminal.write("", { ctrl: true, name: "e" });
      terminal.write("", { ctrl: true, name: "u" });
      terminal.prompt();
    });
    terminal.on("close", () => {
      output.write("\n");
      resolve();
    });
    terminal.prompt();
  });
}
