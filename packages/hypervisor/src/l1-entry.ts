import * as errno from "./errno.ts";
import { ALL_ONES_MFN } from "./frame-number.ts";
import type { Domain, Host, Vcpu } from "./host.ts";
import * as ownerInfo from "./owner-info.ts";
import { getPageOwnerAndReference, putPage } from "./page-references.ts";
import * as pageTableEntry from "./page-table-entry.ts";
import { getPageType, putPageAndType } from "./page-types.ts";
import * as typeInfo from "./type-info.ts";

// Constants of this module, which the compiler folds into its code: see "Hot paths" in docs/benchmarks.md.
const { EBUSY, EINVAL, EPERM } = errno;
const { OWNER_IO, loadOwner } = ownerInfo;
const {
  PTE_FLAGS_MASK,
  _PAGE_ACCESSED,
  _PAGE_AVAIL,
  _PAGE_AVAIL_HIGH,
  _PAGE_DIRTY,
  _PAGE_GLOBAL,
  _PAGE_GUEST_KERNEL,
  _PAGE_NX,
  _PAGE_PAT,
  _PAGE_PCD,
  _PAGE_PRESENT,
  _PAGE_PWT,
  _PAGE_RW,
  _PAGE_USER,
  pteFlags,
  pteMfn,
} = pageTableEntry;
const { PGT_writable_page } = typeInfo;

/*
 * References of L1 entries: a 4 KiB mapping of a data frame.
 *
 * Models: get_page_from_l1e, put_page_from_l1e, adjust_guest_l1e @ Xen 4.9.
 */

/** Flags that an entry of any level may have. */
export const GUEST_FLAGS: number =
  _PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_AVAIL | _PAGE_AVAIL_HIGH | _PAGE_NX;

/** Cache attributes: for domains that may use I/O memory only. */
const CACHE_ATTRIBUTES = _PAGE_PWT | _PAGE_PCD | _PAGE_PAT;
const L1_DISALLOWED = PTE_FLAGS_MASK & ~(GUEST_FLAGS | _PAGE_GLOBAL);

/** Frame of the local APIC, which no domain may map. */
const LOCAL_APIC_FRAME = 0xfee00;

/** Bit 62: marks grant mappings, which debug builds keep apart. */
const _PAGE_GNTTAB = 1 << 22;

/** Flags refused in a present L1 entry of this domain. */
export function l1DisallowedFlags(domain: Domain): number {
  const refused = domain.host.debugBuild ? L1_DISALLOWED | _PAGE_GNTTAB : L1_DISALLOWED;
  return domain.privileged ? refused & ~CACHE_ATTRIBUTES : refused;
}

/** Whether a domain may map a frame that is no RAM. */
function iomemAccessPermitted(host: Host, domain: Domain, frame: number): boolean {
  return domain.privileged && frame !== LOCAL_APIC_FRAME && frame < host.physicalFrames;
}

/**
 * Takes the references of an L1 entry.
 *
 * @param tableOwner - the domain whose page table it is.
 * @param pageOwner - the domain whose frame it is to map: `foreigndom` of the hypercall.
 * @returns 0; −EINVAL for refused flags or the all-ones frame; −EPERM for I/O memory without permission; −EBUSY when
 * the frame is another's or in use as something that excludes writing.
 */
export function getPageFromL1e(vcpu: Vcpu, lo: number, hi: number, tableOwner: Domain, pageOwner: Domain): number {
  const { host } = vcpu;
  if ((lo & _PAGE_PRESENT) === 0) return 0;
  if ((pteFlags(lo, hi) & l1DisallowedFlags(tableOwner)) !== 0) {
    return host.refuse("getPageFromL1e: flags that a guest may not set", pteMfn(lo, hi), -EINVAL);
  }
  const frame = pteMfn(lo, hi);
  const realOwner = host.mfnValid(frame) ? getPageOwnerAndReference(host, frame) : OWNER_IO;
  if (realOwner === OWNER_IO) {
    // The reference was only needed to learn the owner.
    if (host.mfnValid(frame)) putPage(host, frame);
    // Naming the I/O domain means: with the caller's own permission.
    const asker = pageOwner.slot === OWNER_IO ? vcpu.domain : pageOwner;
    if (!iomemAccessPermitted(host, asker, frame)) {
      const rc = frame === ALL_ONES_MFN ? -EINVAL : -EPERM;
      return host.refuse("getPageFromL1e: no RAM, and I/O memory is not permitted", frame, rc);
    }
    if (iomemAccessPermitted(host, tableOwner, frame)) return 0;
    return host.refuse("getPageFromL1e: I/O memory is not permitted to the table's owner", frame, -EPERM);
  }
  if (realOwner !== pageOwner.slot) {
    host.refuse("getPageFromL1e: another's frame", frame, -EBUSY);
    if (realOwner >= 0) putPage(host, frame);
    return -EBUSY;
  }
  host.perf.tableFrameGets++;
  if ((lo & _PAGE_RW) === 0) return 0;
  if (getPageType(vcpu, frame, PGT_writable_page, false) === 0) {
    host.perf.tableTypeGets++;
    return 0;
  }
  host.perf.tableFrameGets--;
  putPage(host, frame);
  return -EBUSY;
}

/** Gives the references of an L1 entry back. */
export function putPageFromL1e(vcpu: Vcpu, lo: number, hi: number): void {
  const { host } = vcpu;
  if ((lo & _PAGE_PRESENT) === 0) return;
  const frame = pteMfn(lo, hi);
  if (!host.mfnValid(frame) || loadOwner(host.owner, frame) === OWNER_IO) return;
  host.perf.tableFramePuts++;
  if ((lo & _PAGE_RW) !== 0) {
    host.perf.tableTypePuts++;
    putPageAndType(vcpu, frame);
  } else {
    putPage(host, frame);
  }
}

/**
 * Flags that a present L1 entry of a 64-bit guest gets: kernel mappings run in user mode too, and only user mappings
 * are not global.
 */
export function adjustL1Flags(flags: number): number {
  let adjusted = flags;
  if ((adjusted & _PAGE_USER) === 0) adjusted |= _PAGE_GUEST_KERNEL | _PAGE_USER;
  if ((adjusted & _PAGE_GUEST_KERNEL) === 0) adjusted |= _PAGE_GLOBAL | _PAGE_USER;
  return adjusted;
}
