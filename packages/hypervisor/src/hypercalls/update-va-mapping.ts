import { DOMAIN_dirty_cpus } from "../domain-words.ts";
import { lockPage, unlockPage } from "../page-lock.ts";
import { EINVAL } from "../errno.ts";
import { modEntry } from "../entry-update.ts";
import { type Vcpu } from "../host.ts";
import { getPage, putPage } from "../page-references.ts";

import { PGT_l1_page_table, PGT_type_mask } from "../type-info.ts";
import { flushTlbMask } from "../tlb.ts";
import { vaIndex, walkToL1 } from "../virtual-address.ts";
import { UVMF_ALL, UVMF_FLUSHTYPE_MASK, UVMF_INVLPG, UVMF_NONE, UVMF_TLB_FLUSH } from "./hypercall-numbers.ts";

/**
 * `update_va_mapping`: updates the L1 entry of a virtual address in the current address space.
 *
 * @param vaLo - low word of the address; its low 12 bits are ignored.
 * @param flags - `UVMF_*`: what to flush, and on which vCPUs.
 * @returns 0 or a negated errno: EINVAL when the address has no L1 table (nothing mapped there, a superpage, Xen's own
 * part of the address space, not canonical); and the errors of L1 entry updates.
 *
 * Source: `public/xen.h`; Models: do_update_va_mapping @ Xen 4.9. Cost: O(1).
 */
export function updateVaMapping(
  vcpu: Vcpu,
  vaLo: number,
  vaHi: number,
  valLo: number,
  valHi: number,
  flags: number,
): number {
  const { host, domain } = vcpu;
  host.perf.calls_to_update_va++;
  const flushType = flags & UVMF_FLUSHTYPE_MASK;
  const rc = updateEntry(vcpu, vaLo | 0, vaHi | 0, valLo | 0, valHi | 0);
  if (flushType === UVMF_NONE) return rc;
  if (flushType !== UVMF_TLB_FLUSH && flushType !== UVMF_INVLPG) return rc;
  const mask = (flags & UVMF_ALL) !== 0 ? domain.load(DOMAIN_dirty_cpus) : 1 << vcpu.cpu;
  // An INVLPG of one page leaves other translations alone, so it does not put the TLB clock on.
  if (flushType === UVMF_TLB_FLUSH) flushTlbMask(host, mask);
  return rc;
}

function updateEntry(vcpu: Vcpu, vaLo: number, vaHi: number, valLo: number, valHi: number): number {
  const { host, domain } = vcpu;
  const table = walkToL1(vcpu, vaLo, vaHi);
  if (table < 0 || !host.mfnValid(table) || !getPage(host, table, domain.slot)) return -EINVAL;
  let rc = -EINVAL;
  if (lockPage(host, table)) {
    if ((host.type.load(table) & PGT_type_mask) === PGT_l1_page_table) {
      rc = modEntry(vcpu, 1, table, vaIndex(host, vaLo, vaHi, 1), valLo, valHi, false, domain);
      if (rc === 0) host.perf.num_page_updates++;
    }
    unlockPage(host, table);
  }
  putPage(host, table);
  return rc;
}
