/**
 * The pool of 2 MiB hugepages: `struct hstate`. [L39 include/linux/hugetlb.h]
 *
 * Free hugepages form a LIFO list. Users are counted for each hugepage: one for the page cache, one for each entry that
 * maps it.
 */
export interface Hstate {
  nrHugePages: number;
  freeHugePages: number;
  /** Promised to files and not yet taken. */
  resvHugePages: number;
  /** Free hugepages as a stack of first pages; the top is `freeHugePages` − 1. */
  readonly freeList: Int32Array;
  /** Users of each hugepage, by pfn >> 9. */
  readonly count: Int32Array;
  /** By pfn >> 9: in the pool, and whether Xen took the mark. */
  readonly state: Uint8Array;
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
    freeList: new Int32Array(blocks),
    count: new Int32Array(blocks),
    state: new Uint8Array(blocks),
    marked: 0,
  };
}
