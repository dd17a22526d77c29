import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { resultVersion, type BenchResult } from "./bench-result.ts";
import { benchPage } from "./report/bench-page.ts";
import { csvPage } from "./report/csv-report.ts";
import { htmlReport } from "./report/html.ts";
import { markdownPage } from "./report/markdown-report.ts";

/**
 * Writes the report as HTML, JSON, Markdown and CSV.
 *
 * @returns the files.
 */
export async function writeResultFiles(folder: string, result: BenchResult): Promise<readonly string[]> {
  const page = benchPage(result);
  const files = {
    "report.html": htmlReport(page),
    "report.json": `${JSON.stringify(result, null, 2)}\n`,
    "report.md": markdownPage(page),
    "report.csv": csvPage(page),
  };
  await mkdir(folder, { recursive: true });
  await Promise.all(Object.entries(files).map(([name, content]) => writeFile(join(folder, name), content)));
  return Object.keys(files).map((name) => join(folder, name));
}

/** A file that is no result of this benchmark, or one of another version. */
export class ResultProblem extends Error {}

/**
 * Reads a `report.json`.
 *
 * @throws ResultProblem telling what the file is instead.
 */
export async function readResult(file: string): Promise<BenchResult> {
  let result: unknown;
  try {
    result = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new ResultProblem(`${file} cannot be read as JSON: ${(error as Error).message}`, { cause: error });
  }
  const version: unknown = typeof result === "object" && result !== null && "v" in result ? result.v : undefined;
  if (version !== resultVersion) {
    throw new ResultProblem(
      `${file}: version of the result is ${String(version)}, expected ${resultVersion}: make it again with pnpm bench`,
    );
  }
  return result as BenchResult;
}
