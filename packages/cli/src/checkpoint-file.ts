import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { UsageError } from "./usage-error.ts";

/**
 * Reads what an interrupted check left behind.
 *
 * @throws UsageError when it cannot be read.
 */
export function readCheckpoint(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(
      `--resume ${file}: cannot be read (${error instanceof Error ? error.message : String(error)})`,
      "a file that an interrupted xsp check has written",
      "leave --resume out to begin anew",
    );
  }
}

/** What cannot be gone on with is the caller's to mend, and not a bug of ours. */
export function refusedCheckpoint(file: string, error: unknown): unknown {
  if (!(error instanceof RangeError)) return error;
  return new UsageError(
    `--resume ${file}: ${error.message}`,
    "a checkpoint of the same model, scheme, bounds and properties, by the same code",
    "give the options that it was made with, or leave --resume out to begin anew",
  );
}

/** Writes a checkpoint. A file of that name is replaced once the new one is whole, and not before. */
export function writeCheckpoint(file: string, bytes: Uint8Array): void {
  const part = `${file}.part`;
  writeFileSync(part, bytes);
  renameSync(part, file);
}
