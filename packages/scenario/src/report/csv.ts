import type { EventCounts } from "../event-counts.ts";
import type { Judgement, PublishedComparison } from "../judgement.ts";
import { isLoginStorm, type Scenario } from "../scenario.ts";
import type { AnyResult, SchemeRun, StepsRun } from "../scheme-run.ts";

type Line = readonly [scheme: string, phase: string, measure: string, unit: string, value: string | number];

function field(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function eventLines(scheme: string, phase: string, events: EventCounts): Line[] {
  return Object.entries(events).map(([event, count]) => [scheme, phase, event, "count", count as number]);
}

function stormLines(run: SchemeRun): Line[] {
  const { scheme, fork, exec, logins } = run;
  return [
    [scheme, "fork", "modelled", "ns", fork.modelledNs],
    [scheme, "exec", "modelled", "ns", exec.modelledNs],
    [scheme, "logins", "offered", "count", logins.offered],
    [scheme, "logins", "inTime", "count", logins.inTime],
    [scheme, "logins", "deadline", "ns", logins.deadlineNs],
    [scheme, "logins", "lastModelled", "ns", logins.lastModelledNs],
    [scheme, "logins", "forkWallMedian", "ns", logins.forkWall.medianNs],
    [scheme, "logins", "execWallMedian", "ns", logins.execWall.medianNs],
  ];
}

/** The measured steps, each under its own name where a phase has its name else. */
function stepLines({ scheme, steps: ran }: StepsRun, { steps }: Scenario): Line[] {
  return ran.flatMap(({ operation }, at): Line[] => {
    const as = steps[at]?.as;
    if (as === undefined || operation === undefined) return [];
    return [
      [scheme, as, "wall", "ns", operation.wallNs],
      ...eventLines(scheme, as, operation.events),
      [scheme, as, "modelled", "ns", operation.modelledNs],
    ];
  });
}

function runLines(run: StepsRun, { settings }: AnyResult): Line[] {
  const { scheme, pool, audit, destroy } = run;
  return [
    [scheme, "pool", "hugepages", "count", pool.hugepages],
    [scheme, "pool", "marked", "count", pool.marked],
    ...run.phases.flatMap(({ phase, wallNs, events, differences }): Line[] => [
      [scheme, phase, "wall", "ns", wallNs],
      ...eventLines(scheme, phase, events),
      [scheme, phase, "auditDifferences", "count", differences],
    ]),
    ...(isLoginStorm(settings) ? stormLines(run as SchemeRun) : []),
    ...stepLines(run, settings),
    [scheme, "run", "auditDifferences", "count", audit.differences],
    [scheme, "run", "framesLost", "count", destroy.framesBefore - destroy.framesAfter],
    [scheme, "run", "peakRss", "bytes", run.peakRssBytes],
  ];
}

function judgementLine({ scheme, what, held }: Judgement): Line {
  return [scheme, "expect", what, "held", held ? 1 : 0];
}

function publishedLine({ scheme, what, ratio, source }: PublishedComparison): Line {
  return [scheme, "published", `${what}: ${source}`, "ratio", ratio];
}

/** The result as CSV in long form: one measure a line, which any tool can pivot. */
export function csvReport(result: AnyResult): string {
  const lines: Line[] = [
    ["scheme", "phase", "measure", "unit", "value"],
    ...result.runs.flatMap((run) => runLines(run, result)),
    ...result.expectations.map(judgementLine),
    ...result.published.map(publishedLine),
  ];
  return `${lines.map((line) => line.map(field).join(",")).join("\n")}\n`;
}
