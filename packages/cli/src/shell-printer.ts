import type { CommandResult } from "@xsp/scenario";
import type { ShellLineJson } from "./json-output.ts";

/** Prints what a shell's commands do: output to stdout and errors to stderr, or an object a command. */
export class ShellPrinter {
  /** What stands before a command. */
  readonly prompt: string;
  private readonly json: boolean;

  constructor({ prompt, json }: { readonly prompt: string; readonly json: boolean }) {
    this.prompt = prompt;
    this.json = json;
  }

  /** Something to know that no command printed. */
  note(text: string): void {
    if (!this.json) process.stdout.write(`${text}\n`);
  }

  /** A command that nobody has typed at a terminal. */
  command(line: string): void {
    if (!this.json) process.stdout.write(`${this.prompt}${line}\n`);
  }

  /** What a command did. */
  result(command: string, { status, output, errors, refusal }: CommandResult): void {
    if (this.json) {
      const written: ShellLineJson = { command, status, output, errors, ...(refusal === undefined ? {} : { refusal }) };
      process.stdout.write(`${JSON.stringify(written)}\n`);
      return;
    }
    for (const line of output) process.stdout.write(`${line}\n`);
    for (const line of errors) process.stderr.write(`${line}\n`);
  }
}
