import type { BenchResult } from "../bench-result.ts";
import type { Change } from "../comparison.ts";
import { figureIn, name, spreadOfRatio, text } from "./figure.ts";
import { paragraph, type ReportPage } from "./page.ts";

/** A comparison for the terminal. */
export function comparisonPage(before: BenchResult, after: BenchResult, changes: readonly Change[]): ReportPage {
  return {
    title: `Compared with ${before.finished}`,
    lead: [
      text`After over before: the ratio of the medians, and how far the quartiles of both let it be off. Where one side is a single sample, a tenth is taken for its spread.`,
    ],
    sections: [
      {
        id: "comparison",
        title: `${after.size} size, ${after.machine.cpu}, ${after.machine.runtime}`,
        blocks: [
          {
            kind: "table",
            caption: "Changes",
            header: ["what", "before", "after", "after / before", ""],
            rows: changes.map((change) => ({
              label: change.what,
              cells: [
                [figureIn[change.unit](change.before)],
                [figureIn[change.unit](change.after)],
                spreadOfRatio(change),
                [change.verdict],
              ],
            })),
          },
          ...(changes.length === 0
            ? [paragraph(text`The two have no figure in common: ${name("no part")} was run in both.`)]
            : []),
        ],
        commands: [],
      },
    ],
  };
}
