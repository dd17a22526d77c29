import { type FrameView, type Pfn, _PAGE_PRESENT, _PAGE_RW, openFrame, pteMfn } from "@xsp/hypervisor";
import { HPAGE_ORDER, HPAGE_SIZE, PTRS_PER_TABLE, PUD_SIZE, pmdIndex } from "./address-layout.ts";
import { assert } from "./assert.ts";
import { ENOMEM } from "./errno.ts";
import { hugePmdUnshare, hugePteAlloc, isSharedTable } from "./huge-pmd-share.ts";
import { protectedHugePte } from "./hugetlb-entry.ts";
import { getHugePage, putHugePage } from "./hugetlb-pool.ts";
import { type Kernel, kernelOops } from "./kernel.ts";
import { NO_PAGE, PG_pinned } from "./mem-map.ts";
import { pmdOffset } from "./page-table-pages.ts";
import { ptePage } from "./pte-entry.ts";
import { flushTlbMm, setPmd } from "./pv-mmu.ts";
import { type Vma, isCowMapping } from "./vma.ts";

/**
 * Entries of hugepages over ranges of addresses: fork, unmap, mprotect. [L39 mm/hugetlb.c]
 *
 * In a pinned mm each change of an entry is one hypercall of its own: hugetlb code has no lazy sections. In an mm that is
 * not pinned it is a store. Faults are in `hugetlb-fault.ts`.
 * Simplified: the contents of hugepages are not simulated, so nothing is cleared or copied.
 */

/**
 * Copies the entries of a hugepage mapping into a child's tables at fork: `copy_hugetlb_page_range`.
 *
 * The child is not pinned, so each copy is a store. A shared mapping leaves the parent alone. Of a private one every
 * entry of the parent is made read-only first, which is a hypercall for each as the parent is pinned.
 *
 * @returns 0, or −ENOMEM when there is no memory for a page table.
 */
export function copyHugetlbPageRange(kernel: Kernel, childVma: Vma, parentVma: Vma): number {
  const { mm: child, start: from, end } = childVma;
  assert(!kernel.memMap.hasFlag(child.pgd, PG_pinned), "the tables of a child are plain memory while they are filled");
  const cow = isCowMapping(parentVma);
  for (let start = from; start < end; start = nextPmdTable(start)) {
    const table = pmdOffset(kernel, parentVma.mm, start);
    if (table === NO_PAGE) continue;
    const first = pmdIndex(start);
    const last = lastPmdIndex(start, end);
    const source = openFrame(kernel.vcpu, kernel.phys.pfnToMfn(table), false);
    assert(source !== undefined, "a page table is the guest's own");
    if (!hasEntries(source, first, last)) continue;
    const to = hugePteAlloc(kernel, childVma, start);
    if (to === NO_PAGE) return -ENOMEM;
    // The parent's, or another mapping's: its entries have their users already, and faults fill in what it lacks. L39
    // compared it with the parent's only, and so counted users twice (fixed in 2018).
    if (isSharedTable(kernel, to)) continue;
    if (cow) hugePtepSetWrprotect(kernel, table, source, first, last);
    const target = openFrame(kernel.vcpu, kernel.phys.pfnToMfn(to), true);
    if (target === undefined) kernelOops(kernel);
    else countPlainPmds(kernel, copyPmdTable(kernel, source, target, first, last));
  }
  return 0;
}

/** First address that the next PMD page maps. */
function nextPmdTable(address: number): number {
  return (Math.floor(address / PUD_SIZE) + 1) * PUD_SIZE;
}

/** Index of the last entry before `end` in the PMD page that maps `start`. */
function lastPmdIndex(start: number, end: number): number {
  return nextPmdTable(start) <= end ? PTRS_PER_TABLE - 1 : pmdIndex(end - HPAGE_SIZE);
}

function hasEntries(view: FrameView, first: number, last: number): boolean {
  for (let index = first; index <= last; index++) if (view.loadLow(index) !== 0) return true;
  return false;
}

/** Makes a parent's entries read-only, whatever they were: `huge_ptep_set_wrprotect`, a read and a `set_pmd` each. */
function hugePtepSetWrprotect(kernel: Kernel, table: Pfn, view: FrameView, first: number, last: number): void {
  for (let index = first; index <= last; index++) {
    const lo = view.loadLow(index);
    if (lo !== 0) setPmd(kernel, table, index, lo & ~_PAGE_RW, view.loadHigh(index));
  }
}

/** Hot loop of fork: one store and one more user of a hugepage for each entry. Returns how many. */
function copyPmdTable(kernel: Kernel, from: FrameView, to: FrameView, first: number, last: number): number {
  const { phys } = kernel;
  const { count } = kernel.hstate;
  let stored = 0;
  for (let index = first; index <= last; index++) {
    const lo = from.loadLow(index);
    if (lo === 0) continue;
    const hi = from.loadHigh(index);
    if ((lo & _PAGE_PRESENT) === 0) {
      getHugePage(kernel, ptePage(kernel, lo, hi));
    } else {
      const block = phys.mfnToPfn(pteMfn(lo, hi)) >>> HPAGE_ORDER;
      count[block] = (count[block] as number) + 1;
    }
    to.store(index, lo, hi);
    stored++;
  }
  return stored;
}

/**
 * Clears the entries of a range of a mapping, flushes, and drops their hugepages: `unmap_hugepage_range`.
 *
 * In a pinned mm every entry is a hypercall; at exit the mm was unpinned before, so every entry is a store.
 */
export function unmapHugepageRange(kernel: Kernel, vma: Vma, start: number, end: number): void {
  const { mm } = vma;
  const gone: Pfn[] = [];
  for (let from = start; from < end; from = nextPmdTable(from)) {
    if (hugePmdUnshare(kernel, mm, from)) continue;
    const table = pmdOffset(kernel, mm, from);
    if (table !== NO_PAGE) zapPmdTable(kernel, table, pmdIndex(from), lastPmdIndex(from, end), gone);
  }
  flushTlbMm(kernel, mm);
  // The list was filled at its head: what was cleared last is dropped first.
  for (let at = gone.length - 1; at >= 0; at--) putHugePage(kernel, gone[at] as Pfn);
}

function zapPmdTable(kernel: Kernel, table: Pfn, first: number, last: number, gone: Pfn[]): void {
  const { vcpu, phys } = kernel;
  const frame = phys.pfnToMfn(table);
  const plain = !kernel.memMap.hasFlag(table, PG_pinned);
  const view = openFrame(vcpu, frame, false);
  assert(view !== undefined, "a page table is the guest's own");
  const target = plain ? openFrame(vcpu, frame, true) : undefined;
  let stored = 0;
  for (let index = first; index <= last; index++) {
    const lo = view.loadLow(index);
    if (lo === 0) continue;
    gone.push(ptePage(kernel, lo, view.loadHigh(index)));
    if (plain) {
      if (target === undefined) kernelOops(kernel);
      else target.store(index, 0, 0);
      stored++;
    } else {
      setPmd(kernel, table, index, 0, 0);
    }
  }
  countPlainPmds(kernel, stored);
}

function countPlainPmds(kernel: Kernel, stored: number): void {
  kernel.events.plainPmds += stored;
  kernel.events.plainPteStores += stored;
}

/**
 * Changes the protection of the hugepages of a range that are there: `hugetlb_change_protection`.
 *
 * Each entry is cleared and set again: two hypercalls in a pinned mm. A private mapping that becomes writable stays
 * read-only here, as a write must copy.
 *
 * @param newFlags - VM_… bits that the mapping is to have.
 */
export function hugetlbChangeProtection(kernel: Kernel, vma: Vma, start: number, end: number, newFlags: number): void {
  for (let address = start; address < end; address += HPAGE_SIZE) {
    if (hugePmdUnshare(kernel, vma.mm, address)) continue;
    const table = pmdOffset(kernel, vma.mm, address);
    if (table === NO_PAGE) continue;
    const index = pmdIndex(address);
    const view = openFrame(kernel.vcpu, kernel.phys.pfnToMfn(table), false);
    assert(view !== undefined, "a page table is the guest's own");
    const lo = view.loadLow(index);
    if (lo === 0) continue;
    const page = ptePage(kernel, lo, view.loadHigh(index));
    const entry = protectedHugePte(kernel, page, newFlags);
    if ((entry.lo & _PAGE_RW) !== 0) kernel.memMap.scribbledBlock[page >>> HPAGE_ORDER] = 1;
    setPmd(kernel, table, index, 0, 0);
    setPmd(kernel, table, index, entry.lo, entry.hi);
  }
  flushTlbMm(kernel, vma.mm);
}
