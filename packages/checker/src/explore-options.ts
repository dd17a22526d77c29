import type { IncompleteReason, Progress } from "./check-result.ts";
import { builtInProperties, type CompiledModel } from "./compiled-model.ts";
import type { ExpansionPool } from "./expansion-pool.ts";

const DEFAULT_BYTES = 2 ** 31;
/** Default of {@link ExploreOptions.decisionLimit}. */
export const DECISION_LIMIT = 2_000_000;

/** Limits. Each is looked at between batches of at most 65,536 states, and ends in `incomplete`, never in `holds`. */
export interface Budget {
  /** States found. */
  readonly states?: number;
  /**
   * Memory of states, table and trees. No batch is begun that could exceed it, going by two successors a state.
   * Default 2 GiB: an endless retry loop within one operation would otherwise grow its tree until the process dies.
   */
  readonly bytes?: number;
  /** By {@link ExploreOptions.clock}. */
  readonly seconds?: number;
  /** States further away than this are not expanded. */
  readonly depth?: number;
}

/** Which interleavings are left out; see {@link ExploreOptions.reduction}. */
export type Reduction = "none" | "choices" | "independent";

/** How to explore. */
export interface ExploreOptions {
  /** Names of the properties to decide, `deadlock` and `error` among them. Default: all. */
  readonly properties?: readonly string[];
  /** Stop at the first violation (default), or go on until each property has its verdict. */
  readonly until?: "first-violation" | "every-property";
  /**
   * Which interleavings are left out because they show nothing new. See `docs/checker.md`.
   *
   * - `none`: none.
   * - `choices` (default): a choice that nobody can see is made before others move. Counterexamples stay shortest.
   * - `independent`: also every access that nobody can see or disturb is made at once. Far fewer states, the same
   *   verdicts; a counterexample need not be the shortest.
   */
  readonly reduction?: Reduction;
  readonly budget?: Budget;
  /** Milliseconds from any fixed moment. */
  readonly clock?: () => number;
  /** Looked at between batches; an `AbortSignal` will do. */
  readonly signal?: { readonly aborted: boolean };
  /** Called after each batch. */
  readonly onProgress?: (progress: Progress) => void;
  /**
   * Edges after which a property's decision tree is given up and its predicate is run for every state. Default two
   * million, some 16 MB. Changes speed and memory, never the result.
   */
  readonly decisionLimit?: number;
  /** Several threads; see `@xsp/checker/node`. The result is the same. */
  readonly pool?: ExpansionPool;
}

/** What a result depends on: an exploration resumed from a checkpoint must have the same. */
export interface SettledOptions {
  readonly properties: readonly string[];
  readonly until: "first-violation" | "every-property";
  readonly reduction: Reduction;
}

/** @throws RangeError naming a property that the model does not have, or a budget that cannot be kept. */
export function settleOptions(compiled: CompiledModel, options: ExploreOptions): SettledOptions {
  const all = [...builtInProperties, ...compiled.properties.map(({ name }) => name)];
  const properties = options.properties ?? all;
  for (const name of properties) {
    if (!all.includes(name)) throw new RangeError(`there is no property ${name}, only ${all.join(", ")}`);
  }
  for (const [name, limit] of Object.entries(options.budget ?? {})) {
    if (!(limit >= 0)) throw new RangeError(`the budget of ${name} is ${limit}, expected 0 or more`);
  }
  if (options.budget?.seconds !== undefined && options.clock === undefined) {
    throw new RangeError("a budget of seconds needs a clock");
  }
  const { until = "first-violation", reduction = "choices" } = options;
  return { properties: all.filter((name) => properties.includes(name)), until, reduction };
}

/** The first limit that is reached, if any. */
export function exceeded(
  options: ExploreOptions,
  progress: Progress,
  nextBytes: number,
  milliseconds: number,
): IncompleteReason | undefined {
  const { states, bytes = DEFAULT_BYTES, seconds, depth } = options.budget ?? {};
  if (options.signal?.aborted === true) return "aborted";
  if (states !== undefined && progress.states >= states) return "states";
  if (nextBytes > bytes) return "bytes";
  if (seconds !== undefined && milliseconds >= seconds * 1000) return "seconds";
  if (depth !== undefined && progress.depth > depth) return "depth";
  return undefined;
}
