import { DOMAIN_dirty_cpus } from "../domain-words.ts";
import { VCPU_guest_table, VCPU_guest_table_user, VCPU_old_guest_table } from "../vcpu-words.ts";
import { EINTR, EINVAL, ERESTART } from "../errno.ts";
import { type Vcpu } from "../host.ts";
import { putPageAndTypePreemptible } from "../old-guest-table.ts";
import { putPage } from "../page-references.ts";
import { getPageType } from "../page-types.ts";
import { fillKernelRootSlot } from "../table-geometry.ts";
import { flushTlbMask } from "../tlb.ts";
import { PGT_root_page_table } from "../type-info.ts";
import { getPageFromGfn } from "./hypercall-arguments.ts";

/*
 * The two roots of a 64-bit PV vCPU: one for its kernel, one for its user space. Each loaded root holds a general and
 * an L4 type reference. Models: new_guest_cr3, MMUEXT_NEW_USER_BASEPTR @ Xen 4.9.
 */

function getRoot(vcpu: Vcpu, frame: number): number {
  if (!getPageFromGfn(vcpu.domain, frame)) return -EINVAL;
  const rc = getPageType(vcpu, frame, PGT_root_page_table, true);
  if (rc === 0) {
    vcpu.host.perf.tableFrameGets++;
    vcpu.host.perf.tableTypeGets++;
    return 0;
  }
  if (vcpu.load(VCPU_old_guest_table) !== frame) putPage(vcpu.host, frame);
  return rc === -EINTR ? -ERESTART : rc;
}

function putRoot(vcpu: Vcpu, frame: number): void {
  if (frame < 0) return;
  vcpu.host.perf.tableFramePuts++;
  vcpu.host.perf.tableTypePuts++;
  putPageAndTypePreemptible(vcpu, frame);
}

/**
 * Loads another kernel root.
 *
 * @returns 0; −EINVAL when the frame is not the guest's or in use as something else; the error of its validation;
 * −ERESTART when preempted.
 */
export function newGuestCr3(vcpu: Vcpu, frame: number): number {
  const old = vcpu.load(VCPU_guest_table);
  if (old !== frame) {
    const rc = getRoot(vcpu, frame);
    if (rc !== 0) return rc;
    vcpu.store(VCPU_guest_table, frame);
    fillKernelRootSlot(vcpu.host, frame);
  }
  // The CPU now fills its TLB from this domain's tables, and loading the root flushes it.
  vcpu.domain.setBits(DOMAIN_dirty_cpus, 1 << vcpu.cpu);
  flushTlbMask(vcpu.host, 1 << vcpu.cpu);
  if (old !== frame) putRoot(vcpu, old);
  return 0;
}

/**
 * Loads another user root; frame 0 means none.
 *
 * @returns as {@link newGuestCr3}.
 */
export function newUserBaseptr(vcpu: Vcpu, frame: number): number {
  const old = vcpu.load(VCPU_guest_table_user);
  const wanted = frame === 0 ? -1 : frame;
  if (old === wanted) return 0;
  if (wanted >= 0) {
    const rc = getRoot(vcpu, wanted);
    if (rc !== 0) return rc;
  }
  vcpu.store(VCPU_guest_table_user, wanted);
  putRoot(vcpu, old);
  return 0;
}

/**
 * Gives up both roots of a vCPU of a dying domain.
 *
 * @param putOld - puts what giving up a root has left waiting.
 */
export function dropBasePointers(vcpu: Vcpu, putOld: () => void): void {
  for (const field of [VCPU_guest_table, VCPU_guest_table_user]) {
    const root = vcpu.load(field);
    vcpu.store(field, -1);
    putRoot(vcpu, root);
    putOld();
  }
}
