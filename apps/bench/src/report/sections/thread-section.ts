import type { BenchResult } from "../../bench-result.ts";
import { count, rate, spread, text, times } from "../figure.ts";
import { paragraph, type ReportSection } from "../page.ts";

/** Several threads on one host; nothing when none were timed. */
export function threadSection({ threads }: BenchResult): readonly ReportSection[] {
  if (threads === undefined) return [];
  return [
    {
      id: "threads",
      title: "Several threads on one host",
      blocks: [
        paragraph(
          text`Virtual CPUs on threads of their own, over one shared memory: on superpages of their own, on the same ones, and all on a single one, whose counter every operation of every thread has to change.`,
        ),
        {
          kind: "table",
          caption: "Operations of all threads together, and against one thread",
          header: ["scheme", "on", "threads", "operations a second", "against one thread"],
          rows: threads.points.map((point) => ({
            label: point.scheme,
            cells: [
              [point.sharing],
              [count(point.threads)],
              spread(point.operationsPerSecond, rate),
              spread(point.speedUp, times),
            ],
          })),
        },
      ],
      commands: [threads.command],
    },
  ];
}
