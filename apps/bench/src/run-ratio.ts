import { breakEvenFrameCost, frameCost, costProfiles, ratioOfRuns, type ScenarioResult } from "@xsp/scenario";
import { samplesOf } from "./samples.ts";

/** A ratio and how far it may be off. */
export interface RatioWithSpread {
  readonly ratio: number;
  /** The lower quartile above over the upper quartile below, and the other way round. */
  readonly low: number;
  readonly high: number;
}

/** per-frame against one other scheme. */
interface RunRatio {
  readonly scheme: string;
  /** Counted references and superpage operations of the first fork. */
  readonly countingOperations: number;
  /** Modelled time of the first fork. */
  readonly modelled: number;
  /** Wall time of all forks, median over median. */
  readonly forkWall: RatioWithSpread;
  readonly execWall: RatioWithSpread;
}

/** How many times dearer counting frame by frame is, from the runs. */
export interface RunRatios {
  readonly byScheme: readonly RunRatio[];
  /** How dear counting a frame may be for per-frame to serve every login in time, by counted events. */
  readonly breakEvenFrameNs?: number;
  /** How dear it is under the run's profile. */
  readonly frameNs: number;
}

/** Median over median, and the spread that the quartiles of both leave. */
export function spreadRatio(above: readonly number[], below: readonly number[]): RatioWithSpread {
  const [over, under] = [samplesOf(above), samplesOf(below)];
  return {
    ratio: over.median / under.median,
    low: over.lowerQuartile / under.upperQuartile,
    high: over.upperQuartile / under.lowerQuartile,
  };
}

/**
 * Compares per-frame with every other scheme.
 *
 * @returns undefined when per-frame was not run.
 */
export function runRatios({ runs, profile }: ScenarioResult): RunRatios | undefined {
  const perFrame = runs.find(({ scheme }) => scheme === "per-frame");
  const prices = Object.values(costProfiles).find(({ name }) => name === profile);
  if (perFrame === undefined || prices === undefined) return undefined;
  const breakEvenFrameNs = breakEvenFrameCost(perFrame);
  return {
    byScheme: runs
      .filter((run) => run !== perFrame)
      .map((run) => {
        const { scheme, countingOperations, modelled } = ratioOfRuns(perFrame, run);
        return {
          scheme,
          countingOperations,
          modelled,
          forkWall: spreadRatio(perFrame.logins.forkWall.samplesNs, run.logins.forkWall.samplesNs),
          execWall: spreadRatio(perFrame.logins.execWall.samplesNs, run.logins.execWall.samplesNs),
        };
      }),
    ...(breakEvenFrameNs === undefined ? {} : { breakEvenFrameNs }),
    frameNs: frameCost(prices),
  };
}
