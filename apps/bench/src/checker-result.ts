import type { Samples } from "./samples.ts";

/** How fast the checker explores the shipped code. */
export interface CheckerResult {
  readonly model: string;
  readonly scheme: string;
  /** Which interleavings that show nothing new are left out: only equivalent choices, so that all states are visited. */
  readonly reduction: "choices";
  readonly verdict: string;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly bytesPerState: number;
  /** One sample for each process, wall time. */
  readonly seconds: Samples;
  readonly transitionsPerSecond: Samples;
  readonly command: string;
}

/** What the process of one check is told. */
export interface CheckerOrder {
  readonly model: string;
  readonly scheme: string;
}

/** What it answers. */
export interface CheckerRun {
  readonly verdict: string;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly bytes: number;
  readonly seconds: number;
}
