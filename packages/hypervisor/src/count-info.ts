/**
 * `count_info`: who holds a frame, in the layout that Xen's own macros give for a 32-bit word.
 *
 * ```text
 *  31  30  29  28    26  25  24  23 22                                        0
 * +---+---+---+--------+---+-------+------------------------------------------+
 * | A | X | T | cache  | B | state | general reference count                  |
 * +---+---+---+--------+---+-------+------------------------------------------+
 *   A allocated: the owner's own reference     T a page table (shadow mode; unused here)
 *   X Xen heap                                 B broken
 *   state 0 in use, 1 offlining, 2 offlined, 3 free
 * ```
 *
 * Models: PGC_* @ Xen 4.9, `asm-x86/mm.h`.
 */
export const PGC_allocated: number = 1 << 31;
export const PGC_xen_heap: number = 1 << 30;
export const PGC_page_table: number = 1 << 29;
export const PGC_cacheattr_mask: number = 7 << 26;
export const PGC_broken: number = 1 << 25;
export const PGC_state_mask: number = 3 << 23;
export const PGC_state_inuse: number = 0 << 23;
export const PGC_state_offlining: number = 1 << 23;
export const PGC_state_offlined: number = 2 << 23;
export const PGC_state_free: number = 3 << 23;
export const PGC_count_mask: number = (1 << 23) - 1;

/** A decoded `count_info`. */
export interface CountInfo {
  /** General references, one of them the owner's own while `allocated`. */
  readonly count: number;
  readonly allocated: boolean;
  readonly xenHeap: boolean;
  readonly free: boolean;
}

/** Decodes a `count_info` word. */
export function decodeCountInfo(word: number): CountInfo {
  return {
    count: word & PGC_count_mask,
    allocated: (word & PGC_allocated) !== 0,
    xenHeap: (word & PGC_xen_heap) !== 0,
    free: (word & PGC_state_mask) === PGC_state_free,
  };
}
