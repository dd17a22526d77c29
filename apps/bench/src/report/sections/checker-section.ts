import type { BenchResult } from "../../bench-result.ts";
import { count, duration, name, plain, rate, size, spread, text } from "../figure.ts";
import { paragraph, type ReportSection } from "../page.ts";

/** How fast the checker is. */
export function checkerSection({ checker }: BenchResult): readonly ReportSection[] {
  if (checker === undefined) return [];
  const seconds = (value: number): ReturnType<typeof duration> => ({ ...duration(value * 1e9), value });
  return [
    {
      id: "checker",
      title: "The checker",
      blocks: [
        paragraph(
          text`The shipped hypercalls under every interleaving of ${name(checker.model)}, under ${name(checker.scheme)}, on one thread. Every distinct state is visited; the reduction that makes this check shorter in daily use is off.`,
        ),
        {
          kind: "table",
          caption: "One exploration",
          header: ["measure", "found"],
          rows: [
            { label: "verdict", cells: [[checker.verdict]] },
            { label: "states", cells: [[count(checker.states)]] },
            { label: "transitions", cells: [[count(checker.transitions)]] },
            { label: "depth", cells: [[plain(checker.depth)]] },
            { label: "transitions a second", cells: [spread(checker.transitionsPerSecond, rate)] },
            { label: "memory per state", cells: [[size(checker.bytesPerState)]] },
            { label: "time", cells: [spread(checker.seconds, seconds)] },
          ],
        },
      ],
      commands: [checker.command],
    },
  ];
}
