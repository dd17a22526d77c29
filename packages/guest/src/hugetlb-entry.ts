import {
  type Pfn,
  _PAGE_DIRTY,
  _PAGE_GLOBAL,
  _PAGE_PRESENT,
  _PAGE_RW,
  pfn,
  pteHi,
  pteLo,
  pteMfn,
} from "@xsp/hypervisor";
import { PAGE_SHARED_HUGE } from "./address-layout.ts";
import type { Kernel } from "./kernel.ts";
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
 * Source: make_huge_pte [L39 mm/hugetlb.c]; xen_make_pte translates present entries only [L39 arch/x86/xen/mmu.c].
 */

/** Shares its bit with GLOBAL, which means nothing where PRESENT is clear. [L39 pgtable_types.h] */
const _PAGE_PROTNONE = _PAGE_GLOBAL;

/** Hugepage of a mapping that is read-only, or copied on write. */
const PAGE_READONLY_HUGE: number = PAGE_SHARED_HUGE & ~(_PAGE_RW | _PAGE_DIRTY);
const PAGE_NONE_HUGE: number = (PAGE_READONLY_HUGE & ~_PAGE_PRESENT) | _PAGE_PROTNONE;

/** An entry as its two words. */
export interface HugePte {
  readonly lo: number;
  readonly hi: number;
}

/** Makes a present entry: `make_huge_pte`. */
export function makeHugePte(kernel: Kernel, page: Pfn, writable: boolean): HugePte {
  const frame = kernel.phys.pfnToMfn(page);
  const prot = writable ? PAGE_SHARED_HUGE : PAGE_READONLY_HUGE;
  return { lo: pteLo(frame, prot), hi: pteHi(frame, prot) };
}

/**
 * Makes the entry that a mapping with these VM_… bits has for a page after mprotect: `pte_modify`, `vm_get_page_prot`.
 * What may be executed is present, as x86 has nothing that can be executed but not read.
 */
export function protectedHugePte(kernel: Kernel, page: Pfn, flags: number): HugePte {
  if ((flags & (VM_READ | VM_WRITE | VM_EXEC)) === 0) {
    return { lo: pteLo(page, PAGE_NONE_HUGE), hi: pteHi(page, PAGE_NONE_HUGE) };
  }
  return makeHugePte(kernel, page, (flags & VM_WRITE) !== 0 && (flags & VM_SHARED) !== 0);
}

/** Page that an entry names which is not none. */
export function hugePtePage(kernel: Kernel, lo: number, hi: number): Pfn {
  const number = pteMfn(lo, hi);
  return (lo & _PAGE_PRESENT) === 0 ? pfn(number) : kernel.phys.mfnToPfn(number);
}
