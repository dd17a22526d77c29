import type { CommandResult, Console } from "@xsp/scenario";
import { exitCode } from "./exit-code.ts";
import type { ShellPrinter } from "./shell-printer.ts";

/** A console and how it is used. */
export interface ShellSession {
  readonly console: Console;
  readonly printer: ShellPrinter;
  /** Lines to begin with. */
  readonly begin: readonly string[];
  /** Whether a script goes on after a command that failed. */
  readonly keepGoing: boolean;
}

/** Whether a line asks to leave the shell: not a command of the console, whose `exit` ends a process. */
export function leavesShell(line: string): boolean {
  return /^\s*(exit|quit)\s*(#.*)?$/.test(line);
}

/** Exit code for a command: the kernel's refusals are no bugs, and no wrong usage either. */
export function exitCodeOf({ status, refusal }: CommandResult): number {
  if (status === 0) return exitCode.ok;
  if (status === 2) return exitCode.usage;
  return refusal === undefined ? exitCode.internal : exitCode.refused;
}
