import { type Host } from "./host.ts";
import { loadOwner } from "./owner-info.ts";
import { SEALED_mark } from "./sealed-info.ts";
import { SLOT_WORDS, SLOT_count_mask, SLOT_owner_shift } from "./sealed-slot-info.ts";

/*
 * The part of the audit that is about the slots of `sealed-percpu`: like the rest of it, it knows no code that it audits.
 */

/** Takes what is not as it should be. */
export type SlotReport = (expected: number, found: number, reason: string) => void;

/**
 * Holds the slots of a superpage against its entries of one kind.
 *
 * @param index - number of the superpage, whose state word is the first of its two.
 * @param kind - 0 writable, 1 read-only.
 * @param entries - how many there are in page tables.
 * @returns how many slots are in use: the users that the superpage's word must count.
 */
export function auditSlots(host: Host, index: number, kind: number, entries: number, report: SlotReport): number {
  const owner = loadOwner(host.owner, index << host.superpageOrder);
  const marked = (host.superpage.load(2 * index) & SEALED_mark) !== 0;
  let counted = 0;
  let used = 0;
  for (let slot = 0; slot < host.slots; slot++) {
    const found = host.superpageSlots.load((slot * host.superpages + index) * SLOT_WORDS + kind);
    if (found === 0) continue;
    used++;
    const count = found & SLOT_count_mask;
    counted += count;
    // A slot that counts nothing keeps its use of a marked superpage.
    const expected = count > 0 || marked ? (owner << SLOT_owner_shift) | count : 0;
    if (found !== expected) report(expected, found, `slot ${slot} of the superpage`);
  }
  if (counted !== entries) report(entries, counted, "superpage entries that the slots count");
  return used;
}
