import { formatCount, formatDuration, formatSize } from "../quantity.ts";
import type { EventName } from "../event-counts.ts";
import { isLoginStorm } from "../scenario.ts";
import type { AnyResult, OperationRun, ScenarioResult, StepsRun } from "../scheme-run.ts";

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

/** A row of one cell for each run. */
function row<Run>(runs: readonly Run[], label: string, cell: (run: Run) => string): ComparisonRow {
  return { label, cells: runs.map(cell) };
}

/** What an operation was counted at, what that costs, and how long it took here. A run that ended before it shows -. */
function operationRows<Run>(runs: readonly Run[], of: (run: Run) => OperationRun | undefined): ComparisonRow[] {
  const told =
    (tell: (operation: OperationRun) => string) =>
    (run: Run): string => {
      const operation = of(run);
      return operation === undefined ? "-" : tell(operation);
    };
  return [
    ...shownEvents
      // An event that no scheme had says nothing about a difference between them.
      .filter(([event]) => runs.some((run) => (of(run)?.events[event] ?? 0) > 0))
      .map(([event, label]) =>
        row(
          runs,
          label,
          told(({ events }) => formatCount(events[event])),
        ),
      ),
    row(
      runs,
      "modelled time",
      told(({ modelledNs }) => formatDuration(modelledNs)),
    ),
    row(
      runs,
      "wall time here",
      told(({ wallNs }) => formatDuration(wallNs)),
    ),
  ];
}

function stormSections({ runs }: ScenarioResult): ComparisonSection[] {
  return [
    { title: "first fork", rows: operationRows(runs, ({ fork }) => fork) },
    { title: "the exec after it", rows: operationRows(runs, ({ exec }) => exec) },
    {
      title: "login storm",
      rows: [
        row(runs, "logins in time", ({ logins }) => `${logins.inTime} of ${logins.offered}`),
        row(runs, "last one answered (modelled)", ({ logins }) => formatDuration(logins.lastModelledNs)),
        row(runs, "median fork, wall here", ({ logins }) => formatDuration(logins.forkWall.medianNs)),
        row(runs, "median exec, wall here", ({ logins }) => formatDuration(logins.execWall.medianNs)),
      ],
    },
  ];
}

/** A section for each step that was measured. */
function stepSections({ settings, runs }: AnyResult): ComparisonSection[] {
  return settings.steps.flatMap(({ as, commands }, at) => {
    if (as === undefined) return [];
    const [first = "", ...more] = commands;
    const title = `${as}: ${first}${more.length === 0 ? "" : ` and ${more.length} more`}`;
    return [{ title, rows: operationRows<StepsRun>(runs, ({ steps }) => steps[at]?.operation) }];
  });
}

/** The table that every report shows: what was counted, what it would cost, how long this program took. */
export function comparisonTable(result: AnyResult): ComparisonTable {
  const runs: readonly StepsRun[] = result.runs;
  const { settings } = result;
  const poolRows = [
    row(runs, "hugepages in the pool", ({ pool }) => formatCount(pool.hugepages)),
    row(runs, "of them marked", ({ pool }) => formatCount(pool.marked)),
  ];
  return {
    columns: runs.map(({ scheme }) => scheme),
    sections: [
      ...(result.v === 1 ? stormSections(result) : []),
      ...stepSections(result),
      {
        title: "the run",
        rows: [
          ...(isLoginStorm(settings) || settings.pool.hugepages > 0 ? poolRows : []),
          row(runs, "audit differences", ({ audit }) => `${formatCount(audit.differences)} in ${audit.audits} audits`),
          row(runs, "frames lost by destroy", ({ destroy }) => formatCount(destroy.framesBefore - destroy.framesAfter)),
          row(runs, "peak resident memory", ({ peakRssBytes }) =>
            peakRssBytes === 0 ? "-" : formatSize(peakRssBytes),
          ),
        ],
      },
    ],
  };
}
