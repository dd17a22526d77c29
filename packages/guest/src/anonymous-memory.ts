import { type Pfn, _PAGE_RW } from "@xsp/hypervisor";
import type { Signal } from "./errno.ts";
import { clearHighpage, copyHighpage } from "./highpage-contents.ts";
import { type Kernel, allocPages, putPage } from "./kernel.ts";
import { NO_PAGE, PG_scribbled } from "./mem-map.ts";
import { type Pte, mkPte, ptePage } from "./pte-entry.ts";
import { flushTlbMm, ptepStore, setPteAt } from "./pv-mmu.ts";
import { VM_SHARED, type Vma } from "./vma.ts";

/**
 * # Private memory of 4 KiB pages, and copy-on-write
 *
 * ```text
 *   none ── read ──► zero page, read-only ── write ──► fresh page, writable
 *    └───── write ──────────────────────────────────►       │
 *                                                            │ fork: read-only on both sides, one user more
 *                                                            ▼
 *                     sole user ── write ──► writable again, the same page: reused
 *                     others too ── write ──► copied; the old page loses a user
 * ```
 *
 * An entry that was none is set with `set_pte_at`, which under Xen is a request. An entry that is there is changed by a
 * store of the CPU, as on bare metal: in a pinned mm that is a page fault into Xen, which emulates it. A copy takes both:
 * the old entry is cleared by an exchange that traps, the new one set by a request.
 *
 * Models: do_anonymous_page, do_wp_page [L39 mm/memory.c], ptep_set_access_flags [L39 arch/x86/mm/pgtable.c].
 * Simplified: no swap, no overcommit accounting: mmap never fails for want of memory, a fault without it is the
 * out-of-memory killer's, who takes the process that faults.
 */

/** The entry that a fault is about. */
export interface PteSlot {
  readonly vma: Vma;
  /** PTE page, and index in it. */
  readonly table: Pfn;
  readonly index: number;
}

/** Takes a page for a user, with one user; NO_PAGE when memory is short. Its contents are not yet cleared or copied. */
export function allocUserPage(kernel: Kernel): Pfn {
  const page = allocPages(kernel, "GFP_HIGHUSER", 0);
  if (page !== NO_PAGE) kernel.memMap.getPage(page);
  return page;
}

/** Sets an entry that was none. A page that can be written may hold anything from now on. */
export function mapUserPage(kernel: Kernel, slot: PteSlot, page: Pfn, writable: boolean): void {
  if (writable) kernel.memMap.setFlag(page, PG_scribbled);
  const { lo, hi } = mkPte(kernel, page, writable);
  setPteAt(kernel, slot.table, slot.index, lo, hi);
}

/** There is no entry: `do_anonymous_page`. A read gets the page of zeroes, which nobody counts. */
export function doAnonymousPage(kernel: Kernel, slot: PteSlot, write: boolean): Signal | undefined {
  if (!write) {
    mapUserPage(kernel, slot, kernel.zeroPage, false);
    return undefined;
  }
  slot.vma.anonVma = true;
  const page = allocUserPage(kernel);
  if (page === NO_PAGE) return "SIGKILL";
  clearHighpage(kernel, page);
  mapUserPage(kernel, slot, page, true);
  return undefined;
}

/**
 * A write to a read-only entry: `do_wp_page`.
 *
 * @param old - the entry.
 */
export function doWpPage(kernel: Kernel, slot: PteSlot, old: Pte): Signal | undefined {
  const { vma, table, index } = slot;
  const page = ptePage(kernel, old.lo, old.hi);
  if ((vma.flags & VM_SHARED) !== 0 || isSoleUser(kernel, page)) {
    const { lo, hi } = mkPte(kernel, page, true);
    kernel.memMap.setFlag(page, PG_scribbled);
    ptepStore(kernel, table, index, lo, hi);
    flushTlbMm(kernel, vma.mm);
    return undefined;
  }
  vma.anonVma = true;
  const copy = allocUserPage(kernel);
  if (copy === NO_PAGE) return "SIGKILL";
  if (page === kernel.zeroPage) clearHighpage(kernel, copy);
  else copyHighpage(kernel, copy, page);
  // ptep_clear_flush: nobody may write through the old entry once the new page can be seen.
  ptepStore(kernel, table, index, 0, 0);
  flushTlbMm(kernel, vma.mm);
  mapUserPage(kernel, slot, copy, true);
  putUserPage(kernel, page);
  return undefined;
}

/** Whether nobody else has a page. The page cache counts as a user of what it holds. */
function isSoleUser(kernel: Kernel, page: Pfn): boolean {
  return page !== kernel.zeroPage && kernel.memMap.pageCount(page) === 1;
}

/** Whether an entry lets its owner write. */
export function pteWrite(lo: number): boolean {
  return (lo & _PAGE_RW) !== 0;
}

/** One more user of a page that an entry named: `vm_normal_page` and `get_page`. */
export function getUserPage(kernel: Kernel, page: Pfn): void {
  if (page !== kernel.zeroPage) kernel.memMap.getPage(page);
}

/** One user less. */
export function putUserPage(kernel: Kernel, page: Pfn): void {
  if (page !== kernel.zeroPage) putPage(kernel, page);
}
