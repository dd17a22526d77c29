import type { AccessKind, Instrument } from "@xsp/words";
import type { CompiledModel } from "./compiled-model.ts";
import { type Announced, type Context, done, type LocalState } from "./model.ts";

/** The kinds of access, numbered as {@link AccessKind} is, and `choose`, which is answered in every possible way. */
export const StepKind = { load: 0, store: 1, compareAndSwap: 2, waitWhile: 3, choose: 4 } as const;
/** One of the five kinds of step, as a number from 0 to 4. */
export type StepKind = (typeof StepKind)[keyof typeof StepKind];

/** One access as it was asked for. For `choose`, `value` is the number of ways and the address is -1. */
export interface Access {
  readonly kind: StepKind;
  readonly address: number;
  readonly value: number;
  readonly desired: number;
}

/** Something a program announced with `note`. */
export interface Note {
  readonly label: string;
  readonly args: readonly Announced[];
  readonly result: Announced | undefined;
}

/** The first access of a run that differs from what was made before on the same answers. */
export interface Difference {
  readonly index: number;
  /** What was asked for; undefined when the operation ended before. */
  readonly access: Access | undefined;
}

/** How far a run over given answers got. */
export interface RunOutcome {
  readonly end: "parked" | "next" | "done" | "threw";
  /** parked: the access that waits for its answer. */
  readonly access: Access | undefined;
  /** next: the local state for the next operation. */
  readonly local: LocalState | undefined;
  /** threw: what. */
  readonly message: string | undefined;
  /** What `begin` announced last. */
  readonly operation: string | undefined;
  /** Where it did something else than it did before; see {@link runOperation}. */
  readonly difference: Difference | undefined;
  /** Notes made after the last answer was given; with no answers, all of them. */
  readonly notes: readonly Note[];
}

// Thrown to leave the program before an access whose answer is not known yet. One object for ever: capturing a stack
// would cost more than the run. It does not look like an error of the program's own, so a careful `catch` passes it on.
const parked = new Error("parked by the checker: this must not be caught");

/**
 * Runs one operation over the answers that memory gave it before and leaves it at the first access without an answer.
 *
 * Cost: one run of the operation's code up to that point.
 *
 * @param made - the accesses that an earlier run made on each of these answers, to be compared with; none: no comparison.
 */
export function runOperation(
  compiled: CompiledModel,
  vcpu: number,
  local: LocalState,
  answers: readonly number[],
  made: readonly (Access | undefined)[] = [],
): RunOutcome {
  const run = new Run(vcpu, answers, made);
  const program = compiled.programs[vcpu];
  if (program === undefined) throw new RangeError(`there is no vCPU ${vcpu}`);
  return compiled.behindDoor(run, () => {
    try {
      const next = program.step(local, run);
      if (run.waiting !== undefined) throw new Error(`program ${program.name} caught what parks it: rethrow it`);
      if (next === done) return run.outcome("done", undefined, undefined);
      return run.outcome("next", checkedLocal(program.name, next), undefined);
    } catch (error) {
      if (error === parked) return run.outcome("parked", undefined, undefined);
      return run.outcome("threw", undefined, error instanceof Error ? error.message : String(error));
    }
  });
}

class Run implements Instrument, Context {
  readonly vcpu: number;
  waiting: Access | undefined;
  private readonly answers: readonly number[];
  private readonly made: readonly (Access | undefined)[];
  private difference: Difference | undefined;
  /** How many answers were given. */
  private given = 0;
  private notes: Note[] = [];
  private operation: string | undefined;

  constructor(vcpu: number, answers: readonly number[], made: readonly (Access | undefined)[]) {
    this.vcpu = vcpu;
    this.answers = answers;
    this.made = made;
  }

  access(kind: AccessKind, address: number, value: number, desired: number): number {
    return this.answer(kind, address, value, desired);
  }

  choose(count: number): number {
    if (!Number.isInteger(count) || count < 1) throw new RangeError(`choose(${count}): expected 1 way or more`);
    return this.answer(StepKind.choose, -1, count, 0);
  }

  begin(label: string, ...args: readonly Announced[]): void {
    this.operation = `${label}(${args.join(", ")})`;
  }

  note(label: string, args: readonly Announced[] = [], result?: Announced): void {
    this.notes.push({ label, args: [...args], result });
  }

  outcome(end: RunOutcome["end"], local: LocalState | undefined, message: string | undefined): RunOutcome {
    const { notes, operation } = this;
    if (this.given < this.made.length) this.difference ??= { index: this.given, access: undefined };
    return { end, access: this.waiting, local, message, operation, difference: this.difference, notes };
  }

  // Called for every access of every run over old answers: no objects are made before the last one.
  private answer(kind: StepKind, address: number, value: number, desired: number): number {
    if (this.waiting !== undefined) throw parked;
    const index = this.given;
    if (index >= this.answers.length) {
      this.waiting = { kind, address, value, desired };
      throw parked;
    }
    if (index < this.made.length && !isSame(this.made[index], kind, address, value, desired)) {
      this.waiting = { kind, address, value, desired };
      this.difference = { index, access: this.waiting };
      throw parked;
    }
    this.given++;
    if (this.notes.length > 0) this.notes = [];
    return this.answers[index] as number;
  }
}

function isSame(made: Access | undefined, kind: StepKind, address: number, value: number, desired: number): boolean {
  if (made === undefined) return false;
  return made.kind === kind && made.address === address && made.value === value && made.desired === desired;
}

function checkedLocal(program: string, local: unknown): LocalState {
  if (!Array.isArray(local) || !local.every((part) => Number.isSafeInteger(part))) {
    throw new TypeError(`program ${program} returned ${String(local)}, expected integers in an array, or done`);
  }
  return [...(local as number[])];
}
