import { type Pfn, loadFromFrameHigh } from "@xsp/hypervisor";
import { PAGE_SIZE, TASK_SIZE } from "./address-layout.ts";
import { putUserPage } from "./anonymous-memory.ts";
import { EINVAL } from "./errno.ts";
import type { HugetlbFile } from "./hugetlb-file.ts";
import { hugetlbVmOpClose } from "./hugetlb-reservation.ts";
import { unmapHugepageRange } from "./hugetlb.ts";
import { hugetlbEvictInode } from "./hugetlbfs.ts";
import type { Kernel } from "./kernel.ts";
import { type Mm, detachVmas, vmasIn } from "./mm.ts";
import { enterLazy, leaveLazy } from "./multicall-buffer.ts";
import { freePgtables } from "./page-table-pages.ts";
import { ptePage } from "./pte-entry.ts";
import { type PteSpan, pteSpans } from "./pte-table-walk.ts";
import { entryLow, flushTlbMm, ptepStore } from "./pv-mmu.ts";
import type { ShmemFile } from "./shmem-file.ts";
import { shmemTruncate } from "./shmem.ts";
import { splitAround } from "./vma-boundaries.ts";
import { VM_HUGETLB, type Vma } from "./vma.ts";

/**
 * Mappings go: entries, page tables, the use of a file. [L39 mm/mmap.c, mm/memory.c]
 *
 * ```text
 *                 live munmap (pinned)                            exit (unpinned before)
 *   hugepage      one mmu_update, a hypercall each                store
 *   4 KiB page    exchange on a read-only table: traps into Xen   store
 *   tables        entry above cleared, page writable again        store
 * ```
 */

/**
 * Takes a range out of an address space, whatever is mapped there: `do_munmap`.
 *
 * @param start - in bytes.
 * @param length - in bytes, rounded up to whole pages.
 * @returns 0, also where nothing is mapped; −EINVAL when the start is no page's, the length 0, the range outside user
 * space, or one end of it inside a hugepage.
 */
export function doMunmap(kernel: Kernel, mm: Mm, start: number, length: number): number {
  if (start % PAGE_SIZE !== 0 || start < 0 || start > TASK_SIZE) return -EINVAL;
  if (length <= 0 || length > TASK_SIZE - start) return -EINVAL;
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  const rc = splitAround(mm, start, end);
  if (rc === 0) unmapVmas(kernel, mm, vmasIn(mm, start, end));
  return rc;
}

/** Takes a whole mapping out: `unmap_region`. */
export function unmapRegion(kernel: Kernel, mm: Mm, vma: Vma): void {
  unmapVmas(kernel, mm, [vma]);
}

/** Takes all mappings out: the part of `exit_mmap` that comes after the unpin. */
export function unmapAll(kernel: Kernel, mm: Mm): void {
  unmapVmas(kernel, mm, mm.vmas);
}

/** Detaches mappings and clears their entries (`unmap_vmas`), flushes once, frees tables, lets files go. */
function unmapVmas(kernel: Kernel, mm: Mm, vmas: readonly Vma[]): void {
  detachVmas(mm, vmas);
  const gone: Pfn[] = [];
  let flush = false;
  for (const vma of vmas) {
    if ((vma.flags & VM_HUGETLB) !== 0) {
      unmapHugepageRange(kernel, vma, vma.start, vma.end);
    } else {
      zapPageRange(kernel, vma, gone);
      flush = true;
    }
  }
  if (flush) flushTlbMm(kernel, mm);
  for (const page of gone) putUserPage(kernel, page);
  freePgtables(kernel, mm, vmas);
  for (const vma of vmas) removeVma(kernel, vma);
}

/** Clears the entries of a mapping of 4 KiB pages and collects their pages, as in `struct mmu_gather`: `zap_pte_range`. */
function zapPageRange(kernel: Kernel, vma: Vma, gone: Pfn[]): void {
  for (const span of pteSpans(kernel, vma.mm, vma.start, vma.end)) {
    // The section holds nothing back: exchanges are no requests.
    enterLazy(kernel.mc, "mmu");
    zapPteTable(kernel, span, gone);
    leaveLazy(kernel.mc, "mmu");
  }
}

/** `ptep_get_and_clear_full` for each entry that is not none. */
function zapPteTable(kernel: Kernel, { table, first, last }: PteSpan, gone: Pfn[]): void {
  const frame = kernel.phys.pfnToMfn(table);
  for (let index = first; index <= last; index++) {
    const lo = entryLow(kernel, table, index);
    if (lo === 0) continue;
    const page = ptePage(kernel, lo, loadFromFrameHigh(kernel.vcpu, frame, index));
    if (ptepStore(kernel, table, index, 0, 0)) gone.push(page);
  }
}

/** `remove_vma`. */
function removeVma(kernel: Kernel, vma: Vma): void {
  hugetlbVmOpClose(kernel, vma);
  if (vma.file === undefined) return;
  vma.file.mappings.delete(vma);
  releaseFile(kernel, vma.file);
}

/** Frees the pages of a file that nobody names or maps any more: `iput`. */
export function releaseFile(kernel: Kernel, file: HugetlbFile | ShmemFile): void {
  if (file.kind === "hugetlb") return hugetlbEvictInode(kernel, file);
  if (!file.linked && file.mappings.size === 0) shmemTruncate(kernel, file);
}
