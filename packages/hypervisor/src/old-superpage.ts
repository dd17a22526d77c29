import { type Vcpu } from "./host.ts";
import {
  NOTHING_OLD,
  OLD_SUPERPAGE_ONLY,
  VCPU_old_guest_table,
  VCPU_old_superpage,
  VCPU_old_superpage_owner,
} from "./vcpu-words.ts";

/*
 * A superpage of which more may be held than its users need, because this vCPU was preempted while it took or gave back
 * references: given back to what the users need before the hypercall returns, or by the domain's destruction. What
 * `old-guest-table.ts` is for tables. A request that is tried again may use the references first.
 *
 * One superpage at most waits for each vCPU: its hypercall goes on only when that one is done with.
 */

/**
 * Leaves a superpage to be trimmed later.
 *
 * Another one that waits is finished first, in one go: only a guest that changes its requests while they are under way
 * gets there, and it is bounded by one superpage. The caller holds no superpage busy.
 *
 * @param slot - the superpage's owner.
 */
export function setOldSuperpage(vcpu: Vcpu, head: number, slot: number): void {
  const waiting = vcpu.load(VCPU_old_superpage);
  if (waiting >= 0 && waiting !== head) {
    vcpu.host.scheme.trim(vcpu, vcpu.load(VCPU_old_superpage_owner), waiting, false);
  }
  vcpu.store(VCPU_old_superpage_owner, slot);
  vcpu.store(VCPU_old_superpage, head);
  if (vcpu.load(VCPU_old_guest_table) === NOTHING_OLD) vcpu.store(VCPU_old_guest_table, OLD_SUPERPAGE_ONLY);
}

/** Whether a superpage waits of which more is held than its users need; one that needs nothing any more is forgotten. */
export function hasOldSuperpage(vcpu: Vcpu): boolean {
  const head = vcpu.load(VCPU_old_superpage);
  if (head < 0) return false;
  if (vcpu.host.scheme.leftOver(vcpu.host, vcpu.load(VCPU_old_superpage_owner), head)) return true;
  forget(vcpu);
  return false;
}

/**
 * Trims the superpage that waits.
 *
 * @returns 0, or −ERESTART when preempted.
 */
export function putOldSuperpage(vcpu: Vcpu): number {
  const head = vcpu.load(VCPU_old_superpage);
  if (head < 0) return 0;
  const rc = vcpu.host.scheme.trim(vcpu, vcpu.load(VCPU_old_superpage_owner), head, true);
  if (rc === 0) forget(vcpu);
  return rc;
}

function forget(vcpu: Vcpu): void {
  vcpu.store(VCPU_old_superpage, -1);
  vcpu.store(VCPU_old_superpage_owner, 0);
  if (vcpu.load(VCPU_old_guest_table) === OLD_SUPERPAGE_ONLY) vcpu.store(VCPU_old_guest_table, NOTHING_OLD);
}
