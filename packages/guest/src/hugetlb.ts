import { type FrameView, type Pfn, _PAGE_PRESENT, openFrame, pfn, pteHi, pteLo, pteMfn } from "@xsp/hypervisor";
import { HPAGE_ORDER, HPAGE_SIZE, PAGE_SHARED_HUGE, PTRS_PER_TABLE, PUD_SIZE, pmdIndex } from "./address-layout.ts";
import { assert } from "./assert.ts";
import { EINVAL, ENOMEM, type Signal } from "./errno.ts";
import type { HugetlbFile } from "./hugetlb-file.ts";
import { dequeueHugePage, putHugePage, reserveHugePages, unreserveHugePages } from "./hugetlb-pool.ts";
import { type Kernel, kernelOops } from "./kernel.ts";
import { NO_PAGE, PG_pinned } from "./mem-map.ts";
import type { Mm } from "./mm.ts";
import { flushTlbMm, setPmd } from "./pv-mmu.ts";
import { pmdAlloc, pmdOffset } from "./page-table-pages.ts";
import { type Vma, fileOffset } from "./vma.ts";

/**
 * Files of hugepages and the entries that map them. [L39 mm/hugetlb.c, fs/hugetlbfs/inode.c]
 *
 * An entry is written where a fault is served, where fork copies it and where a mapping goes. In a pinned mm each is one
 * hypercall of its own: hugetlb code has no lazy sections. In an mm that is not pinned it is a store.
 * Simplified: shared mappings only, and the contents of hugepages are not simulated, so nothing is cleared.
 */

/**
 * Makes a file and promises it all its pages: `hugetlb_file_setup`, as for SHM_HUGETLB.
 *
 * @param bytes - a multiple of 2 MiB.
 * @returns −EINVAL for another length, −ENOMEM when the pool has too few pages that are free and not promised.
 */
export function hugetlbFileSetup(kernel: Kernel, bytes: number): HugetlbFile | number {
  if (bytes <= 0 || bytes % HPAGE_SIZE !== 0) return -EINVAL;
  const nrHugepages = bytes / HPAGE_SIZE;
  if (!reserveHugePages(kernel, nrHugepages)) return -ENOMEM;
  return { kind: "hugetlb", nrHugepages, pages: new Int32Array(nrHugepages), mappings: new Set(), linked: true };
}

/** Gives all pages of a file that nobody names or maps back to the pool: `truncate_hugepages`. */
export function truncateHugepages(kernel: Kernel, file: HugetlbFile): void {
  assert(file.mappings.size === 0, "a file is truncated when nobody maps it");
  let untouched = 0;
  for (let index = file.nrHugepages - 1; index >= 0; index--) {
    const known = file.pages[index] as number;
    file.pages[index] = 0;
    if (known === 0) untouched++;
    else putHugePage(kernel, pfn(known - 1));
  }
  unreserveHugePages(kernel, untouched);
}

/** Page of the file behind an address, taken from the pool at first touch: the first half of `hugetlb_no_page`. */
function findOrAllocPage(kernel: Kernel, file: HugetlbFile, index: number): Pfn {
  const known = file.pages[index] as number;
  if (known !== 0) return pfn(known - 1);
  const page = dequeueHugePage(kernel);
  unreserveHugePages(kernel, 1);
  file.pages[index] = page + 1;
  return page;
}

/**
 * Serves a page fault in a hugepage mapping: `hugetlb_fault`.
 *
 * In a pinned mm: one `mmu_update` for the entry and, for the first of each 1 GiB, the new PMD page read-only and one
 * `mmu_update` more. [linux-facts §3.4]
 *
 * @returns SIGKILL when there is no memory for a page table.
 */
export function hugetlbFault(kernel: Kernel, vma: Vma, address: number): Signal | undefined {
  const { file, mm } = vma;
  assert(file?.kind === "hugetlb", "a hugetlb fault is in a mapping of hugepages");
  const table = pmdAlloc(kernel, mm, address);
  if (table === NO_PAGE) return "SIGKILL";
  const index = pmdIndex(address);
  const page = findOrAllocPage(kernel, file, Math.floor(fileOffset(vma, address) / HPAGE_SIZE));
  const { count } = kernel.hstate;
  const block = page >>> HPAGE_ORDER;
  count[block] = (count[block] as number) + 1;
  kernel.memMap.scribbledBlock[block] = 1;
  const frame = kernel.phys.pfnToMfn(page);
  setPmd(kernel, table, index, pteLo(frame, PAGE_SHARED_HUGE), pteHi(frame, PAGE_SHARED_HUGE));
  kernel.events.hugepageFaults++;
  return undefined;
}

/**
 * Copies the entries of a shared hugepage mapping into a child's tables at fork: `copy_hugetlb_page_range`.
 *
 * The child is not pinned, so each copy is a store; the parent is not changed. See `fork.ts`.
 *
 * @returns 0, or −ENOMEM when there is no memory for a page table.
 */
export function copyHugetlbPageRange(kernel: Kernel, child: Mm, parent: Mm, vma: Vma): number {
  assert(!kernel.memMap.hasFlag(child.pgd, PG_pinned), "the tables of a child are plain memory while they are filled");
  for (let start = vma.start; start < vma.end; start = nextPmdTable(start)) {
    const from = pmdOffset(kernel, parent, start);
    if (from === NO_PAGE) continue;
    const first = pmdIndex(start);
    const last = lastPmdIndex(start, vma.end);
    const source = openFrame(kernel.vcpu, kernel.phys.pfnToMfn(from), false);
    assert(source !== undefined, "a page table is the guest's own");
    if (!hasEntries(source, first, last)) continue;
    const to = pmdAlloc(kernel, child, start);
    if (to === NO_PAGE) return -ENOMEM;
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
  for (let index = first; index <= last; index++) {
    if ((view.loadLow(index) & _PAGE_PRESENT) !== 0) return true;
  }
  return false;
}

/** Hot loop of fork: one store and one more user of a hugepage for each present entry. Returns how many. */
function copyPmdTable(kernel: Kernel, from: FrameView, to: FrameView, first: number, last: number): number {
  const { phys } = kernel;
  const { count } = kernel.hstate;
  let stored = 0;
  for (let index = first; index <= last; index++) {
    const lo = from.loadLow(index);
    if ((lo & _PAGE_PRESENT) === 0) continue;
    const hi = from.loadHigh(index);
    const block = phys.mfnToPfn(pteMfn(lo, hi)) >>> HPAGE_ORDER;
    count[block] = (count[block] as number) + 1;
    to.store(index, lo, hi);
    stored++;
  }
  return stored;
}

/**
 * Clears the entries of a range of a mapping and drops their hugepages: `unmap_hugepage_range`.
 *
 * In a pinned mm every entry is a hypercall; at exit the mm was unpinned before, so every entry is a store.
 */
export function unmapHugepageRange(kernel: Kernel, vma: Vma, start: number, end: number): void {
  const { mm } = vma;
  for (let from = start; from < end; from = nextPmdTable(from)) {
    const table = pmdOffset(kernel, mm, from);
    if (table === NO_PAGE) continue;
    zapPmdTable(kernel, table, pmdIndex(from), lastPmdIndex(from, end));
  }
  flushTlbMm(kernel, mm);
}

function zapPmdTable(kernel: Kernel, table: Pfn, first: number, last: number): void {
  const { vcpu, phys } = kernel;
  const frame = phys.pfnToMfn(table);
  const plain = !kernel.memMap.hasFlag(table, PG_pinned);
  const view = openFrame(vcpu, frame, false);
  assert(view !== undefined, "a page table is the guest's own");
  const target = plain ? openFrame(vcpu, frame, true) : undefined;
  let stored = 0;
  for (let index = first; index <= last; index++) {
    const lo = view.loadLow(index);
    if ((lo & _PAGE_PRESENT) === 0) continue;
    const page = phys.mfnToPfn(pteMfn(lo, view.loadHigh(index)));
    if (plain) {
      if (target === undefined) kernelOops(kernel);
      else target.store(index, 0, 0);
      stored++;
    } else {
      setPmd(kernel, table, index, 0, 0);
    }
    putHugePage(kernel, page);
  }
  countPlainPmds(kernel, stored);
}

function countPlainPmds(kernel: Kernel, stored: number): void {
  kernel.events.plainPmds += stored;
  kernel.events.plainPteStores += stored;
}
