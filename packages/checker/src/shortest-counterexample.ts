import type { Violation } from "./check-result.ts";
import type { ExploreOptions } from "./explore-options.ts";
import { explore } from "./explorer.ts";
import type { Model } from "./model.ts";

/** A violation with as short a schedule as was found. */
export interface ShortestCounterexample {
  readonly violation: Violation;
  /** Whether it is known that there is no shorter one. */
  readonly isShortest: boolean;
}

/**
 * Looks for a shorter way to what a reduced exploration found: explores breadth first, without reducing accesses, all
 * that is nearer.
 *
 * Cost: that of an exploration with `reduction: "choices"` up to the violation's depth.
 *
 * @param violation - one with a schedule.
 * @param options - the budget to spend; when it does not suffice, the violation comes back as it was.
 */
export function shortestCounterexample(
  model: Model,
  violation: Violation,
  options: Omit<ExploreOptions, "properties" | "reduction" | "until"> = {},
): ShortestCounterexample {
  const nearer = { ...options.budget, depth: violation.depth - 1 };
  const { violations, reason } = explore(model, { ...options, budget: nearer, properties: [violation.property] });
  const [shorter] = violations.filter(({ schedule }) => schedule !== undefined);
  if (shorter !== undefined && shorter.depth < violation.depth) return { violation: shorter, isShortest: true };
  return { violation, isShortest: shorter !== undefined || reason === "depth" || reason === undefined };
}
