/**
 * The superpage word of `xen-4.1` (one for each superpage), in the layout that Xen's own macros give for 32 bits.
 *
 * ```text
 *  31     30  29 28                                                           0
 * +---------+---+-------------------------------------------------------------+
 * | type    | 0 | uses: superpage PTEs, and one for the mark                  |
 * +---------+---+-------------------------------------------------------------+
 *   type 0 none, 1 mark, 2 dynamic
 * ```
 *
 * `rfc` uses type `mark` as its flag and no count: its uses are counted on the head frame.
 * Models: SGT_* @ Xen 4.9, `asm-x86/mm.h`.
 */
export const SGT_none: number = 0 << 30;
export const SGT_mark: number = 1 << 30;
export const SGT_dynamic: number = 2 << 30;
export const SGT_type_mask: number = 3 << 30;
export const SGT_count_mask: number = (1 << 29) - 1;
