/**
 * A slot word of the `sealed-percpu` scheme: how many superpage entries of one kind were counted here.
 *
 * ```text
 *  31  30          23 22                                          0
 * +---+--------------+---------------------------------------------+
 * | 0 | owner        | count                                       |
 * +---+--------------+---------------------------------------------+
 *   owner  domain slot; 0 exactly when the whole word is 0: nothing is counted and no use is held
 *   count  entries; 0 beside an owner when the slot keeps its use of a marked superpage
 * ```
 *
 * Each superpage has two words in each slot: of writable entries, then of read-only ones. A slot is for some CPUs, and
 * the words of slot 0 of all superpages come before those of slot 1, so that two slots' words of one superpage stand in
 * different cache lines of 64 bytes on any host of eight superpages or more.
 */
export const SLOT_WORDS = 2;
export const SLOT_owner_shift = 23;
export const SLOT_owner_mask: number = 0xff << SLOT_owner_shift;
export const SLOT_count_mask = 0x7f_ffff;
