import type { Samples } from "./samples.ts";

/** What a task took, per operation. */
export interface MicroResult {
  readonly task: string;
  /** What one operation is. */
  readonly unit: string;
  /** Operations in one call of the task. */
  readonly operations: number;
  /** Calls in one sample: cheap tasks are called often enough for the clock. */
  readonly calls: number;
  /** Wall time per operation, nanoseconds. */
  readonly ns: Samples;
  /**
   * That time over the time of the anchor in the same process and the same round: how many times what counting 512
   * frames up and down in bare arrays takes. A machine that is slow for a moment is slow for both.
   */
  readonly overBare: Samples;
}

/** The anchor's name among the tasks of each scheme. */
export const anchorTask = "bare increments and decrements";

/** The micro-benchmarks of each scheme. */
export type MicroResults = Readonly<Record<string, readonly MicroResult[]>>;

/** What a process is told that runs the tasks of one scheme. */
export interface MicroOrder {
  readonly scheme: string;
  readonly superpages: number;
  readonly rounds: number;
  /** Least duration of one sample, in milliseconds. */
  readonly sampleMs: number;
  /** Modules of schemes that are not XSP's own, to be loaded first. */
  readonly modules: readonly string[];
}
