import { RegionList } from "./region-list.ts";

/** Bits of {@link ResvMap.flags}. [L39 mm/hugetlb.c] */
export const HPAGE_RESV_OWNER = 1;
/** A page was torn from this mapping for its owner's sake: every later fault on a missing page is a SIGBUS. */
export const HPAGE_RESV_UNMAPPED = 2;

/**
 * What a private mapping of hugepages knows about reservations: `struct resv_map` and the flags that Linux keeps in the
 * low bits of the pointer to it.
 *
 * ```text
 *   mmap, whole length reserved ──► OWNER, nothing consumed
 *     fork ─────────────────────► the child has none: it may fail at any fault
 *                                   └── owner needs the page and the pool is empty ──► UNMAPPED
 *     split (munmap, mprotect) ─► both parts share the owner's
 * ```
 */
export interface ResvMap {
  /** HPAGE_RESV_… bits. */
  readonly flags: number;
  /** Hugepages of the reservation that were taken, by index in the file. */
  readonly consumed: RegionList;
  /** Mappings that share it. */
  refs: number;
}

/** Map of who makes a private mapping: `resv_map_alloc`. */
export function resvMapAlloc(): ResvMap {
  return { flags: HPAGE_RESV_OWNER, consumed: new RegionList(), refs: 1 };
}

/** What stands in place of a map in a child that lost a page. */
export function resvUnmapped(): ResvMap {
  return { flags: HPAGE_RESV_UNMAPPED, consumed: new RegionList(), refs: 1 };
}
