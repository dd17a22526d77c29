/**
 * # Page faults in mappings of hugepages
 *
 * ```text
 *   hugetlbFault ── no entry ──► hugetlbNoPage ── in the page cache? ── no ── beyond i_size? ──► SIGBUS
 *       │                             │ yes                               │
 *       │                             ▼                                   ▼
 *       │                        entry set ◄──── shared: page cache ◄── allocHugePage ── none ──► SIGBUS
 *       │                             │                private: anonymous
 *       │                             │ private and a write: in the same fault
 *       └─ read-only, a write ──► hugetlbCow ── anonymous, sole mapper ──► made writable
 *                                     │
 *                                     └► allocHugePage ──► copy: cleared, flushed, set; old page dropped
 *                                             │ none
 *                                             ├─ owner of its reservation, old page anonymous ──► unmapRefPrivate:
 *                                             │     torn from the children; now it is the sole mapper
 *                                             └─ else SIGBUS
 * ```
 *
 * A hugepage that cannot be had is a SIGBUS and not ENOMEM: nobody returns an errno from a touch. A page table that
 * cannot be had is the out-of-memory killer's business.
 *
 * In a live mm every set and clear is one `mmu_update`, and, for the first of each 1 GiB, the new PMD page read-only and
 * one `mmu_update` more. So the first write to a private page costs two: the entry is set read-only, and found to have no
 * other mapper. [linux-facts §2.4, §3.4]
 *
 * Models: hugetlb_fault, hugetlb_no_page, hugetlb_cow, unmap_ref_private [L39 mm/hugetlb.c]. The mutex around them is the
 * one vCPU. A page of the page cache is never made writable for a private mapping: L39 did that for a sole mapper, and the
 * store then reached the file (fixed in 2013).
 */
import { type Pfn, _PAGE_RW, loadFromFrameHigh } from "@xsp/hypervisor";
import { HPAGE_ORDER, HPAGE_SIZE, pmdIndex } from "./address-layout.ts";
import { assert } from "./assert.ts";
import type { Signal } from "./errno.ts";
import { hugePteAlloc } from "./huge-pmd-share.ts";
import { makeHugePte } from "./hugetlb-entry.ts";
import type { HugetlbFile } from "./hugetlb-file.ts";
import { getHugePage, putHugePage } from "./hugetlb-pool.ts";
import { allocHugePage, hugepageIndex, hugetlbFileOf, isVmaResvSet } from "./hugetlb-reservation.ts";
import { type Kernel, kernelOops, printk } from "./kernel.ts";
import { NO_PAGE } from "./mem-map.ts";
import { pmdOffset } from "./page-table-pages.ts";
import { ptePage } from "./pte-entry.ts";
import { entryLow, flushTlbMm, setPmd } from "./pv-mmu.ts";
import { HPAGE_RESV_OWNER, HPAGE_RESV_UNMAPPED, resvUnmapped } from "./resv-map.ts";
import { VM_SHARED, VM_WRITE, type Vma } from "./vma.ts";

/** The entry that a fault is about. */
interface FaultingEntry {
  readonly vma: Vma;
  /** First address of the hugepage. */
  readonly address: number;
  /** PMD page, and index in it. */
  readonly table: Pfn;
  readonly index: number;
}

/**
 * Serves a page fault: `hugetlb_fault`. The mapping allows the access.
 *
 * @param address - where, in bytes.
 * @returns SIGBUS beyond the end of the file, without a hugepage, or where one was torn away; SIGKILL when there is no
 * memory for a page table.
 */
export function hugetlbFault(kernel: Kernel, vma: Vma, address: number, write: boolean): Signal | undefined {
  const base = Math.floor(address / HPAGE_SIZE) * HPAGE_SIZE;
  const table = hugePteAlloc(kernel, vma, base);
  if (table === NO_PAGE) return "SIGKILL";
  const entry: FaultingEntry = { vma, address: base, table, index: pmdIndex(base) };
  const lo = entryLow(kernel, table, entry.index);
  if (lo === 0) return hugetlbNoPage(kernel, entry, write);
  if (!write || (lo & _PAGE_RW) !== 0) return undefined;
  const old = pageOf(kernel, entry);
  const cached = hugetlbfsPagecachePage(hugetlbFileOf(vma), hugepageIndex(vma, base));
  const signal = hugetlbCow(kernel, entry, old, old !== cached);
  if (signal === undefined) kernel.events.hugepageFaults++;
  return signal;
}

/** Hugepage that the page cache of a file has: NO_PAGE when it has none. */
function hugetlbfsPagecachePage(file: HugetlbFile, index: number): Pfn {
  return file.pages.get(index) ?? NO_PAGE;
}

/** Puts a hugepage, with the one user it has, into the page cache of a file: `add_to_page_cache`. */
function addToPageCache(file: HugetlbFile, index: number, page: Pfn): void {
  file.pages.set(index, page);
}

function pageOf(kernel: Kernel, { table, index }: FaultingEntry): Pfn {
  const hi = loadFromFrameHigh(kernel.vcpu, kernel.phys.pfnToMfn(table), index);
  return ptePage(kernel, entryLow(kernel, table, index), hi);
}

function setHugePte(kernel: Kernel, { table, index }: FaultingEntry, page: Pfn, writable: boolean): void {
  const { lo, hi } = makeHugePte(kernel, page, writable);
  setPmd(kernel, table, index, lo, hi);
  if (writable) kernel.memMap.scribbledBlock[page >>> HPAGE_ORDER] = 1;
}

/** There is no entry: `hugetlb_no_page`. */
function hugetlbNoPage(kernel: Kernel, entry: FaultingEntry, write: boolean): Signal | undefined {
  const { vma, address } = entry;
  if (isVmaResvSet(vma, HPAGE_RESV_UNMAPPED)) {
    printk(kernel, `PID ${kernel.currentPid} killed due to inadequate hugepage pool`);
    return "SIGBUS";
  }
  const file = hugetlbFileOf(vma);
  const shared = (vma.flags & VM_SHARED) !== 0;
  const at = hugepageIndex(vma, address);
  let page = hugetlbfsPagecachePage(file, at);
  let anonymous = false;
  if (page === NO_PAGE) {
    if (at >= file.size / HPAGE_SIZE) return "SIGBUS";
    page = allocHugePage(kernel, vma, at);
    if (page === NO_PAGE) return "SIGBUS";
    anonymous = !shared;
    if (shared) addToPageCache(file, at, page);
  }
  if (!anonymous) getHugePage(kernel, page);
  setHugePte(kernel, entry, page, shared && (vma.flags & VM_WRITE) !== 0);
  kernel.events.hugepageFaults++;
  return write && !shared ? hugetlbCow(kernel, entry, page, anonymous) : undefined;
}

/**
 * A write to a read-only entry of a private mapping: `hugetlb_cow`.
 *
 * @param old - page that the entry maps.
 * @param anonymous - whether it is not in the page cache.
 */
function hugetlbCow(kernel: Kernel, entry: FaultingEntry, old: Pfn, anonymous: boolean): Signal | undefined {
  const { vma, address } = entry;
  assert((vma.flags & VM_SHARED) === 0, "only a private mapping copies on write");
  if (isSoleUser(kernel, old)) {
    setHugePtepWritable(kernel, entry, old);
    return undefined;
  }
  const page = allocHugePage(kernel, vma, hugepageIndex(vma, address));
  if (page === NO_PAGE) {
    // What the owner reserved at this address it has, in the page that the children share with it.
    if (!anonymous || !isVmaResvSet(vma, HPAGE_RESV_OWNER)) return "SIGBUS";
    unmapRefPrivate(kernel, entry, old);
    if (!isSoleUser(kernel, old)) kernelOops(kernel);
    setHugePtepWritable(kernel, entry, old);
    return undefined;
  }
  setPmd(kernel, entry.table, entry.index, 0, 0);
  flushTlbMm(kernel, vma.mm);
  setHugePte(kernel, entry, page, true);
  putHugePage(kernel, old);
  return undefined;
}

/** Whether one entry is all that has a page: no other entry, and not the page cache. */
function isSoleUser(kernel: Kernel, page: Pfn): boolean {
  return kernel.hstate.count[page >>> HPAGE_ORDER] === 1;
}

/** `set_huge_ptep_writable`: the entry changes, so it is written and flushed. */
function setHugePtepWritable(kernel: Kernel, entry: FaultingEntry, page: Pfn): void {
  setHugePte(kernel, entry, page, true);
  flushTlbMm(kernel, entry.vma.mm);
}

/**
 * Takes an anonymous page away from all who map it without a reservation of their own: `unmap_ref_private`.
 *
 * They would find zeroes there if they were let in again, so they are marked: their next fault on a page that is not
 * there is a SIGBUS.
 */
function unmapRefPrivate(kernel: Kernel, { vma, address }: FaultingEntry, page: Pfn): void {
  const offset = hugepageIndex(vma, address) * HPAGE_SIZE;
  for (const other of hugetlbFileOf(vma).mappings) {
    if (other === vma || isVmaResvSet(other, HPAGE_RESV_OWNER)) continue;
    const there = offset - other.offset + other.start;
    if (there < other.start || there >= other.end) continue;
    const table = pmdOffset(kernel, other.mm, there);
    if (table === NO_PAGE) continue;
    const entry: FaultingEntry = { vma: other, address: there, table, index: pmdIndex(there) };
    if (entryLow(kernel, table, entry.index) === 0 || pageOf(kernel, entry) !== page) continue;
    other.resv = resvUnmapped();
    setPmd(kernel, table, entry.index, 0, 0);
    flushTlbMm(kernel, other.mm);
    putHugePage(kernel, page);
  }
}
