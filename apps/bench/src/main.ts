import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { chooseSchemes, thisMachine } from "@xsp/cli";
import { benchOptions, helpText, type BenchOptions } from "./bench-options.ts";
import type { BenchResult } from "./bench-result.ts";
import { benchSizes, longSize } from "./bench-size.ts";
import { compareResults, ComparisonRefused, requireComparable } from "./comparison.ts";
import { measureBench } from "./measure-bench.ts";
import { benchPage } from "./report/bench-page.ts";
import { comparisonPage } from "./report/comparison-page.ts";
import { textPage } from "./report/text-report.ts";
import { readResult, ResultProblem, writeResultFiles } from "./result-files.ts";
import { wrongCounts } from "./wrong-counts.ts";

const defaultFolder = fileURLToPath(new URL("../results", import.meta.url));

const tell = (what: string): boolean => process.stderr.write(`${what}\n`);
const out = (content: string): boolean => process.stdout.write(content);

async function measure(
  { size, long, parts, schemes, out: folder }: BenchOptions,
  command: string,
): Promise<BenchResult> {
  const others = await chooseSchemes("--scheme", schemes);
  const result = await measureBench({ size: long ? longSize : benchSizes[size], parts, others, command, tell });
  out(textPage(benchPage(result)));
  if (folder !== undefined) {
    const files = await writeResultFiles(folder, result);
    out(`\nwritten: ${files.map((file) => relative(process.cwd(), file)).join(", ")}\n`);
  }
  return result;
}

/** Whether the counts are what they must be: times decide about nothing. */
function isSound(result: BenchResult): boolean {
  const wrong = wrongCounts(result);
  for (const line of wrong) tell(line);
  if (result.size === "smoke")
    tell(wrong.length === 0 ? "smoke: every count is as expected" : "smoke: counts are wrong");
  return wrong.length === 0;
}

async function run(options: BenchOptions, command: string): Promise<number> {
  const { compare, with: newer } = options;
  const before = compare === undefined ? undefined : await readResult(compare);
  // Before the minutes that a run takes, not after them.
  if (before !== undefined && newer === undefined) {
    requireComparable(before, { machine: thisMachine(), size: options.size });
  }
  const after = newer === undefined ? await measure(options, command) : await readResult(newer);
  if (before !== undefined) out(`\n${textPage(comparisonPage(before, after, compareResults(before, after)))}`);
  // A result that was read was judged when it was made.
  return newer !== undefined || isSound(after) ? 0 : 1;
}

/** What is for whoever typed the command to mend. */
function isOfTheCaller(error: unknown): error is Error {
  if (error instanceof ResultProblem || error instanceof ComparisonRefused) return true;
  return error instanceof Error && error.name === "UsageError";
}

async function main(args: readonly string[]): Promise<number> {
  let options: BenchOptions;
  try {
    options = benchOptions(args, defaultFolder);
  } catch (error) {
    tell(`${(error as Error).message}\n  do: --help lists the options`);
    return 2;
  }
  if (options.help) {
    out(helpText);
    return 0;
  }
  try {
    return await run(options, ["pnpm bench", ...args].join(" "));
  } catch (error) {
    if (!isOfTheCaller(error)) throw error;
    tell(error.message);
    return 2;
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  tell(`the benchmark did not finish: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
