import { type Pfn, _PAGE_DIRTY, _PAGE_PRESENT, _PAGE_RW, pteHi, pteLo } from "@xsp/hypervisor";
import { PAGE_SHARED_HUGE } from "./address-layout.ts";
import type { Kernel } from "./kernel.ts";
import { type Pte, _PAGE_PROTNONE } from "./pte-entry.ts";
import { VM_EXEC, VM_READ, VM_SHARED, VM_WRITE } from "./vma.ts";

/**
 * Entries of PMD pages that map hugepages.
 *
 * | entry | names | flags |
 * | --- | --- | --- |
 * | none | – | 0 |
 * | writable | machine frame | PRESENT, RW, DIRTY, PSE |
 * | read-only | machine frame | PRESENT, PSE |
 * | PROT_NONE | page (pfn): Xen does not look at it and counts nothing | PROTNONE, PSE |
 *
 * What page one of them names tells `ptePage` (`pte-entry.ts`), as of any entry.
 *
 * Source: make_huge_pte [L39 mm/hugetlb.c]; xen_make_pte translates present entries only [L39 arch/x86/xen/mmu.c].
 */

/** Hugepage of a mapping that is read-only, or copied on write. */
const PAGE_READONLY_HUGE: number = PAGE_SHARED_HUGE & ~(_PAGE_RW | _PAGE_DIRTY);
const PAGE_NONE_HUGE: number = (PAGE_READONLY_HUGE & ~_PAGE_PRESENT) | _PAGE_PROTNONE;

/** Makes a present entry: `make_huge_pte`. */
export function makeHugePte(kernel: Kernel, page: Pfn, writable: boolean): Pte {
  const frame = kernel.phys.pfnToMfn(page);
  const prot = writable ? PAGE_SHARED_HUGE : PAGE_READONLY_HUGE;
  return { lo: pteLo(frame, prot), hi: pteHi(frame, prot) };
}

/**
 * Makes the entry that a mapping with these VM_… bits has for a page after mprotect: `pte_modify`, `vm_get_page_prot`.
 * What may be executed is present, as x86 has nothing that can be executed but not read.
 */
export function protectedHugePte(kernel: Kernel, page: Pfn, flags: number): Pte {
  if ((flags & (VM_READ | VM_WRITE | VM_EXEC)) === 0) {
    return { lo: pteLo(page, PAGE_NONE_HUGE), hi: pteHi(page, PAGE_NONE_HUGE) };
  }
  return makeHugePte(kernel, page, (flags & VM_WRITE) !== 0 && (flags & VM_SHARED) !== 0);
}
