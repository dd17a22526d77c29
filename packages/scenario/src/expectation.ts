import type { SchemeName } from "@xsp/hypervisor";

/** The ways to bound a measure. */
export const boundNames = ["is", "atLeast", "atMost"] as const;

/** The name of a bound. */
export type BoundName = (typeof boundNames)[number];

/** What a scenario file expects of a measure. A run that does otherwise misses it. */
export interface Expectation {
  /** A formula over the measures of a run: see `formula.ts`. */
  readonly what: string;
  /** Formulas as well; at least one. */
  readonly bounds: Readonly<Partial<Record<BoundName, string>>>;
  /** The schemes for which it stands; absent: all. */
  readonly under?: readonly SchemeName[];
  /** Where it stands in the file, from 1; absent when it was set from outside. */
  readonly line?: number;
}

/** A figure that somebody measured on real machines. The ratio to it is shown, and nothing is expected of it. */
export interface PublishedFigure {
  /** A formula over the measures of a run, in the unit of the figure. */
  readonly what: string;
  /** A formula too; most often a number or a duration. */
  readonly figure: string;
  readonly source: string;
  readonly under?: readonly SchemeName[];
}
