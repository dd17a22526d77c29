import { formatCount, formatDuration, formatSize } from "../quantity.ts";
import type { EventName } from "../event-counts.ts";
import type { OperationRun, ScenarioResult, SchemeRun } from "../scheme-run.ts";

/** One measure, with its value for each scheme. */
export interface ComparisonRow {
  readonly label: string;
  /** One for each column. */
  readonly cells: readonly string[];
}

/** Rows that belong together. */
export interface ComparisonSection {
  readonly title: string;
  readonly rows: readonly ComparisonRow[];
}

/** Schemes side by side. */
export interface ComparisonTable {
  readonly columns: readonly string[];
  readonly sections: readonly ComparisonSection[];
}

const shownEvents: readonly (readonly [EventName, string])[] = [
  ["hypercalls", "hypercalls"],
  ["pteWrites", "page-table entries written"],
  ["frameGets", "frames: general refs taken"],
  ["framePuts", "frames: general refs given back"],
  ["typeGets", "frames: type refs taken"],
  ["typePuts", "frames: type refs given back"],
  ["superpageGets", "superpages: counted up"],
  ["superpagePuts", "superpages: counted down"],
  ["tlbFlushes", "TLB flushes"],
];

/** The table that every report shows: what was counted, what it would cost, how long this program took. */
export function comparisonTable({ runs }: ScenarioResult): ComparisonTable {
  const row = (label: string, cell: (run: SchemeRun) => string): ComparisonRow => ({ label, cells: runs.map(cell) });
  const operation = (of: (run: SchemeRun) => OperationRun): ComparisonRow[] => [
    ...shownEvents
      // An event that no scheme had says nothing about a difference between them.
      .filter(([event]) => runs.some((run) => of(run).events[event] > 0))
      .map(([event, label]) => row(label, (run) => formatCount(of(run).events[event]))),
    row("modelled time", (run) => formatDuration(of(run).modelledNs)),
    row("wall time here", (run) => formatDuration(of(run).wallNs)),
  ];
  return {
    columns: runs.map(({ scheme }) => scheme),
    sections: [
      { title: "first fork", rows: operation(({ fork }) => fork) },
      { title: "the exec after it", rows: operation(({ exec }) => exec) },
      {
        title: "login storm",
        rows: [
          row("logins in time", ({ logins }) => `${logins.inTime} of ${logins.offered}`),
          row("last one answered (modelled)", ({ logins }) => formatDuration(logins.lastModelledNs)),
          row("median fork, wall here", ({ logins }) => formatDuration(logins.forkWall.medianNs)),
          row("median exec, wall here", ({ logins }) => formatDuration(logins.execWall.medianNs)),
        ],
      },
      {
        title: "the run",
        rows: [
          row("hugepages in the pool", ({ pool }) => formatCount(pool.hugepages)),
          row("of them marked", ({ pool }) => formatCount(pool.marked)),
          row("audit differences", ({ audit }) => `${formatCount(audit.differences)} in ${audit.audits} audits`),
          row("frames lost by destroy", ({ destroy }) => formatCount(destroy.framesBefore - destroy.framesAfter)),
          row("peak resident memory", ({ peakRssBytes }) => (peakRssBytes === 0 ? "-" : formatSize(peakRssBytes))),
        ],
      },
    ],
  };
}
