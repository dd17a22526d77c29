import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ProgressLine, runInProcesses, terminalStyle } from "@xsp/cli";
import {
  alignColumns,
  readLoginStorm,
  schemeNames,
  shippedScenario,
  textReport,
  type ScenarioResult,
} from "@xsp/scenario";
import { benchOptions, helpText, type BenchOptions } from "./bench-options.ts";
import { runMicroProcess } from "./micro-process.ts";
import { microSections, type MicroResults } from "./micro-section.ts";
import { ratioByRunCells, ratioOverWorkCells, ratioReport, ratioSentences } from "./ratio-report.ts";
import { writeResultFiles } from "./result-files.ts";
import { smoke } from "./smoke.ts";

const defaultFolder = fileURLToPath(new URL("../results", import.meta.url));
// 4 GiB of superpages: their frame-table words are larger than a core's own caches.
const microSuperpages = 2048;

async function runMicro(): Promise<MicroResults> {
  const results: Record<string, MicroResults[string]> = {};
  for (const scheme of [...schemeNames, "bare"]) {
    process.stderr.write(`micro-benchmarks: ${scheme}\n`);
    // oxlint-disable-next-line no-await-in-loop -- one process at a time, or they would time each other
    results[scheme] = await runMicroProcess({ scheme, superpages: microSuperpages, mode: "measure" });
  }
  return results;
}

async function runScenarioInFull(): Promise<ScenarioResult> {
  const scenario = readLoginStorm(shippedScenario("fork-64g") ?? "", { file: "fork-64g" });
  const line = new ProgressLine(process.stderr);
  return runInProcesses(scenario, (progress) => line.show(progress)).finally(() => line.clear());
}

function print(result: ScenarioResult, micro: MicroResults): void {
  const { columns } = process.stdout;
  const out = (text: string): boolean => process.stdout.write(`${text}\n`);
  out(
    textReport(result, {
      style: terminalStyle(process.stdout),
      sections: microSections(result, micro),
      ...(columns === undefined ? {} : { width: columns }),
    }),
  );
  const ratio = ratioReport(result);
  if (ratio === undefined) return;
  for (const cells of [ratioByRunCells(ratio), ratioOverWorkCells(ratio, result.profile)]) {
    out(`${alignColumns(cells).join("\n")}\n`);
  }
  for (const sentence of ratioSentences(ratio, result)) out(sentence);
}

async function measure({ only, out }: BenchOptions): Promise<number> {
  const micro = only === "scenario" ? {} : await runMicro();
  if (only === "micro") {
    for (const [scheme, results] of Object.entries(micro)) {
      const rows = results.map(({ task, medianNs, minNs, maxNs, unit }) => [
        `  ${task}`,
        ...[medianNs, minNs, maxNs].map((ns) => ns.toFixed(1)),
        `ns per ${unit}`,
      ]);
      process.stdout.write(`${alignColumns([[scheme, "median", "min", "max", ""], ...rows]).join("\n")}\n\n`);
    }
    return 0;
  }
  const scenario = await runScenarioInFull();
  print(scenario, micro);
  const ratio = ratioReport(scenario);
  const files = await writeResultFiles(out, { v: 1, scenario, ...(ratio && { ratio }), micro });
  process.stdout.write(`\nwritten: ${files.map((file) => relative(process.cwd(), file)).join(", ")}\n`);
  const sound = scenario.runs.every(
    ({ audit, destroy }) => audit.differences === 0 && destroy.framesBefore === destroy.framesAfter,
  );
  return sound ? 0 : 1;
}

async function main(args: readonly string[]): Promise<number> {
  let options: BenchOptions;
  try {
    options = benchOptions(args, defaultFolder);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n  do: --help lists the options\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(helpText);
    return 0;
  }
  if (!options.smoke) return measure(options);
  const wrong = await smoke();
  for (const line of wrong) process.stderr.write(`${line}\n`);
  process.stdout.write(wrong.length === 0 ? "smoke: every count is as expected\n" : "smoke: counts are wrong\n");
  return wrong.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`the benchmark did not finish: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
