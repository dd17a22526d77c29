import {
  breakEvenFrameCost,
  costProfiles,
  formatCount,
  formatDuration,
  frameCost,
  ratioOfRuns,
  ratioOverWork,
  shorten,
  workForRatio,
  type RatioAtWork,
  type RatioByRun,
  type ScenarioResult,
} from "@xsp/scenario";

/** The ratio per-frame / marked, in every way it is told. */
export interface RatioReport {
  /** From the runs: by counted operations, by modelled time, by wall time. */
  readonly byRun: readonly RatioByRun[];
  /** From the prices alone, as a function of the work that both designs do. */
  readonly overWork: readonly RatioAtWork[];
  /** The common work per hugepage at which the ratio is 50. */
  readonly workAt50Ns: number;
  /** The same, in frames' worth of counting. */
  readonly workAt50Frames: number;
  /** How dear counting a frame may be for per-frame to serve every login in time, by counted events. */
  readonly breakEvenFrameNs: number | undefined;
  /** How dear it is under the profile. */
  readonly frameNs: number;
}

/**
 * Compares per-frame with every scheme that has marks.
 *
 * @returns undefined when per-frame was not run.
 */
export function ratioReport({ runs, settings }: ScenarioResult): RatioReport | undefined {
  const perFrame = runs.find(({ scheme }) => scheme === "per-frame");
  if (perFrame === undefined) return undefined;
  const profile = costProfiles[settings.profile];
  const workAt50Ns = workForRatio(profile, 50);
  return {
    byRun: runs.filter((run) => run !== perFrame).map((run) => ratioOfRuns(perFrame, run)),
    overWork: ratioOverWork(profile),
    workAt50Ns,
    workAt50Frames: workAt50Ns / frameCost(profile),
    breakEvenFrameNs: breakEvenFrameCost(perFrame),
    frameNs: frameCost(profile),
  };
}

/** A table as rows of cells, the first row being its header. */
export type Cells = readonly (readonly string[])[];

/** R from the runs. */
export function ratioByRunCells({ byRun }: RatioReport): Cells {
  const times = (value: number): string => `${shorten(value)}x`;
  return [
    ["R = per-frame / scheme, first fork", ...byRun.map(({ scheme }) => scheme)],
    ["by counted operations", ...byRun.map((ratio) => times(ratio.countingOperations))],
    ["by modelled time", ...byRun.map((ratio) => times(ratio.modelled))],
    ["by wall time here", ...byRun.map((ratio) => times(ratio.firstForkWall))],
    ["by wall time here, median of all forks", ...byRun.map((ratio) => times(ratio.medianForkWall))],
  ];
}

/** R over F. */
export function ratioOverWorkCells({ overWork }: RatioReport, profile: string): Cells {
  return [
    [`R = (F + 512·X) / (F + S), ${profile}`, "F per hugepage", "R"],
    ...overWork.map(({ name, ns, ratio }) => [name, formatDuration(ns), `${shorten(ratio)}x`]),
  ];
}

/** What the tables come to, in words. */
export function ratioSentences(report: RatioReport, { settings }: ScenarioResult): readonly string[] {
  const { workAt50Ns, workAt50Frames, breakEvenFrameNs, frameNs } = report;
  const sentences = [
    `R is 50 where both designs do ${formatDuration(workAt50Ns)} of common work per hugepage, ` +
      `which is ${shorten(workAt50Frames)} frames' worth of counting.`,
  ];
  if (breakEvenFrameNs !== undefined) {
    sentences.push(
      `Counting a frame is priced at ${shorten(frameNs)} ns. From the counted events alone: per-frame could answer all ` +
        `${formatCount(settings.workload.logins)} logins in ${formatDuration(settings.deadlineNs)} only if it took less ` +
        `than ${shorten(breakEvenFrameNs)} ns and nothing else took any time.`,
    );
  }
  return sentences;
}
