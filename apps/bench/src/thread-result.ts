import type { Samples } from "./samples.ts";

/** What the threads share while they are timed. */
type Sharing = "disjoint superpages" | "the same superpages" | "one superpage";

/** One number of threads at one kind of work. */
interface ThreadPoint {
  readonly scheme: string;
  readonly sharing: Sharing;
  readonly threads: number;
  /** Operations of all threads together, one sample for each round. */
  readonly operationsPerSecond: Samples;
  /** Against one thread in the same round. */
  readonly speedUp: Samples;
}

/** How work on one host grows with the threads that do it. */
export interface ThreadResult {
  readonly points: readonly ThreadPoint[];
  readonly command: string;
}
