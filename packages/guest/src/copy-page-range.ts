import { _PAGE_RW, loadFromFrameHigh } from "@xsp/hypervisor";
import { getUserPage } from "./anonymous-memory.ts";
import { assert } from "./assert.ts";
import { ENOMEM } from "./errno.ts";
import { copyHugetlbPageRange } from "./hugetlb.ts";
import type { Kernel } from "./kernel.ts";
import { NO_PAGE, PG_pinned } from "./mem-map.ts";
import { enterLazy, leaveLazy } from "./multicall-buffer.ts";
import { pteAlloc } from "./page-table-pages.ts";
import { ptePage } from "./pte-entry.ts";
import { type PteSpan, pteSpans } from "./pte-table-walk.ts";
import { entryLow, ptepSetWrprotect, setPteAt } from "./pv-mmu.ts";
import { VM_HUGETLB, type Vma, isCowMapping } from "./vma.ts";

/**
 * Copies the entries of one mapping at fork: `copy_page_range`. [L39 mm/memory.c]
 *
 * ```text
 *   4 KiB, private    parent's entry   store on a read-only PTE page: page fault into Xen, emulated, one for each
 *                     child's entry    mmu_update, held back: 31 to a hypercall; plain memory all the same
 *                                      (2.6.39 and before: a store)
 *   4 KiB, shared     nothing: a fault can fill it again; likewise private memory that was never written
 *   hugepages         see copyHugetlbPageRange
 * ```
 *
 * The trapped store for each of the parent's entries is what makes a fork of 4 KiB pages slow under PV; being in a lazy
 * section does not help it, for it is no request. [linux-facts §3.3]
 *
 * @returns 0, or −ENOMEM when there is no memory for a page table.
 */
export function copyPageRange(kernel: Kernel, childVma: Vma, parentVma: Vma): number {
  if ((parentVma.flags & VM_HUGETLB) !== 0) return copyHugetlbPageRange(kernel, childVma, parentVma);
  if (!parentVma.anonVma) return 0;
  assert(isCowMapping(parentVma), "only a private mapping has pages of its own");
  for (const span of pteSpans(kernel, parentVma.mm, parentVma.start, parentVma.end)) {
    const rc = copyPteRange(kernel, childVma, span);
    if (rc !== 0) return rc;
  }
  return 0;
}

/** `copy_pte_range`, `copy_one_pte`. The child's PTE page is made even if the parent's has no entry. */
function copyPteRange(kernel: Kernel, childVma: Vma, { table, start, first, last }: PteSpan): number {
  assert(!kernel.memMap.hasFlag(childVma.mm.pgd, PG_pinned), "a child's tables are plain memory while they are filled");
  const target = pteAlloc(kernel, childVma.mm, start);
  if (target === NO_PAGE) return -ENOMEM;
  const frame = kernel.phys.pfnToMfn(table);
  enterLazy(kernel.mc, "mmu");
  for (let index = first; index <= last; index++) {
    const lo = entryLow(kernel, table, index);
    if (lo === 0) continue;
    const hi = loadFromFrameHigh(kernel.vcpu, frame, index);
    ptepSetWrprotect(kernel, table, index);
    getUserPage(kernel, ptePage(kernel, lo, hi));
    setPteAt(kernel, target, index, lo & ~_PAGE_RW, hi);
  }
  leaveLazy(kernel.mc, "mmu");
  return 0;
}
