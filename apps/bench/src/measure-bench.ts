import { loadavg } from "node:os";
import { type ChosenSchemes, thisMachine } from "@xsp/cli";
import { resultVersion, type BenchResult, type Measurements, type PartName } from "./bench-result.ts";
import type { BenchSize } from "./bench-size.ts";
import { runChecker } from "./checker-run.ts";
import { runMicro } from "./micro-run.ts";
import { profileRatios } from "./profile-ratio.ts";
import { runRatios } from "./run-ratio.ts";
import { runScaling } from "./scaling-run.ts";
import { runScenarioAt } from "./scenario-run.ts";
import { runStartup } from "./startup-run.ts";
import { targetsOf } from "./target.ts";
import { runThreads } from "./thread-run.ts";

/** What to measure. */
export interface MeasureOptions {
  readonly size: BenchSize;
  readonly parts: readonly PartName[];
  /** Schemes of others, beside XSP's own. */
  readonly others: ChosenSchemes;
  /** What the user typed. */
  readonly command: string;
  readonly tell: (what: string) => void;
}

/** Runs the parts one after another and puts what they found together. */
export async function measureBench({ size, parts, others, command, tell }: MeasureOptions): Promise<BenchResult> {
  const [loadBefore = 0] = loadavg();
  const wants = (part: PartName): boolean => parts.includes(part);
  // The shortest first: start-up and single operations are the most easily disturbed, and the machine is still cool.
  if (wants("startup")) tell("start-up of the command line");
  const startup = wants("startup") ? runStartup(size) : undefined;
  const micro = wants("micro") ? await runMicro(size, others, tell) : undefined;
  const threads = wants("threads") ? await runThreads(size, tell) : undefined;
  const checker = wants("checker") ? await runChecker(size, tell) : undefined;
  const scaling = wants("scaling") ? await runScaling(size, tell) : undefined;
  const scenario = wants("scenario") ? await runScenarioAt(size, others) : undefined;
  const found: Measurements = {
    ...(scenario && { scenario }),
    ...(micro && { micro }),
    ...(scaling && { scaling }),
    ...(threads && { threads }),
    ...(checker && { checker }),
    ...(startup && { startup }),
  };
  const ratios = scenario && runRatios(scenario);
  return {
    v: resultVersion,
    size: size.name,
    finished: new Date().toISOString(),
    machine: thisMachine(),
    loadBefore,
    command,
    profiles: profileRatios(),
    ...found,
    ...(ratios && { ratios }),
    targets: size.name === "full" ? targetsOf(found) : [],
  };
}
