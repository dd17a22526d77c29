import type { BenchResult } from "../../bench-result.ts";
import { code, duration, spread, text, times } from "../figure.ts";
import { paragraph, type ReportSection } from "../page.ts";

/** How long the command line takes to begin. */
export function startupSection({ startup }: BenchResult): readonly ReportSection[] {
  if (startup === undefined) return [];
  return [
    {
      id: "startup",
      title: "Start-up of the command line",
      blocks: [
        paragraph(
          text`From the start of the process to its end; ${code("node -e 0")} is what the runtime takes by itself. The ratio is of two processes started one after the other.`,
        ),
        {
          kind: "table",
          caption: "Start-up, median and range",
          header: ["command", "time"],
          rows: [
            { label: "xsp --help", cells: [spread(startup.xspNs, duration)] },
            { label: "node -e 0", cells: [spread(startup.nodeNs, duration)] },
            { label: "ratio", cells: [spread(startup.ratio, times)] },
          ],
        },
      ],
      commands: [startup.command],
    },
  ];
}
