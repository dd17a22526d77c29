import type { WordsAllocator } from "@xsp/words";

/** What {@link Program.step} returns when the program has nothing left to do. */
export const done: unique symbol = Symbol.for("@xsp/checker: done");

/**
 * What a program remembers between two operations: a vector of integers. Two histories that end in the same vector are
 * one and the same from then on, which is what keeps state spaces small: put in what the program needs, and no more.
 */
export type LocalState = readonly number[];

/** An argument or a result in an announcement. */
export type Announced = number | string;

/** What a running operation may ask of the checker besides its words. */
export interface Context {
  /** The vCPU that runs: the program's place in {@link ModelParts.programs}. */
  readonly vcpu: number;

  /**
   * A choice that the checker makes in every possible way.
   *
   * @param count - how many ways there are, from 1 up.
   * @returns a number from 0 to `count - 1`.
   */
  choose(count: number): number;

  /**
   * Announces which operation is under way, for predicates and counterexamples. It lasts until the step returns.
   *
   * Costs nothing during exploration: it is evaluated once for each distinct point in the program.
   */
  begin(label: string, ...args: readonly Announced[]): void;

  /** Announces something that has happened, shown beside the step after which it happened. Free like `begin`. */
  note(label: string, args?: readonly Announced[], result?: Announced): void;
}

/** What one vCPU does: a loop of operations. */
export interface Program {
  readonly name: string;
  /** The local state before the first operation. */
  readonly start: LocalState;
  /**
   * Performs one operation through words that were allocated from the {@link World}.
   *
   * It must be deterministic in `local` and in what memory and `choose` answer, because it is run again and again over
   * the same answers and abandoned in the middle by a throw. It must keep nothing elsewhere: what the next operation
   * has to know goes into the returned local state. A `catch` in it must let through what it does not know.
   *
   * @returns the local state for the next operation, or {@link done}.
   */
  step(local: LocalState, context: Context): LocalState | typeof done;
}

/** A vCPU as predicates see it. */
export interface VcpuView {
  readonly program: string;
  /** The local state with which the operation under way began. */
  readonly local: LocalState;
  /** Whether the operation, if any, has not yet touched a word. */
  readonly resting: boolean;
  readonly done: boolean;
  /** What `begin` announced, such as `map(0, 3)`. Readable by properties that declare `seesOperations`. */
  readonly operation: string | undefined;
}

/** One state as predicates see it. Memory is read through the model's own words: `load` answers from this state. */
export interface StateView {
  /** Number of vCPUs. */
  readonly vcpus: number;
  vcpu(index: number): VcpuView;
  /**
   * Looks at some bits only: the checker answers loads made by `look` with all other bits 0, elsewhere they may be there.
   * A store that changes no bit that any `always` or `sometimes` property looks at needs less interleaving, so this is
   * how properties make a model smaller.
   */
  bits<T>(mask: number, look: () => T): T;
}

/**
 * What must be so.
 *
 * - `always`: in every reachable state.
 * - `quiescent`: in every reachable state in which all vCPUs are at rest, that is, between two operations.
 * - `finally`: in every reachable state in which all programs are done.
 * - `sometimes`: in at least one reachable state. Else the run fails as vacuous: what was to be examined never happened.
 */
export interface Property {
  readonly kind: "always" | "quiescent" | "finally" | "sometimes";
  /** Unique in the model. `deadlock` and `error` are taken. */
  readonly name: string;
  /**
   * Whether the state is as it should be. Deterministic, loads words only, and is run once for each distinct
   * combination of what it reads. Reading less makes it cheaper.
   */
  holds(state: StateView): boolean;
  /** Says in words what is wrong with a state in which {@link holds} is false. */
  explain?(state: StateView): string;
  /** Set it to read {@link VcpuView.operation}: then reductions keep operations visible. */
  readonly seesOperations?: boolean;
}

/** Where a model gets its memory. */
export interface World {
  /**
   * Allocates zeroed words that the checker watches. What `setup` stores into them is the initial memory.
   * A word costs nothing per state until some program changes it; from then on, a few bits.
   */
  readonly allocate: WordsAllocator;
}

/** What a model consists of. */
export interface ModelParts {
  /** One for each vCPU, at least one and at most 32. */
  readonly programs: readonly Program[];
  readonly properties: readonly Property[];
}

/** A system to explore. Its `setup` is called anew by every exploration and replay and must build the same each time. */
export interface Model {
  readonly name: string;
  /** What distinguishes this model from others of that name. Part of tokens and checkpoints. */
  readonly options?: ModelOptions;
  setup(world: World): ModelParts;
}

/** Named choices that a model was built with, such as its scheme and bounds. */
export type ModelOptions = Readonly<Record<string, string | number | boolean>>;

/** One step of a schedule: who moves, and what `choose` answers if the step is a choice, else 0. */
export interface Move {
  readonly vcpu: number;
  readonly choice: number;
}

/** Who moves when: together with the model it determines everything. */
export type Schedule = readonly Move[];
