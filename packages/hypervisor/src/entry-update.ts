import * as errno from "./errno.ts";
import type { Domain, Host, Vcpu } from "./host.ts";
import { getPageFromL1e, l1DisallowedFlags, putPageFromL1e } from "./l1-entry.ts";
import { setOldGuestTable } from "./old-guest-table.ts";
import { loadOwner } from "./owner-info.ts";
import { putPage } from "./page-references.ts";
import * as pageTableEntry from "./page-table-entry.ts";
import { adjustFlags } from "./page-tables.ts";
import { getPageFromTableEntry, putPageFromTableEntry, tableDisallowedFlags } from "./table-entry.ts";
import { isGuestL4Slot } from "./table-geometry.ts";

// Constants of this module, which the compiler folds into its code: see "Hot paths" in docs/benchmarks.md.
const { EBUSY, EFAULT, EINVAL, ERESTART } = errno;
const {
  _PAGE_ACCESSED,
  _PAGE_AVAIL,
  _PAGE_AVAIL_HIGH,
  _PAGE_DIRTY,
  _PAGE_GLOBAL,
  _PAGE_NX,
  _PAGE_PRESENT,
  _PAGE_PSE,
  _PAGE_RW,
  _PAGE_USER,
  flagsHigh,
  pteFlags,
  pteMfn,
  withFlagsHi,
  withFlagsLo,
} = pageTableEntry;

/*
 * Update of one entry of a validated table, under its page lock: references of the new entry first, then the store,
 * then the references of the old entry. What is stored is therefore always accounted.
 *
 * Models: mod_l1_entry … mod_l4_entry, update_intpte @ Xen 4.9 (with XSA-148 and XSA-182: PSE and RW are not soft).
 */

/** Flags whose change needs no accounting: neither what is mapped nor whether it can be written depends on them. */
const SOFT_FLAGS: number =
  _PAGE_NX | _PAGE_AVAIL_HIGH | _PAGE_AVAIL | _PAGE_GLOBAL | _PAGE_DIRTY | _PAGE_ACCESSED | _PAGE_USER;
const SOFT_HI = flagsHigh(SOFT_FLAGS);

/** Bits of the low word whose change is soft; more of them where a fix is taken out. */
function softBits(host: Host, level: number): number {
  let bits = SOFT_FLAGS & 0xfff;
  if (level === 2 && host.unfixed["XSA-148"]) bits |= _PAGE_PSE | _PAGE_RW;
  // XSA-148 had been fixed at L2 where superpages are allowed only.
  if ((level > 2 || (level === 2 && !host.superpagesAllowed)) && host.unfixed["XSA-182"]) bits |= _PAGE_RW;
  return bits;
}

/**
 * Stores an entry over the old one, which only the CPU can change meanwhile, and only in its accessed and dirty bits.
 *
 * The low word decides whether the entry is present and writable, so it is the one that is swapped; the high word is
 * written under the page lock.
 *
 * @param exact - the accessed and dirty bits must be those of the old entry too, as for a guest's own compare-and-swap.
 * @returns false when the entry was changed in any other way.
 */
export function storeEntry(
  vcpu: Vcpu,
  table: number,
  slot: number,
  oldLo: number,
  lo: number,
  hi: number,
  preserveAd: boolean,
  exact = false,
): boolean {
  const { memory } = vcpu.host;
  const page = memory.materialize(table);
  const slab = memory.slab(page);
  const index = memory.offset(page) + 2 * slot;
  const cpuBits = _PAGE_ACCESSED | _PAGE_DIRTY;
  let expected = oldLo;
  for (;;) {
    const seen = slab.compareAndSwap(index, expected, preserveAd ? lo | (expected & cpuBits) : lo);
    if (seen === expected) break;
    if (exact || ((seen ^ expected) & ~cpuBits) !== 0) return false;
    expected = seen;
  }
  slab.store(index + 1, hi);
  return true;
}

/**
 * Updates one entry.
 *
 * @param table - a validated table of this level, locked by the caller.
 * @param lo - low word of the new entry.
 * @param hi - high word of the new entry.
 * @param preserveAd - keep the old entry's accessed and dirty bits.
 * @param pageOwner - whose frame an L1 entry may map.
 * @returns 0 or a negated errno: what the new entry's references were refused for; EINVAL for refused flags and for
 * Xen's own L4 slots; EBUSY (L1, L2) or EFAULT (L3, L4) when the store was lost.
 */
export function modEntry(
  vcpu: Vcpu,
  level: number,
  table: number,
  slot: number,
  lo: number,
  hi: number,
  preserveAd: boolean,
  pageOwner: Domain,
): number {
  const { host } = vcpu;
  if (level === 4 && !isGuestL4Slot(host, slot)) return -EINVAL;
  const tableOwner = host.domains[loadOwner(host.owner, table)] as Domain;
  const oldLo = host.memory.loadLo(table, slot);
  const oldHi = host.memory.loadHi(table, slot);
  let newLo = lo;
  let newHi = hi;
  let undoLo = oldLo;
  let undoHi = oldHi;
  let rc = 0;
  if ((lo & _PAGE_PRESENT) !== 0) {
    const flags = pteFlags(lo, hi);
    const refused = level === 1 ? l1DisallowedFlags(tableOwner) : tableDisallowedFlags(host, level);
    if ((flags & refused) !== 0) return -EINVAL;
    const adjusted = adjustFlags(vcpu, level, flags);
    newLo = withFlagsLo(lo, adjusted);
    newHi = withFlagsHi(hi, adjusted);
    if (((oldLo ^ lo) & ~softBits(host, level)) === 0 && ((oldHi ^ hi) & ~SOFT_HI) === 0) {
      return storeEntry(vcpu, table, slot, oldLo, newLo, newHi, preserveAd) ? 0 : -EBUSY;
    }
    rc =
      level === 1
        ? getPageFromL1e(vcpu, lo, hi, tableOwner, pageOwner)
        : getPageFromTableEntry(vcpu, level, lo, hi, table, tableOwner, false, true);
    if (rc !== 0) {
      // The whole update is tried again, so the half-done entry's reference is not kept for it.
      if (rc === -ERESTART) putPage(host, pteMfn(lo, hi));
      return rc;
    }
    if (!storeEntry(vcpu, table, slot, oldLo, newLo, newHi, preserveAd)) {
      undoLo = newLo;
      undoHi = newHi;
      rc = level <= 2 ? -EBUSY : -EFAULT;
    }
  } else if (!storeEntry(vcpu, table, slot, oldLo, newLo, newHi, preserveAd)) {
    return level <= 2 ? -EBUSY : -EFAULT;
  }
  dropEntry(vcpu, level, undoLo, undoHi, table);
  return rc;
}

/** Gives an entry's references back; a table of the upper levels waits until the page lock is gone. */
function dropEntry(vcpu: Vcpu, level: number, lo: number, hi: number, table: number): void {
  if (level === 1) {
    putPageFromL1e(vcpu, lo, hi);
  } else if (level === 2) {
    // When preempted, the rest of the work waits until the page lock is gone, as the old superpage.
    putPageFromTableEntry(vcpu, 2, lo, hi, table, false, true);
  } else if ((lo & _PAGE_PRESENT) !== 0 && (lo & _PAGE_PSE) === 0 && pteMfn(lo, hi) !== table) {
    vcpu.host.perf.tableFramePuts++;
    vcpu.host.perf.tableTypePuts++;
    setOldGuestTable(vcpu, pteMfn(lo, hi), false, table);
  }
}
