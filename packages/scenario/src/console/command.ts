import type { Session } from "./session.ts";

/** What one command line did. */
export interface CommandResult {
  /** 0 when it worked; otherwise what a shell would have: 1 for a failed call or a signal, 2 for a wrong command line. */
  readonly status: number;
  /** What it prints, line by line, without newline. */
  readonly output: readonly string[];
  /** What went wrong, as a shell prints it; for a wrong command line also what was expected and what to do. */
  readonly errors: readonly string[];
  /** Errno (`ENOMEM`) or signal (`SIGBUS`) with which the guest's kernel refused; absent else. */
  readonly refusal?: string;
}

/** A command of the console. */
export interface Command {
  readonly name: string;
  /** Its command line: capitals stand for what is to be filled in, brackets for what may be left out. */
  readonly usage: string;
  /** One line. */
  readonly help: string;
  /** How many arguments it takes, at least and at most. */
  readonly args: readonly [least: number, most: number];
  /** Whether `> FILE` may follow. */
  readonly redirects?: true;
  /** Whether it looks at the guest, or acts on it, from outside: it does so while the guest is suspended as well. */
  readonly outside?: true;
  /** More lines for `help COMMAND`: arguments, an example. */
  readonly details?: readonly string[];
  /**
   * @param args - words after the name.
   * @param target - file after `>`.
   */
  readonly run: (session: Session, args: readonly string[], target?: string) => CommandResult;
}

/** It worked and printed this. */
export function done(...output: readonly string[]): CommandResult {
  return { status: 0, output, errors: [] };
}

/** The kernel refused: `mmap: ENOMEM`. */
export function refused(what: string, refusal: string, output: readonly string[] = []): CommandResult {
  return { status: 1, output, errors: [`${what}: ${refusal}`], refusal };
}

/** The command line is wrong: exit status 2. */
export function wrong(problem: string, expected: string, remedy: string): CommandResult {
  return { status: 2, output: [], errors: [problem, `  expected: ${expected}`, `  do: ${remedy}`] };
}

/** Whether a step of reading a command line came to a result already, which is then an error. */
export function isResult<T extends object | number | string>(value: T | CommandResult): value is CommandResult {
  return typeof value === "object" && "status" in value && "errors" in value;
}
