import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { markdownReport, markdownTable, svgReport, type ScenarioResult } from "@xsp/scenario";
import { microSections, type MicroResults } from "./micro-section.ts";
import { ratioByRunCells, ratioOverWorkCells, ratioSentences, type Cells, type RatioReport } from "./ratio-report.ts";

/** Everything that a run of the benchmark found. */
export interface BenchResult {
  readonly v: 1;
  readonly scenario: ScenarioResult;
  readonly ratio?: RatioReport;
  readonly micro: MicroResults;
}

function table([header = [], ...rows]: Cells): string {
  return markdownTable(header, rows);
}

/**
 * Writes JSON, Markdown and a chart.
 *
 * @returns the files.
 */
export async function writeResultFiles(folder: string, result: BenchResult): Promise<readonly string[]> {
  const { scenario, ratio, micro } = result;
  const markdown = markdownReport(scenario, { command: "pnpm bench", sections: microSections(scenario, micro) });
  const ratios =
    ratio === undefined
      ? []
      : [
          "## How many times dearer",
          table(ratioByRunCells(ratio)),
          table(ratioOverWorkCells(ratio, scenario.profile)),
          ...ratioSentences(ratio, scenario),
        ];
  const files = {
    [`${scenario.scenario}.json`]: `${JSON.stringify(result, null, 2)}\n`,
    [`${scenario.scenario}.md`]: `${[markdown.trimEnd(), ...ratios].join("\n\n")}\n`,
    [`${scenario.scenario}.svg`]: svgReport(scenario),
  };
  await mkdir(folder, { recursive: true });
  await Promise.all(Object.entries(files).map(([name, content]) => writeFile(join(folder, name), content)));
  return Object.keys(files).map((name) => join(folder, name));
}
