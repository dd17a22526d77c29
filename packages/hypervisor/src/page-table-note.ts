/**
 * What is known about a frame while it is a page table, kept beside its contents.
 *
 * ```text
 *  31                          16 15    11  10  9                        0
 * +------------------------------+--------+---+--------------------------+
 * | linear references, signed    | 0      | p | entries validated        |
 * +------------------------------+--------+---+--------------------------+
 *   linear > 0: this table holds so many same-level references to others
 *   linear < 0: it is the target of so many (a table is never both: XSA-240)
 *   p  the entry after the validated ones is itself partially validated, and this table holds
 *      a general reference on its target
 * ```
 *
 * Models: `nr_validated_ptes`, `partial_pte` and `linear_pt_count` of `page_info` @ Xen 4.9.
 */
const NOTE_entries_mask = 0x3ff;
const NOTE_partial = 0x400;
const NOTE_linear_shift = 16;

/** Entries that hold their references. */
export function noteEntries(note: number): number {
  return note & NOTE_entries_mask;
}

/** Whether the entry after them is half done. */
export function notePartial(note: number): boolean {
  return (note & NOTE_partial) !== 0;
}

/** Linear references: positive held, negative endured. */
export function noteLinear(note: number): number {
  return note >> NOTE_linear_shift;
}

/** The note with another progress. */
export function withProgress(note: number, entries: number, partial: boolean): number {
  return (note & (-1 << NOTE_linear_shift)) | entries | (partial ? NOTE_partial : 0);
}

/** The note with another number of linear references. */
export function withLinear(note: number, linear: number): number {
  return (note & ((1 << NOTE_linear_shift) - 1)) | (linear << NOTE_linear_shift);
}
