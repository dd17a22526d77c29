import type { Balloon } from "../balloon.ts";
import type { Kernel } from "../kernel.ts";
import type { Process } from "../process.ts";

/** What the files of /proc and /sys show. */
export interface SystemState {
  readonly kernel: Kernel;
  /** Processes that have not ended, by pid. */
  readonly tasks: ReadonlyMap<number, Process>;
  readonly balloon: Balloon;
}

/**
 * A file that the kernel makes up when it is read.
 *
 * Who reads and writes is root, so what decides is whether a file can be written at all.
 */
export interface PseudoFile {
  /** Its text as it is now, every line ended; or a negated errno. */
  readonly read: () => string | number;
  /** Takes what one `write` brought. Returns 0 or a negated errno. */
  readonly write: (text: string) => number;
}

/** A path and its file. */
export type PseudoFileEntry = readonly [path: string, file: PseudoFile];

/** A file whose write always ends the same way: with the errno of its file system. */
export function readOnlyFile(path: string, errno: number, read: () => string): PseudoFileEntry {
  return [path, { read, write: () => -errno }];
}
