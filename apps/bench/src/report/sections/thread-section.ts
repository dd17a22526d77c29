import type { BenchResult } from "../../bench-result.ts";
import type { StormOverlap } from "../../storm-result.ts";
import type { ThreadPoint } from "../../thread-result.ts";
import { barChart } from "../charts/bar-chart.ts";
import type { Tone } from "../charts/svg.ts";
import { count, duration, name, spread, text, times } from "../figure.ts";
import { paragraph, type ReportChart, type ReportSection } from "../page.ts";

const words: Readonly<Record<StormOverlap, string>> = {
  disjoint: "each its own superpages",
  same: "all the same superpages",
  one: "all one single superpage",
  entry: "the same, an entry at a time",
  word: "the same, scheme functions alone",
};

const tones: Readonly<Record<StormOverlap, Tone>> = { disjoint: "a", same: "b", one: "c", entry: "bad", word: "good" };

function speedUpChart(points: readonly ThreadPoint[]): ReportChart {
  const schemes = [...new Set(points.map(({ scheme }) => scheme))];
  return {
    kind: "chart",
    title: "Two threads against one, median and range",
    alt: "Bars of the speed-up under each scheme, for each kind of sharing; the table below has the same figures.",
    draw: (width) =>
      barChart({
        width,
        show: times,
        scale: "linear",
        legend: (Object.keys(words) as StormOverlap[]).map((overlap) => [tones[overlap], words[overlap]] as const),
        groups: schemes.map((scheme) => ({
          label: scheme,
          bars: points
            .filter((point) => point.scheme === scheme)
            .map(({ overlap, speedUp }) => ({
              tone: tones[overlap],
              value: speedUp.median,
              range: [speedUp.min, speedUp.max] as const,
            })),
        })),
      }),
  };
}

/** Several threads on one host. */
export function threadSection({ threads }: BenchResult): readonly ReportSection[] {
  if (threads === undefined) return [];
  const { points, command } = threads;
  return [
    {
      id: "threads",
      title: "Several threads on one host",
      blocks: [
        paragraph(
          text`Spawners fork and exit on threads of their own, over one shared memory: each pins and unpins the tables of a child. One thread does the same work for comparison, over the same kind of memory. Counts are identical, which a test asserts. A single superpage that everyone maps is the hard case: every operation of every thread changes the same word.`,
        ),
        speedUpChart(points),
        {
          kind: "table",
          caption: "One fork and exit, or one map and unmap: time that passes per hugepage and spawner",
          header: [
            "scheme",
            "the spawners map",
            "entries of a child",
            "threads",
            "one thread",
            "side by side",
            "speed-up",
          ],
          rows: points.map((point) => ({
            label: point.scheme,
            cells: [
              [name(words[point.overlap])],
              [count(point.hugepages)],
              [count(point.threads)],
              spread(point.oneThreadNs, duration),
              spread(point.threadsNs, duration),
              spread(point.speedUp, times),
            ],
          })),
        },
      ],
      commands: [command],
    },
  ];
}
