import {
  type Pfn,
  _PAGE_ACCESSED,
  _PAGE_DIRTY,
  _PAGE_GLOBAL,
  _PAGE_PRESENT,
  _PAGE_RW,
  pfn,
  pteHi,
  pteLo,
  pteMfn,
} from "@xsp/hypervisor";
import { PAGE_SHARED } from "./address-layout.ts";
import type { Kernel } from "./kernel.ts";
import { VM_EXEC, VM_READ, VM_SHARED, VM_WRITE } from "./vma.ts";

/**
 * Entries of PTE pages that map 4 KiB of a user's memory.
 *
 * | entry | names | flags |
 * | --- | --- | --- |
 * | none | – | 0 |
 * | writable | machine frame | PRESENT, RW, DIRTY |
 * | read-only | machine frame | PRESENT |
 * | PROT_NONE | page (pfn): Xen does not look at it and counts nothing | PROTNONE |
 *
 * Source: mk_pte, pte_modify [L39 arch/x86/include/asm/pgtable.h]; xen_make_pte translates present entries only [L39
 * arch/x86/xen/mmu.c]. Simplified: user pages are never executable.
 */

/** Shares its bit with GLOBAL, which means nothing where PRESENT is clear. [L39 pgtable_types.h] */
export const _PAGE_PROTNONE: number = _PAGE_GLOBAL;
const PAGE_READONLY: number = PAGE_SHARED & ~(_PAGE_RW | _PAGE_DIRTY);
const PAGE_NONE: number = (PAGE_READONLY & ~_PAGE_PRESENT) | _PAGE_PROTNONE;

/** An entry as its two words. */
export interface Pte {
  readonly lo: number;
  readonly hi: number;
}

/** Makes a present entry: `mk_pte`, with `pte_mkwrite` and `pte_mkdirty` where it is writable. */
export function mkPte(kernel: Kernel, page: Pfn, writable: boolean): Pte {
  const frame = kernel.phys.pfnToMfn(page);
  const prot = writable ? PAGE_SHARED : PAGE_READONLY;
  return { lo: pteLo(frame, prot), hi: pteHi(frame, prot) };
}

/** Whether a mapping with these VM_… bits has writable entries without a fault: `vm_page_prot` of a shared one. */
export function isSharedWritable(flags: number): boolean {
  return (flags & (VM_SHARED | VM_WRITE)) === (VM_SHARED | VM_WRITE);
}

/**
 * The entry that a mapping with these VM_… bits has for the same page: `pte_modify`, which keeps accessed and dirty.
 * What may be executed is present, as x86 has nothing that can be executed but not read.
 */
export function pteModify(kernel: Kernel, lo: number, hi: number, flags: number): Pte {
  const page = ptePage(kernel, lo, hi);
  const kept = lo & (_PAGE_ACCESSED | _PAGE_DIRTY);
  if ((flags & (VM_READ | VM_WRITE | VM_EXEC)) === 0)
    return { lo: pteLo(page, PAGE_NONE) | kept, hi: pteHi(page, PAGE_NONE) };
  const frame = kernel.phys.pfnToMfn(page);
  const prot = isSharedWritable(flags) ? PAGE_READONLY | _PAGE_RW : PAGE_READONLY;
  return { lo: pteLo(frame, prot) | kept, hi: pteHi(frame, prot) };
}

/** Page that an entry names which is not none, of a PTE page or, for a hugepage, of a PMD page. */
export function ptePage(kernel: Kernel, lo: number, hi: number): Pfn {
  const number = pteMfn(lo, hi);
  return (lo & _PAGE_PRESENT) === 0 ? pfn(number) : kernel.phys.mfnToPfn(number);
}
