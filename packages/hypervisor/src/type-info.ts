/**
 * `type_info`: what a frame is used as, in the layout that Xen's own macros give for a 32-bit word.
 *
 * ```text
 *  31        28  27  26  25  24  23 22                                        0
 * +-----------+---+---+---+---+---+------------------------------------------+
 * | type      | P | V | 2 | x | L | type reference count                     |
 * +-----------+---+---+---+---+---+------------------------------------------+
 *   type 0 none, 1…4 L1…L4 page table, 5 segment descriptors, 7 writable, 8 shared
 *   P pinned       V validated       2 pae_xen_l2 (32-bit guests; never set here)
 *   x partially validated            L locked (the page lock)
 * ```
 *
 * With a count of 0 the type is history only. Models: PGT_* @ Xen 4.9, `asm-x86/mm.h`.
 */
export const PGT_none: number = 0 << 28;
export const PGT_l1_page_table: number = 1 << 28;
export const PGT_l2_page_table: number = 2 << 28;
export const PGT_l3_page_table: number = 3 << 28;
export const PGT_l4_page_table: number = 4 << 28;
/** @alias What a CPU starts its walk from: with four levels an L4 table. */
export const PGT_root_page_table: number = PGT_l4_page_table;
export const PGT_seg_desc_page: number = 5 << 28;
export const PGT_writable_page: number = 7 << 28;
export const PGT_shared_page: number = 8 << 28;
export const PGT_type_mask: number = 15 << 28;
export const PGT_pinned: number = 1 << 27;
export const PGT_validated: number = 1 << 26;
export const PGT_pae_xen_l2: number = 1 << 25;
export const PGT_partial: number = 1 << 24;
export const PGT_locked: number = 1 << 23;
export const PGT_count_mask: number = (1 << 23) - 1;

const typeNames: readonly string[] = ["none", "l1", "l2", "l3", "l4", "seg", "6", "writable", "shared"];

/** Level 1…4 of a page-table type word; 0 for every other type. */
export function pageTableLevel(word: number): number {
  const type = word >>> 28;
  return type <= 4 ? type : 0;
}

/** A decoded `type_info`. */
export interface TypeInfo {
  /** `none`, `l1` … `l4`, `seg`, `writable` or `shared`. */
  readonly typeName: string;
  readonly typeCount: number;
  readonly pinned: boolean;
  readonly validated: boolean;
  readonly partial: boolean;
  readonly locked: boolean;
}

/** Decodes a `type_info` word. */
export function decodeTypeInfo(word: number): TypeInfo {
  return {
    typeName: typeNames[word >>> 28] ?? String(word >>> 28),
    typeCount: word & PGT_count_mask,
    pinned: (word & PGT_pinned) !== 0,
    validated: (word & PGT_validated) !== 0,
    partial: (word & PGT_partial) !== 0,
    locked: (word & PGT_locked) !== 0,
  };
}
