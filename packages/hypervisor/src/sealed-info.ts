/**
 * The superpage word of the `sealed` scheme. Everything that decides whether references are needed stands in this one
 * word, so that one compare-and-swap both checks and changes it.
 *
 * ```text
 *  31  30  29          22 21                  11 10                   0
 * +---+---+--------------+----------------------+----------------------+
 * | B | M | owner        | nR                   | nW                   |
 * +---+---+--------------+----------------------+----------------------+
 *   B busy: bulk work under way, by whoever set it
 *   M marked
 *   owner  domain slot; 0 exactly when nothing is held and nobody uses the superpage
 *   nR, nW live read-only and writable superpage PTEs
 * ```
 *
 * Beside it stands a second word, written only under `busy`: how many of the references are held, first the general
 * ones, then the writable ones. The owner is part of the word so that a swap fails when the superpage was freed and
 * given to another domain in between (A-B-A), and no domain ever changes the word of another's superpage.
 */
export const SEALED_busy: number = 1 << 31;
export const SEALED_mark: number = 1 << 30;
export const SEALED_owner_shift = 22;
export const SEALED_owner_mask: number = 0xff << SEALED_owner_shift;
export const SEALED_readers_shift = 11;
export const SEALED_reader: number = 1 << SEALED_readers_shift;
export const SEALED_readers_mask: number = 0x7ff << SEALED_readers_shift;
export const SEALED_writer = 1;
export const SEALED_writers_mask = 0x7ff;
/** Uses of either kind that one word can count. */
export const SEALED_max_uses = 0x7ff;
