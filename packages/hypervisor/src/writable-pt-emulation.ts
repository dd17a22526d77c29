import { modEntry } from "./entry-update.ts";
import type { Vcpu } from "./host.ts";
import { loadOwner } from "./owner-info.ts";
import { lockPage, unlockPage } from "./page-lock.ts";
import { PGT_count_mask, PGT_type_mask, PGT_l1_page_table } from "./type-info.ts";

/**
 * Stores 8 bytes into one of the guest's own L1 tables as its CPU does, through a mapping that is read-only: the page
 * fault goes to Xen, which takes the new entry's references, stores it and drops the old one's.
 *
 * @param frame - an L1 table that is in use as one; tables of other levels are not emulated.
 * @returns false when the guest gets the page fault: the frame is no such table of its own, or the entry was refused.
 *
 * Models: ptwr_do_page_fault, ptwr_emulated_update @ Xen 4.9.
 */
export function ptwrEmulatedStore(vcpu: Vcpu, frame: number, entry: number, lo: number, hi: number): boolean {
  const { host, domain } = vcpu;
  if (!host.mfnValid(frame) || loadOwner(host.owner, frame) !== domain.slot) return false;
  if (!lockPage(host, frame)) return false;
  const word = host.type.load(frame);
  const isL1 = (word & PGT_type_mask) === PGT_l1_page_table && (word & PGT_count_mask) !== 0;
  const done = isL1 && modEntry(vcpu, 1, frame, entry, lo, hi, false, domain) === 0;
  unlockPage(host, frame);
  return done;
}
