import type { Host } from "./host.ts";
import * as typeInfo from "./type-info.ts";

// Constants of this module, which the compiler folds into its code: see "Hot paths" in docs/benchmarks.md.
const { PGT_count_mask, PGT_locked, PGT_pinned, PGT_validated } = typeInfo;

/*
 * The page lock, which holds off other updates of the same table, and the pin, which keeps a table validated.
 * Models: page_lock, page_unlock @ Xen 4.9.
 */

/**
 * Takes the page lock of a validated frame that is in use, with a type reference.
 *
 * @returns false when the frame is not in use as anything that has a lock.
 */
export function lockPage(host: Host, frame: number): boolean {
  const { type } = host;
  let x = type.load(frame);
  for (;;) {
    if ((x & PGT_validated) === 0 || (x & PGT_count_mask) === 0 || (x & PGT_count_mask) === PGT_count_mask) {
      return false;
    }
    if ((x & PGT_locked) !== 0) {
      x = type.waitWhile(frame, x);
      continue;
    }
    const seen = type.compareAndSwap(frame, x, (x + 1) | PGT_locked);
    if (seen === x) return true;
    x = seen;
  }
}

/** Gives the page lock and its reference back. */
export function unlockPage(host: Host, frame: number): void {
  const { type } = host;
  let x = type.load(frame);
  for (;;) {
    const seen = type.compareAndSwap(frame, x, (x - 1) & ~PGT_locked);
    if (seen === x) return;
    x = seen;
  }
}

/** Sets the `pinned` flag. @returns false when it was set already. */
export function setPinned(host: Host, frame: number): boolean {
  const { type } = host;
  let x = type.load(frame);
  for (;;) {
    if ((x & PGT_pinned) !== 0) return false;
    const seen = type.compareAndSwap(frame, x, x | PGT_pinned);
    if (seen === x) return true;
    x = seen;
  }
}

/** Clears the `pinned` flag. @returns false when it was not set. */
export function clearPinned(host: Host, frame: number): boolean {
  const { type } = host;
  let x = type.load(frame);
  for (;;) {
    if ((x & PGT_pinned) === 0) return false;
    const seen = type.compareAndSwap(frame, x, x & ~PGT_pinned);
    if (seen === x) return true;
    x = seen;
  }
}
