import type { BenchResult } from "../../bench-result.ts";
import { figureIn, text, times } from "../figure.ts";
import { paragraph, type ReportSection } from "../page.ts";

/** What was to be reached, and what was. */
export function targetSection({ targets }: BenchResult): readonly ReportSection[] {
  if (targets.length === 0) return [];
  return [
    {
      id: "targets",
      title: "Targets",
      blocks: [
        paragraph(
          text`What is to be reached at the full size, beside the medians of this run. A missed one says by how many times.`,
        ),
        {
          kind: "table",
          caption: "Targets and what was found",
          header: ["what", "found", "target", "verdict"],
          rows: targets.map(({ what, sense, limit, found, unit, met, miss }) => ({
            label: what,
            tone: met ? "good" : "bad",
            cells: [
              [figureIn[unit](found)],
              [`${sense} `, figureIn[unit](limit)],
              met ? ["met"] : text`missed, ${times(miss)}`,
            ],
          })),
        },
      ],
      commands: ["pnpm bench"],
    },
  ];
}
