import * as countInfo from "./count-info.ts";
import { freeHeapPage } from "./heap.ts";
import type { Host } from "./host.ts";
import { loadOwner } from "./owner-info.ts";

// Constants of this module, which the compiler folds into its code: see "Hot paths" in docs/benchmarks.md.
const { PGC_allocated, PGC_count_mask } = countInfo;

/*
 * General references: what keeps a frame allocated.
 *
 * Each is a retry loop around one compare-and-swap on `count_info`, and the owner is looked at after the swap: while
 * the caller holds a reference the frame cannot change hands, before it could.
 *
 * Cost: one swap and one load of the owner; a put is one swap. Models: get_page, put_page @ Xen 4.9 (`mm.c`).
 */

/**
 * Takes a general reference for the domain of a slot.
 *
 * @returns false when the frame is not allocated, is at its limit (two values at the top are reserved, so that a
 * light reference cannot fail) or has another owner.
 */
export function getPage(host: Host, frame: number, slot: number): boolean {
  const { count } = host;
  let x = count.load(frame);
  for (;;) {
    if (((x + 2) & PGC_count_mask) <= 2) {
      host.refuse("getPage: not allocated, or the general count is at its limit", frame, 0);
      return false;
    }
    const seen = count.compareAndSwap(frame, x, x + 1);
    if (seen === x) break;
    x = seen;
  }
  if (loadOwner(host.owner, frame) === slot) return true;
  host.refuse("getPage: another's frame", frame, 0);
  putPage(host, frame);
  return false;
}

/**
 * Takes a general reference whoever the owner is.
 *
 * @returns the owner's slot, or −1 when the frame is not allocated or at its limit.
 */
export function getPageOwnerAndReference(host: Host, frame: number): number {
  const { count } = host;
  let x = count.load(frame);
  for (;;) {
    if (((x + 2) & PGC_count_mask) <= 2) return -1;
    const seen = count.compareAndSwap(frame, x, x + 1);
    if (seen === x) return loadOwner(host.owner, frame);
    x = seen;
  }
}

/** Takes one more general reference where the caller already relies on one: it cannot fail. */
export function getPageLight(host: Host, frame: number): void {
  const { count } = host;
  let x = count.load(frame);
  for (;;) {
    const seen = count.compareAndSwap(frame, x, x + 1);
    if (seen === x) return;
    x = seen;
  }
}

/**
 * Gives a general reference back; the last one frees the frame. A put of what nobody holds is refused and noted: only
 * a scheme with a hole can bring it about.
 */
export function putPage(host: Host, frame: number): void {
  const { count } = host;
  let x = count.load(frame);
  for (;;) {
    if ((x & PGC_count_mask) === 0) {
      host.noteUnderflow(frame);
      return;
    }
    const seen = count.compareAndSwap(frame, x, x - 1);
    if (seen === x) break;
    x = seen;
  }
  if (((x - 1) & PGC_count_mask) === 0) freeHeapPage(host, frame);
}

/**
 * Takes away `allocated`, the owner's hold on a frame. The reference that stood for it is the caller's to put.
 *
 * @returns false when it was gone already.
 */
export function clearAllocated(host: Host, frame: number): boolean {
  const { count } = host;
  let x = count.load(frame);
  for (;;) {
    if ((x & PGC_allocated) === 0) return false;
    const seen = count.compareAndSwap(frame, x, x & ~PGC_allocated);
    if (seen === x) return true;
    x = seen;
  }
}
