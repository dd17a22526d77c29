import { hasWritableMapping, storeToFrame } from "./cpu-access.ts";
import { storeEntry } from "./entry-update.ts";
import type { Vcpu } from "./host.ts";
import { adjustL1Flags, getPageFromL1e, putPageFromL1e } from "./l1-entry.ts";
import { lockPage, unlockPage } from "./page-lock.ts";
import { getPage, putPage } from "./page-references.ts";
import { _PAGE_PRESENT, pteFlags, withFlagsHi, withFlagsLo } from "./page-table-entry.ts";
import { PGT_l1_page_table, PGT_type_mask } from "./type-info.ts";

/*
 * Writable page tables: a guest that stores to one of its L1 tables in use, which it can map read-only alone, faults into
 * Xen. Xen decodes the instruction and does the store in the guest's place, by the rule of entry updates.
 *
 *   guest: lock andb $~RW, (pte) ──fault──► ptwrDoPageFault: the guest's frame? lock it; is it an L1 table?
 *                                             │ yes                                      │ no
 *                                             ▼                                          ▼
 *                     references of the new entry ──refused──────────────────► the guest gets its page fault
 *                                             │ taken
 *                                             ▼
 *                     store, or compare and swap ──lost──► references given back, the guest tries again
 *                                             │ done
 *                                             ▼
 *                     references of the old entry given back, the guest goes on
 *
 * Every emulation takes the new entry's references, even where soft flags alone change: unlike `mmu_update` it has no
 * short cut. This, after a page fault, for each entry of the parent is what a 4 KiB fork of a PV guest costs.
 *
 * Tables of L2 and above are not emulated.
 *
 * Models: ptwr_do_page_fault, ptwr_emulated_update @ Xen 4.9. Source: [linux-facts §3.3]. Simplified: the vm_assist
 * `writable_pagetables`, which every Linux turns on, is always on; an instruction stores 8 aligned bytes (a narrower one
 * is a store of the 8 bytes around it); a store whose entry another writer changed meanwhile, which the page lock rules out
 * unless a scheme has a hole, is done again, where Xen overwrites it. TLB flushes are the guest's affair, as in Xen.
 */

/**
 * How a page fault on a store ended: `done`; `retry`, the instruction is to run again; `fault`, the guest gets the page
 * fault.
 */
type PtwrOutcome = "done" | "retry" | "fault";

/** What a compare-and-swap expects to find. */
interface ExpectedEntry {
  readonly lo: number;
  readonly hi: number;
}

/** Updates an entry of an L1 table that the caller holds locked. */
function ptwrEmulatedUpdate(
  vcpu: Vcpu,
  table: number,
  slot: number,
  lo: number,
  hi: number,
  expected: ExpectedEntry | undefined,
): PtwrOutcome {
  const { host, domain } = vcpu;
  if (getPageFromL1e(vcpu, lo, hi, domain, domain) !== 0) return "fault";
  const adjusted = (lo & _PAGE_PRESENT) === 0 ? pteFlags(lo, hi) : adjustL1Flags(pteFlags(lo, hi));
  const newLo = withFlagsLo(lo, adjusted);
  const newHi = withFlagsHi(hi, adjusted);
  const oldHi = host.memory.loadHi(table, slot);
  const oldLo = expected === undefined ? host.memory.loadLo(table, slot) : expected.lo;
  const stored =
    (expected === undefined || expected.hi === oldHi) &&
    storeEntry(vcpu, table, slot, oldLo, newLo, newHi, false, expected !== undefined);
  if (!stored) {
    putPageFromL1e(vcpu, newLo, newHi);
    return "retry";
  }
  putPageFromL1e(vcpu, oldLo, oldHi);
  return "done";
}

/** Does something with a frame of the guest's that is an L1 table in use, under its page lock. */
function ptwrDoPageFault(vcpu: Vcpu, frame: number, emulate: () => PtwrOutcome): PtwrOutcome {
  const { host, domain } = vcpu;
  if (!host.mfnValid(frame) || !getPage(host, frame, domain.slot)) return "fault";
  let outcome: PtwrOutcome = "fault";
  if (lockPage(host, frame)) {
    if ((host.type.load(frame) & PGT_type_mask) === PGT_l1_page_table) outcome = emulate();
    unlockPage(host, frame);
  }
  putPage(host, frame);
  if (outcome !== "fault") host.perf.ptwr_emulations++;
  return outcome;
}

/**
 * Stores 8 bytes into a frame as the guest's CPU does: through a writable mapping, or, where the frame is an L1 table
 * in use, through a read-only one and Xen's emulation.
 *
 * @param entry - which 8 bytes of the frame.
 * @returns false for a page fault: the frame is not the guest's; it is in use as something that is not emulated; or the
 * entry is one that a hypercall would refuse. Then nothing has changed.
 *
 * Simplified: that the frame has a mapping at all is taken for granted, as by {@link storeToFrame}. Cost: O(1).
 */
export function storeToPageTable(vcpu: Vcpu, frame: number, entry: number, lo: number, hi: number): boolean {
  if (storeToFrame(vcpu, frame, entry, lo, hi)) return true;
  for (;;) {
    const outcome = ptwrDoPageFault(vcpu, frame, () => ptwrEmulatedUpdate(vcpu, frame, entry, lo, hi, undefined));
    if (outcome !== "retry") return outcome === "done";
  }
}

/**
 * Clears bits of the low word of 8 bytes with one locked instruction, as the guest's `ptep_set_wrprotect` and
 * `ptep_test_and_clear_young` do: at once where a writable mapping exists, or by Xen's emulation in an L1 table in use.
 *
 * Where the bits are clear already Xen decodes the instruction all the same, and stores nothing.
 *
 * @returns false for a page fault, with nothing changed.
 *
 * Source: [linux-facts §3.3]; Models: the locked write-back of x86_emulate @ Xen 4.9. Cost: O(1).
 */
export function clearBitsInPageTable(vcpu: Vcpu, frame: number, entry: number, bits: number): boolean {
  const { host } = vcpu;
  const { memory } = host;
  if (hasWritableMapping(vcpu, frame)) {
    const page = memory.materialize(frame);
    const slab = memory.slab(page);
    const index = memory.offset(page) + 2 * entry;
    let x = slab.load(index);
    for (;;) {
      const seen = slab.compareAndSwap(index, x, x & ~bits);
      if (seen === x) return true;
      x = seen;
    }
  }
  for (;;) {
    const outcome = ptwrDoPageFault(vcpu, frame, () => {
      const lo = memory.loadLo(frame, entry);
      const hi = memory.loadHi(frame, entry);
      return (lo & bits) === 0 ? "done" : ptwrEmulatedUpdate(vcpu, frame, entry, lo & ~bits, hi, { lo, hi });
    });
    if (outcome !== "retry") return outcome === "done";
  }
}
