import type { Machine, ScenarioResult } from "@xsp/scenario";
import type { SizeName } from "./bench-size.ts";
import type { CheckerResult } from "./checker-result.ts";
import type { MicroResults } from "./micro-result.ts";
import type { ProfileRatio } from "./profile-ratio.ts";
import type { RunRatios } from "./run-ratio.ts";
import type { ScalingResult } from "./scaling-result.ts";
import type { StartupResult } from "./startup-run.ts";
import type { Target } from "./target.ts";
import type { ThreadResult } from "./thread-result.ts";

/** The parts that can be run alone. */
export const partNames = ["scenario", "micro", "scaling", "threads", "checker", "startup"] as const;

/** The name of one of them. */
export type PartName = (typeof partNames)[number];

/**
 * Version of the shape of {@link BenchResult} in `report.json`. A reader that knows another one must not guess: raise it
 * with every change that is not an addition.
 */
export const resultVersion = 2;

/** What the parts found, before anything is concluded from it. */
export interface Measurements {
  readonly scenario?: ScenarioResult;
  readonly micro?: MicroResults;
  readonly scaling?: ScalingResult;
  readonly threads?: ThreadResult;
  readonly checker?: CheckerResult;
  readonly startup?: StartupResult;
}

/**
 * Everything that a run of the benchmark found: `report.json`. The other files show parts of it, and no figure that does
 * not stand here.
 */
export interface BenchResult extends Measurements {
  /** Version of this form. */
  readonly v: typeof resultVersion;
  readonly size: SizeName;
  /** When it ended, ISO 8601. */
  readonly finished: string;
  readonly machine: Machine;
  /** Load average of the minute before: how many others the machine was working for. */
  readonly loadBefore: number;
  /** The command that was given. */
  readonly command: string;
  /** What the model says of the ratio, under each cost profile. */
  readonly profiles: readonly ProfileRatio[];
  readonly ratios?: RunRatios;
  /** Of the full size only: they are stated for 64 GiB. */
  readonly targets: readonly Target[];
}
