import { assert } from "./assert.ts";
import type { HugetlbfsMount } from "./hugetlbfs-mount.ts";

/**
 * The pool of 2 MiB hugepages: `struct hstate`. [L39 include/linux/hugetlb.h; linux-facts §2.1]
 *
 * ```text
 *   nrHugePages ┬ free ┬ reserved: promised to a mapping, a segment or a mount
 *               │      └ for whoever faults first
 *               └ in use
 *   nrHugePages = persistent + surplus; surplus ones go back to the buddy when their last user goes
 *
 *   always 0 ≤ resvHugePages ≤ freeHugePages ≤ nrHugePages, and surplusHugePages ≤ nrHugePages
 * ```
 *
 * Free hugepages form a LIFO list. Users are counted for each hugepage: one for the page cache, one for each entry that
 * maps it. Simplified: one node.
 */
export interface Hstate {
  nrHugePages: number;
  freeHugePages: number;
  resvHugePages: number;
  surplusHugePages: number;
  /** How many surplus pages may be taken from the buddy. */
  nrOvercommitHugePages: number;
  /** Persistent pages after the last write to nr_hugepages: what /proc/sys/vm shows, and what `size=N%` refers to. */
  maxHugePages: number;
  /** Free hugepages as a stack of first pages; the top is `freeHugePages` − 1. */
  readonly freeList: Int32Array;
  /** Users of each hugepage, by pfn >> 9. */
  readonly count: Int32Array;
  /** By pfn >> 9: in the pool, and whether Xen took the mark. */
  readonly state: Uint8Array;
  /** By pfn >> 9: mount with limits to which a hugepage in use is charged. Linux: page->private. */
  readonly mount: (HugetlbfsMount | undefined)[];
  /** Hugepages that are marked. */
  marked: number;
}

/** Values of {@link Hstate.state}. */
export const HUGEPAGE_none = 0;
export const HUGEPAGE_unmarked = 1;
export const HUGEPAGE_marked = 2;

/** An empty pool for a guest of so many 2 MiB blocks. */
export function makeHstate(blocks: number): Hstate {
  return {
    nrHugePages: 0,
    freeHugePages: 0,
    resvHugePages: 0,
    surplusHugePages: 0,
    nrOvercommitHugePages: 0,
    maxHugePages: 0,
    freeList: new Int32Array(blocks),
    count: new Int32Array(blocks),
    state: new Uint8Array(blocks),
    mount: [],
    marked: 0,
  };
}

/** Hugepages that stay when nobody uses them: `persistent_huge_pages`. */
export function persistentHugePages(hstate: Hstate): number {
  return hstate.nrHugePages - hstate.surplusHugePages;
}

/** States what is always true of the counters. [linux-facts §2.3] */
export function assertCounters({ nrHugePages, freeHugePages, resvHugePages, surplusHugePages }: Hstate): void {
  assert(resvHugePages >= 0, "no more hugepages are unreserved than were reserved");
  assert(resvHugePages <= freeHugePages, "every reserved hugepage is a free one");
  assert(freeHugePages <= nrHugePages, "every free hugepage is in the pool");
  assert(surplusHugePages >= 0 && surplusHugePages <= nrHugePages, "every surplus hugepage is in the pool");
}
