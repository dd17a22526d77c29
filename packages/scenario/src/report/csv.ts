import type { EventCounts } from "../event-counts.ts";
import type { ScenarioResult, SchemeRun } from "../scheme-run.ts";

type Line = readonly [scheme: string, phase: string, measure: string, unit: string, value: string | number];

function field(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function eventLines(scheme: string, phase: string, events: EventCounts): Line[] {
  return Object.entries(events).map(([event, count]) => [scheme, phase, event, "count", count as number]);
}

function runLines(run: SchemeRun): Line[] {
  const { scheme, fork, exec, logins, pool, audit, destroy } = run;
  return [
    [scheme, "pool", "hugepages", "count", pool.hugepages],
    [scheme, "pool", "marked", "count", pool.marked],
    ...run.phases.flatMap(({ phase, wallNs, events, differences }): Line[] => [
      [scheme, phase, "wall", "ns", wallNs],
      ...eventLines(scheme, phase, events),
      [scheme, phase, "auditDifferences", "count", differences],
    ]),
    [scheme, "fork", "modelled", "ns", fork.modelledNs],
    [scheme, "exec", "modelled", "ns", exec.modelledNs],
    [scheme, "logins", "offered", "count", logins.offered],
    [scheme, "logins", "inTime", "count", logins.inTime],
    [scheme, "logins", "deadline", "ns", logins.deadlineNs],
    [scheme, "logins", "lastModelled", "ns", logins.lastModelledNs],
    [scheme, "logins", "forkWallMedian", "ns", logins.forkWall.medianNs],
    [scheme, "logins", "execWallMedian", "ns", logins.execWall.medianNs],
    [scheme, "run", "auditDifferences", "count", audit.differences],
    [scheme, "run", "framesLost", "count", destroy.framesBefore - destroy.framesAfter],
    [scheme, "run", "peakRss", "bytes", run.peakRssBytes],
  ];
}

/** The result as CSV in long form: one measure a line, which any tool can pivot. */
export function csvReport({ runs }: ScenarioResult): string {
  const lines: Line[] = [["scheme", "phase", "measure", "unit", "value"], ...runs.flatMap(runLines)];
  return `${lines.map((line) => line.map(field).join(",")).join("\n")}\n`;
}
