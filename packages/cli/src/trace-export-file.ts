import { writeFile } from "node:fs/promises";
import type { Explanation, TraceSuffix } from "@xsp/verify";
import { requireWritable } from "./export-file.ts";
import { UsageError } from "./usage-error.ts";

/** A file that a counterexample is to be written to. */
export interface TraceExportFile {
  readonly file: string;
  readonly suffix: TraceSuffix;
}

/**
 * Takes an `--export` apart and makes sure, before anything is explored for minutes, that it can be written.
 *
 * @throws UsageError naming the flag when it cannot.
 */
export async function traceExportFile(file: string): Promise<TraceExportFile> {
  const { traceSuffixes, traceSuffixOf } = await import("@xsp/verify");
  const suffix = traceSuffixOf(file);
  if (suffix === undefined) {
    throw new UsageError(
      `--export ${file}: the end of this name stands for no format`,
      `a file ending in ${traceSuffixes.join(", ")}`,
      `write --export ${file.replace(/(?:\.itf|\.trace)?\.[^./]*$/, "")}.html`,
    );
  }
  await requireWritable("--export", file);
  return { file, suffix };
}

/** Writes a counterexample to each file, and says so. */
export async function writeTraceExports(files: readonly TraceExportFile[], explanation: Explanation): Promise<void> {
  const { exportTrace } = await import("@xsp/verify");
  await Promise.all(files.map(({ file, suffix }) => writeFile(file, exportTrace(explanation, suffix))));
  for (const { file } of files) process.stderr.write(`written: ${file}\n`);
}
