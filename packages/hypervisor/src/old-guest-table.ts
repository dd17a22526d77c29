import {
  NOTHING_OLD,
  OLD_SUPERPAGE_ONLY,
  VCPU_old_guest_ptpg,
  VCPU_old_guest_table,
  VCPU_old_guest_table_partial,
  VCPU_old_superpage,
} from "./vcpu-words.ts";
import { EINTR, ERESTART } from "./errno.ts";
import { type Vcpu } from "./host.ts";
import { putPage } from "./page-references.ts";
import { putPageType } from "./page-types.ts";

/*
 * A table that a hypercall has let go of but not yet put: its entries are given back between two requests, where it
 * can be preempted and where no page lock is held. Models: arch.old_guest_table, put_old_guest_table @ Xen 4.9.
 */

/**
 * Leaves a table to be put later. The caller's general reference goes with it.
 *
 * @param partial - the type reference is that of a table left partial.
 * @param linearTable - the table whose linear entry it was, or −1.
 */
export function setOldGuestTable(vcpu: Vcpu, frame: number, partial: boolean, linearTable = -1): void {
  vcpu.store(VCPU_old_guest_ptpg, linearTable);
  vcpu.store(VCPU_old_guest_table_partial, partial ? 1 : 0);
  vcpu.store(VCPU_old_guest_table, frame);
}

/** Whether a table waits to be put. */
export function hasOldGuestTable(vcpu: Vcpu): boolean {
  return vcpu.load(VCPU_old_guest_table) >= 0;
}

/** Whether a table or a superpage (`old-superpage.ts`) waits. */
export function hasAnythingOld(vcpu: Vcpu): boolean {
  return vcpu.load(VCPU_old_guest_table) !== NOTHING_OLD;
}

/**
 * Puts the table that waits.
 *
 * @returns 0, or −ERESTART when preempted.
 */
export function putOldGuestTable(vcpu: Vcpu): number {
  const frame = vcpu.load(VCPU_old_guest_table);
  if (frame < 0) return 0;
  const partial = vcpu.load(VCPU_old_guest_table_partial) !== 0;
  const rc = putPageType(vcpu, frame, true, vcpu.load(VCPU_old_guest_ptpg), partial);
  if (rc === -ERESTART) {
    vcpu.store(VCPU_old_guest_table_partial, 1);
    return -ERESTART;
  }
  if (rc === -EINTR) return -ERESTART;
  // Giving the entries back may have left a superpage.
  vcpu.store(VCPU_old_guest_table, vcpu.load(VCPU_old_superpage) < 0 ? NOTHING_OLD : OLD_SUPERPAGE_ONLY);
  vcpu.store(VCPU_old_guest_ptpg, -1);
  putPage(vcpu.host, frame);
  return 0;
}

/**
 * Puts a type and a general reference, preemptibly: what cannot be finished now waits as the old table.
 *
 * @returns 0, or −ERESTART when it waits.
 */
export function putPageAndTypePreemptible(vcpu: Vcpu, frame: number): number {
  const rc = putPageType(vcpu, frame, true);
  if (rc === 0) {
    putPage(vcpu.host, frame);
    return 0;
  }
  setOldGuestTable(vcpu, frame, rc === -ERESTART);
  return -ERESTART;
}
