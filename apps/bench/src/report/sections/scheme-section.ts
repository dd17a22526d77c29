import type { EventName, ScenarioResult, SchemeRun } from "@xsp/scenario";
import type { BenchResult } from "../../bench-result.ts";
import { benchSizes } from "../../bench-size.ts";
import type { RunRatios } from "../../run-ratio.ts";
import { runCommand } from "../../scenario-run.ts";
import { samplesOf } from "../../samples.ts";
import { barChart } from "../charts/bar-chart.ts";
import { count, duration, name, size, spread, spreadOfRatio, text, times, type Text } from "../figure.ts";
import { paragraph, type ReportChart, type ReportSection, type ReportTable } from "../page.ts";

const zero = (value: number): Text => (value === 0 ? ["none"] : [count(value)]);

function forkTable(runs: readonly SchemeRun[]): ReportTable {
  return {
    kind: "table",
    caption: "One fork, and the exec that gives everything back",
    header: [
      "scheme",
      "general references on frames",
      "type references on frames",
      "superpages counted up",
      "fork, modelled",
      "fork here",
      "exec, modelled",
      "exec here",
    ],
    rows: runs.map(({ scheme, fork, exec, logins }) => ({
      label: scheme,
      cells: [
        zero(fork.events.frameGets),
        zero(fork.events.typeGets),
        zero(fork.events.superpageGets),
        [duration(fork.modelledNs)],
        spread(samplesOf(logins.forkWall.samplesNs), duration),
        [duration(exec.modelledNs)],
        spread(samplesOf(logins.execWall.samplesNs), duration),
      ],
    })),
  };
}

function runTable(runs: readonly SchemeRun[]): ReportTable {
  return {
    kind: "table",
    caption: "The run around it",
    header: [
      "scheme",
      "hugepages",
      "of them marked",
      "boot here (one sample)",
      "peak memory",
      "accounting state per frame",
      "audits",
      "differences they found",
      "frames lost",
    ],
    rows: runs.map(({ scheme, pool, boot, peakRssBytes, bytesPerFrame, audit, destroy }) => ({
      label: scheme,
      cells: [
        [count(pool.hugepages)],
        zero(pool.marked),
        [duration(boot.wallNs)],
        [size(peakRssBytes)],
        [size(bytesPerFrame)],
        [count(audit.audits)],
        zero(audit.differences),
        zero(destroy.framesBefore - destroy.framesAfter),
      ],
    })),
  };
}

function eventTable(operation: "fork" | "exec", runs: readonly SchemeRun[]): ReportTable {
  const events = Object.keys(runs[0]?.[operation].events ?? {}) as EventName[];
  return {
    kind: "table",
    caption: `Every event of the first ${operation}`,
    header: ["event", ...runs.map(({ scheme }) => scheme)],
    folded: true,
    rows: events.map((event) => ({
      label: event,
      cells: runs.map((run) => [count(run[operation].events[event])]),
    })),
  };
}

function ratioTable({ byScheme }: RunRatios): ReportTable {
  return {
    kind: "table",
    caption: "How many times dearer counting frame by frame is: per-frame / scheme",
    header: ["scheme", "by counted operations", "by modelled time", "fork here", "exec here"],
    rows: byScheme.map(({ scheme, countingOperations: counted, modelled, forkWall, execWall }) => ({
      label: scheme,
      cells: [[times(counted)], [times(modelled)], spreadOfRatio(forkWall), spreadOfRatio(execWall)],
    })),
  };
}

function forkChart({ runs, profile }: ScenarioResult): ReportChart {
  return {
    kind: "chart",
    title: "One fork, by scheme; logarithmic",
    alt:
      "Bars of the modelled and the measured time of a fork under each scheme; the table below has the same figures. " +
      "Under per-frame it is some hundred times longer than under each of the others.",
    draw: (width) =>
      barChart({
        width,
        show: duration,
        scale: "logarithmic",
        legend: [
          ["a", `modelled, ${profile}`],
          ["b", "wall time here, median and range"],
        ],
        groups: runs.map(({ scheme, fork, logins }) => ({
          label: scheme,
          bars: [
            { tone: "a", value: fork.modelledNs },
            {
              tone: "b",
              value: logins.forkWall.medianNs,
              range: [logins.forkWall.minNs, logins.forkWall.maxNs],
            },
          ],
        })),
      }),
  };
}

/** The schemes side by side. */
export function schemeSection({ scenario, ratios, size: sizeName }: BenchResult): readonly ReportSection[] {
  if (scenario === undefined) return [];
  const { runs, settings, profile } = scenario;
  const [first] = runs;
  const lead = text`${size(settings.process.regionBytes)} of shared memory in ${count(settings.pool.hugepages)} hugepages, mapped by a process that forks. Counts are exact and the same on every machine; modelled time is counts times the prices of ${name(profile)}; wall time is that of this program here, over ${count(settings.workload.logins)} forks: median and range.`;
  const sense = text`Counting frame by frame, a fork takes ${count(first?.fork.events.frameGets ?? 0)} general and ${count(first?.fork.events.typeGets ?? 0)} type references; every scheme with marks counts each hugepage once.`;
  const blocks = [
    paragraph(lead),
    ...(first?.scheme === "per-frame" ? [paragraph(sense)] : []),
    forkChart(scenario),
    forkTable(runs),
    ...(ratios === undefined ? [] : [ratioTable(ratios)]),
    runTable(runs),
    eventTable("fork", runs),
    eventTable("exec", runs),
  ];
  return [
    {
      id: "schemes",
      title: "The schemes side by side",
      blocks,
      commands: [runCommand(benchSizes[sizeName].scenario)],
    },
  ];
}
