import { access, constants, stat, writeFile } from "node:fs/promises";
import { dirname, extname } from "node:path";
import type { ReportFormat } from "./report-format.ts";
import { UsageError } from "./usage-error.ts";

const formatOfExtension: Readonly<Record<string, ReportFormat>> = {
  ".json": "json",
  ".md": "md",
  ".csv": "csv",
  ".svg": "svg",
  ".txt": "text",
};

/** A file that a result is to be written to. */
export interface ExportFile {
  readonly file: string;
  readonly format: ReportFormat;
}

/**
 * Takes an `--export` apart and makes sure, before anything is run for minutes, that it can be written.
 *
 * @throws UsageError naming the flag when it cannot.
 */
export async function exportFile(file: string): Promise<ExportFile> {
  const format = formatOfExtension[extname(file).toLowerCase()];
  if (format === undefined) {
    throw new UsageError(
      `--export ${file}: the extension ${extname(file) || "(none)"} stands for no format`,
      `a file ending in ${Object.keys(formatOfExtension).join(", ")}`,
      `write --export ${file.slice(0, file.length - extname(file).length)}.json`,
    );
  }
  await requireWritable("--export", file);
  return { file, format };
}

/**
 * Makes sure that a file can be written.
 *
 * @throws UsageError naming the flag when it cannot.
 */
export async function requireWritable(flag: string, file: string): Promise<void> {
  const folder = dirname(file);
  const writable = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  const isFolder = await stat(file).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (writable && !isFolder) return;
  throw new UsageError(
    `${flag} ${file}: ${isFolder ? "is a folder" : `${folder} is no folder that can be written to`}`,
    "a file in a folder that exists",
    isFolder ? "add a file name" : `make it first: mkdir -p ${folder}`,
  );
}

/** Writes an export. */
export async function writeExport({ file }: ExportFile, content: string): Promise<void> {
  await writeFile(file, content);
}
