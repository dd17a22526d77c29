import type { Progress, Violation } from "./check-result.ts";
import type { ExploreOptions } from "./explore-options.ts";
import { Exploration } from "./explorer.ts";
import type { Model } from "./model.ts";

/** A violation with as short a schedule as was found. */
export interface ShortestCounterexample {
  readonly violation: Violation;
  /** Whether it is known that there is no shorter one. */
  readonly isShortest: boolean;
}

/**
 * Looks for shorter ways to what a reduced exploration found: explores breadth first, without reduction, all that
 * is nearer than the furthest of the violations.
 *
 * Cost: that of an exploration with `reduction: "none"` up to that depth.
 */
export class ShortestSearch {
  private readonly violations: readonly Violation[];
  private readonly exploration: Exploration;

  /**
   * @param violations - those with a schedule are looked at; the others come back as they are.
   * @param options - the budget to spend; where it does not suffice, a violation comes back as it was.
   */
  constructor(
    model: Model,
    violations: readonly Violation[],
    options: Omit<ExploreOptions, "properties" | "reduction" | "until"> = {},
  ) {
    this.violations = violations;
    const open = violations.filter(({ schedule }) => schedule !== undefined);
    this.exploration = new Exploration(model, {
      ...options,
      until: "every-property",
      // Nothing is left out: a choice of somebody else that is made first would count as a step.
      reduction: "none",
      budget: { ...options.budget, depth: Math.max(0, ...open.map(({ depth }) => depth - 1)) },
      properties: open.map(({ property }) => property),
    });
  }

  /** Explores some batches of states. @returns whether it is over. */
  advance(batches = 1): boolean {
    return this.exploration.advance(batches);
  }

  progress(): Progress {
    return this.exploration.progress();
  }

  /** The violations in the order given, each with its shortest schedule as far as that is known. */
  result(): ShortestCounterexample[] {
    const { violations } = this.exploration.result();
    const { depth } = this.exploration.progress();
    return this.violations.map((violation) => {
      const nearest = violations.find(({ property }) => property === violation.property);
      // What is found breadth first has no shorter one; what is as far as before may well be the same.
      if (nearest !== undefined && nearest.depth < violation.depth) return { violation: nearest, isShortest: true };
      // All that is nearer than the states being expanded now was looked at.
      return { violation, isShortest: depth >= violation.depth };
    });
  }
}

/**
 * Looks for shorter ways in one go: see {@link ShortestSearch}.
 *
 * @returns the violations in the order given.
 */
export function shortestCounterexamples(
  ...args: ConstructorParameters<typeof ShortestSearch>
): ShortestCounterexample[] {
  const search = new ShortestSearch(...args);
  while (!search.advance()) {
    // The next batch.
  }
  return search.result();
}
