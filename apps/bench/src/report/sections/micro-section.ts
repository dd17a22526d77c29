import type { BenchResult } from "../../bench-result.ts";
import { anchorTask, type MicroResult, type MicroResults } from "../../micro-result.ts";
import { duration, spread, text, times, type Text } from "../figure.ts";
import { paragraph, type ReportSection, type ReportTable } from "../page.ts";

function overview(caption: string, micro: MicroResults, show: (found: MicroResult) => Text): ReportTable {
  const schemes = Object.keys(micro);
  const tasks = new Set(schemes.flatMap((scheme) => (micro[scheme] ?? []).map(({ task }) => task)));
  const cell = (found: MicroResult | undefined): Text => (found === undefined ? ["–"] : show(found));
  return {
    kind: "table",
    caption,
    header: ["operation", ...schemes],
    rows: [...tasks].map((label) => ({
      label,
      cells: schemes.map((scheme) => cell(micro[scheme]?.find(({ task }) => task === label))),
    })),
  };
}

function detail(scheme: string, results: readonly MicroResult[]): ReportTable {
  return {
    kind: "table",
    caption: `${scheme}: median, range, and against the bare arrays in the same round`,
    header: ["operation", "per", "time", "over bare increments of a hugepage’s frames"],
    folded: true,
    rows: results.map(({ task, unit, ns, overBare }) => ({
      label: task,
      cells: [[{ kind: "name", text: unit }], spread(ns, duration), spread(overBare, times)],
    })),
  };
}

/** Single operations. */
export function microSection({ micro }: BenchResult): readonly ReportSection[] {
  if (micro === undefined) return [];
  const lead = text`Single operations through the shipped code, each scheme in processes of its own, its tasks timed in turns with the anchor: ${anchorTask} of two arrays with a word for each frame, which is what the language itself allows.`;
  return [
    {
      id: "operations",
      title: "Single operations",
      blocks: [
        paragraph(lead),
        overview("One operation, median", micro, ({ ns }) => [duration(ns.median)]),
        overview("The same in times of the anchor, median of the ratios in each round", micro, ({ overBare }) => [
          times(overBare.median),
        ]),
        ...Object.entries(micro).map(([scheme, results]) => detail(scheme, results)),
      ],
      commands: ["pnpm bench --only micro"],
    },
  ];
}
