import { lockPage, unlockPage } from "../page-lock.ts";
import { EFAULT, EINTR, EINVAL, ENOSYS, EPERM, ERESTART, ESRCH } from "../errno.ts";
import { modEntry } from "../entry-update.ts";
import type { Domain, Vcpu } from "../host.ts";
import { hasAnythingOld, hasOldGuestTable, putOldGuestTable } from "../old-guest-table.ts";
import { hasOldSuperpage, putOldSuperpage } from "../old-superpage.ts";
import { putPage } from "../page-references.ts";
import { getPageType, putPageType } from "../page-types.ts";
import { PGT_type_mask, PGT_writable_page, pageTableLevel } from "../type-info.ts";
import {
  continueHypercall,
  frameOfAddress,
  getPageFromGfn,
  getPgOwner,
  guestWords,
  mayActOn,
} from "./hypercall-arguments.ts";
import {
  MMU_MACHPHYS_UPDATE,
  MMU_NORMAL_PT_UPDATE,
  MMU_PT_UPDATE_NO_TRANSLATE,
  MMU_PT_UPDATE_PRESERVE_AD,
} from "./hypercall-numbers.ts";

/** Words of a request: ptr low, ptr high, val low, val high. */
export const MMU_UPDATE_WORDS = 4;

/**
 * `mmu_update`: updates page-table entries by machine address.
 *
 * The low bits of `ptr` choose the command. The frame is locked; its type chooses the rule of L1 … L4; a frame that is
 * no page table is written without checks.
 *
 * @param requests - four words for each request: ptr low, ptr high, val low, val high.
 * @param foreigndom - low 16 bits: whose frames L1 entries may map; high 16 bits: 1 + whose tables, 0 for the caller's.
 * @returns 0 or a negated errno of the first request that failed; `vcpu.done` says how many were done before. EFAULT:
 * requests not readable; ESRCH: no such domain; EPERM: not allowed to act on it; ENOSYS: unknown command; EINVAL: not
 * the guest's frame, or of a type that has no entries; and the errors of entry updates.
 *
 * Source: `public/xen.h`; Models: do_mmu_update @ Xen 4.9. Cost: O(1) a request plus the references of its entries.
 */
export function mmuUpdate(vcpu: Vcpu, requests: unknown, count: number, foreigndom: number): number {
  vcpu.done = 0;
  vcpu.host.perf.calls_to_mmu_update++;
  const words = guestWords(requests);
  if (words === undefined) return -EFAULT;
  let tableOwner = tableOwnerOf(vcpu, foreigndom);
  let pageOwner = getPgOwner(vcpu, foreigndom & 0xffff);
  if (tableOwner === undefined || pageOwner === undefined) return -ESRCH;
  const total = count >>> 0;
  let rc = 0;
  // A continuation looks the domains up again, as one that enters Xen anew: one may be gone by then, and its slot another's.
  let continued = false;
  for (let done = 0; done < total;) {
    if (done > 0 && vcpu.host.preempt(vcpu)) {
      continueHypercall(vcpu);
      continued = true;
    }
    if (continued) {
      tableOwner = tableOwnerOf(vcpu, foreigndom);
      pageOwner = getPgOwner(vcpu, foreigndom & 0xffff);
      continued = false;
    }
    if (tableOwner === undefined || pageOwner === undefined) {
      putAnythingOld(vcpu);
      return -ESRCH;
    }
    rc = (done + 1) * MMU_UPDATE_WORDS > words.length ? -EFAULT : update(vcpu, words, done, tableOwner, pageOwner);
    if (rc === -ERESTART) {
      // The request is tried again. It has let go of no table, and an old superpage is its own progress.
      continueHypercall(vcpu);
      continued = true;
      continue;
    }
    continued = putAnythingOld(vcpu);
    if (rc !== 0) break;
    vcpu.host.perf.num_page_updates++;
    vcpu.done = ++done;
  }
  return rc;
}

/** Whose tables a call updates. */
function tableOwnerOf(vcpu: Vcpu, foreigndom: number): Domain | undefined {
  const domid = foreigndom >>> 16;
  return domid === 0 || domid - 1 === vcpu.domain.domid ? vcpu.domain : vcpu.host.findDomain(domid - 1);
}

/**
 * Puts the superpage and the table that a request let go of: each attempt is a continuation of the hypercall, as in Xen.
 * The superpage goes first, for a table that is put may let go of another.
 *
 * @returns whether there was anything, so that other vCPUs may have run.
 */
export function putAnythingOld(vcpu: Vcpu): boolean {
  if (!hasAnythingOld(vcpu)) return false;
  do {
    if (hasOldSuperpage(vcpu)) {
      continueHypercall(vcpu);
      putOldSuperpage(vcpu);
    } else if (hasOldGuestTable(vcpu)) {
      continueHypercall(vcpu);
      putOldGuestTable(vcpu);
    }
  } while (hasAnythingOld(vcpu));
  return true;
}

function update(vcpu: Vcpu, words: Int32Array, request: number, tableOwner: Domain, pageOwner: Domain): number {
  const { host, domain } = vcpu;
  const at = request * MMU_UPDATE_WORDS;
  const ptrLo = words[at] as number;
  const frame = frameOfAddress(ptrLo, words[at + 1] as number);
  const valLo = words[at + 2] as number;
  const valHi = words[at + 3] as number;
  const command = ptrLo & 7;
  switch (command) {
    case MMU_NORMAL_PT_UPDATE:
    case MMU_PT_UPDATE_PRESERVE_AD:
    case MMU_PT_UPDATE_NO_TRANSLATE: {
      if (command === MMU_PT_UPDATE_NO_TRANSLATE && !host.version.noTranslateCommand) return -ENOSYS;
      if (!mayActOn(domain, tableOwner) || !mayActOn(domain, pageOwner)) return -EPERM;
      if (!getPageFromGfn(tableOwner, frame)) return -EINVAL;
      const slot = (ptrLo & 0xfff) >> 3;
      const preserveAd = command === MMU_PT_UPDATE_PRESERVE_AD;
      const rc =
        slot < host.memory.entries ? updateFrame(vcpu, frame, slot, valLo, valHi, preserveAd, pageOwner) : -EINVAL;
      putPage(host, frame);
      return rc;
    }
    case MMU_MACHPHYS_UPDATE:
      // Simplified: the table itself is not kept. What can be seen of it here is who may write it.
      if (tableOwner !== domain) return -EPERM;
      if (!mayActOn(domain, pageOwner)) return -EPERM;
      if (!getPageFromGfn(domain, frame)) return -EINVAL;
      putPage(host, frame);
      return 0;
    default:
      return -ENOSYS;
  }
}

/** Updates a slot of a frame by what the frame is; the caller holds a general reference. */
function updateFrame(
  vcpu: Vcpu,
  frame: number,
  slot: number,
  lo: number,
  hi: number,
  preserveAd: boolean,
  pageOwner: Domain,
): number {
  const { host } = vcpu;
  if (!lockPage(host, frame)) {
    // In use as nothing: writable for the time of the store.
    if (getPageType(vcpu, frame, PGT_writable_page, false) !== 0) return -EINVAL;
    host.perf.writable_mmu_updates++;
    host.memory.store(frame, slot, lo, hi);
    putPageType(vcpu, frame, false);
    return 0;
  }
  const type = host.type.load(frame);
  const level = pageTableLevel(type);
  let rc = -EINVAL;
  if (level > 0) {
    rc = modEntry(vcpu, level, frame, slot, lo, hi, preserveAd, pageOwner);
  } else if ((type & PGT_type_mask) === PGT_writable_page) {
    host.perf.writable_mmu_updates++;
    host.memory.store(frame, slot, lo, hi);
    rc = 0;
  }
  unlockPage(host, frame);
  return rc === -EINTR ? -ERESTART : rc;
}
