import { type Pfn, pteHi, pteLo } from "@xsp/hypervisor";
import { PUD_SIZE, _PAGE_TABLE, pgdIndex, pudIndex } from "./address-layout.ts";
import type { Kernel } from "./kernel.ts";
import { NO_PAGE } from "./mem-map.ts";
import type { Mm } from "./mm.ts";
import { pmdAlloc, pmdOffset, pudAlloc } from "./page-table-pages.ts";
import { entryPage, setPud } from "./pv-mmu.ts";
import { VM_SHARED, type Vma, fileOffset } from "./vma.ts";

/**
 * # PMD pages that several processes share
 *
 * ```text
 *   parent   PUD entry ──┐
 *                        ├──► PMD page ──► 512 hugepages of a file        count of the page: sharers less one
 *   child    PUD entry ──┘
 * ```
 *
 * A fork of 64 GiB is then 64 stores into a PUD page and none into a PMD page. It needs a shared mapping and spans of
 * 1 GiB that lie whole, and aligned, in both mappings.
 *
 * Under Xen it is off, as in UEK: one mm's unpin would make the table writable while the other mm, still pinned, uses it.
 * It is here for comparison with a native kernel.
 *
 * Models: huge_pte_alloc, huge_pmd_share, huge_pmd_unshare [L39 arch/x86/mm/hugetlbpage.c; linux-facts §3.1]. A shared
 * page counts for each mm that uses it. Simplified: the page's count is how many others use it, not one more.
 */

/**
 * PMD page for an address of a mapping of hugepages, shared or made if there is none: `huge_pte_alloc`.
 *
 * @returns NO_PAGE when memory is short.
 */
export function hugePteAlloc(kernel: Kernel, vma: Vma, address: number): Pfn {
  if (kernel.pvOps === "native" && pmdOffset(kernel, vma.mm, address) === NO_PAGE) hugePmdShare(kernel, vma, address);
  return pmdAlloc(kernel, vma.mm, address);
}

/** Points to the PMD page that another mapping of the same pages has, if there is one: `huge_pmd_share`. */
function hugePmdShare(kernel: Kernel, vma: Vma, address: number): void {
  const { mm, file } = vma;
  const base = Math.floor(address / PUD_SIZE) * PUD_SIZE;
  if (!isShareable(vma, base) || file === undefined) return;
  const offset = fileOffset(vma, base);
  for (const other of file.mappings) {
    const there = other.start + offset - other.offset;
    if (other === vma || other.flags !== vma.flags || !isShareable(other, there)) continue;
    const table = pmdOffset(kernel, other.mm, there);
    if (table === NO_PAGE) continue;
    const pud = pudAlloc(kernel, mm, base);
    if (pud === NO_PAGE) return;
    const frame = kernel.phys.pfnToMfn(table);
    setPud(kernel, pud, pudIndex(base), pteLo(frame, _PAGE_TABLE), pteHi(frame, _PAGE_TABLE));
    kernel.memMap.getPage(table);
    mm.pageTablePages++;
    return;
  }
}

/** Whether 1 GiB from an address on is aligned and all in a shared mapping: `vma_shareable`, `page_table_shareable`. */
function isShareable({ flags, start, end }: Vma, base: number): boolean {
  return (flags & VM_SHARED) !== 0 && base % PUD_SIZE === 0 && base >= start && base + PUD_SIZE <= end;
}

/** Whether a PMD page is used by more than one PUD entry. */
export function isSharedTable(kernel: Kernel, table: Pfn): boolean {
  return kernel.memMap.pageCount(table) > 0;
}

/**
 * Lets go of the PMD page of an address if others use it too: `huge_pmd_unshare`. A fault can fill the mapping again.
 *
 * @returns whether it did: there are no entries to change then.
 */
export function hugePmdUnshare(kernel: Kernel, mm: Mm, address: number): boolean {
  if (kernel.pvOps !== "native") return false;
  const table = pmdOffset(kernel, mm, address);
  if (table === NO_PAGE || !isSharedTable(kernel, table)) return false;
  setPud(kernel, entryPage(kernel, mm.pgd, pgdIndex(address)), pudIndex(address), 0, 0);
  kernel.memMap.putPageTestzero(table);
  mm.pageTablePages--;
  return true;
}
