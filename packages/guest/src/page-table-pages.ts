import {
  type Pfn,
  _PAGE_PRESENT,
  loadFromFrameHigh,
  loadFromFrameLow,
  pteHi,
  pteLo,
  storeToFrame,
} from "@xsp/hypervisor";
import {
  KERNEL_PGD_BOUNDARY,
  PGDIR_SIZE,
  PMD_SIZE,
  PTRS_PER_TABLE,
  PUD_SIZE,
  _PAGE_TABLE,
  pgdIndex,
  pmdIndex,
  pudIndex,
} from "./address-layout.ts";
import { assert } from "./assert.ts";
import { type Kernel, allocPages, freePages, kernelOops } from "./kernel.ts";
import { NO_PAGE, PG_scribbled } from "./mem-map.ts";
import { type Mm, rangeIsMapped } from "./mm.ts";
import {
  type PtLevel,
  clearPage,
  entryLow,
  entryPage,
  setPgd,
  setPmd,
  setPud,
  xenAllocPtpage,
  xenReleasePtpage,
} from "./pv-mmu.ts";
import { VM_HUGETLB, type Vma } from "./vma.ts";

/**
 * Makes an address space without mappings: `mm_init`, `pgd_alloc` and `xen_pgd_alloc`, which adds the user root.
 *
 * The kernel half is copied from the kernel's own root (`pgd_ctor`): its L4 entries point to the same pinned tables.
 * Simplified: no vsyscall entry in the user root.
 *
 * @returns undefined when memory is short.
 */
export function pgdAlloc(kernel: Kernel): Mm | undefined {
  const pgd = allocTablePage(kernel);
  if (pgd === NO_PAGE) return undefined;
  const userPgd = allocTablePage(kernel);
  if (userPgd === NO_PAGE) {
    freePages(kernel, pgd, 0);
    return undefined;
  }
  // Roots are not empty when they are freed: one has the kernel half, and Xen writes its own slots into both.
  kernel.memMap.setFlag(pgd, PG_scribbled);
  kernel.memMap.setFlag(userPgd, PG_scribbled);
  clonePgdRange(kernel, pgd);
  const mm: Mm = { pgd, userPgd, vmas: [], pageTablePages: 0, nrPtes: 0, users: 1, savePinned: false };
  kernel.pgdList.add(mm);
  return mm;
}

/** Frees the roots of an address space that is neither loaded nor pinned: `pgd_free`, `xen_pgd_free`. */
export function pgdFree(kernel: Kernel, mm: Mm): void {
  assert(kernel.activeMm !== mm, "a root that is loaded is not freed");
  if (mm.pageTablePages !== 0) kernelOops(kernel);
  kernel.pgdList.delete(mm);
  freePages(kernel, mm.userPgd, 0);
  freePages(kernel, mm.pgd, 0);
}

function clonePgdRange(kernel: Kernel, pgd: Pfn): void {
  const { vcpu, phys } = kernel;
  const from = phys.pfnToMfn(kernel.swapperPgd);
  const to = phys.pfnToMfn(pgd);
  for (let index = KERNEL_PGD_BOUNDARY; index < PTRS_PER_TABLE; index++) {
    const lo = loadFromFrameLow(vcpu, from, index);
    if (lo === 0) continue;
    if (!storeToFrame(vcpu, to, index, lo, loadFromFrameHigh(vcpu, from, index))) kernelOops(kernel);
  }
}

function allocTablePage(kernel: Kernel): Pfn {
  const page = allocPages(kernel, "GFP_KERNEL", 0);
  if (page !== NO_PAGE) clearPage(kernel, page);
  return page;
}

/** Takes a cleared page for an mm and tells Xen if the mm is pinned: `pmd_alloc_one` and `paravirt_alloc_pmd`. */
function newTable(kernel: Kernel, mm: Mm, level: PtLevel): Pfn {
  const page = allocTablePage(kernel);
  if (page === NO_PAGE) return NO_PAGE;
  xenAllocPtpage(kernel, mm, page, level);
  mm.pageTablePages++;
  if (level === "PT_PTE") mm.nrPtes++;
  return page;
}

/** PUD page that maps an address, made if there is none: `pud_alloc`. NO_PAGE when memory is short. */
export function pudAlloc(kernel: Kernel, mm: Mm, address: number): Pfn {
  const index = pgdIndex(address);
  if ((entryLow(kernel, mm.pgd, index) & _PAGE_PRESENT) !== 0) return entryPage(kernel, mm.pgd, index);
  const page = newTable(kernel, mm, "PT_PUD");
  if (page === NO_PAGE) return NO_PAGE;
  const frame = kernel.phys.pfnToMfn(page);
  setPgd(kernel, mm, index, pteLo(frame, _PAGE_TABLE), pteHi(frame, _PAGE_TABLE));
  return page;
}

/** PMD page that maps an address, made if there is none: `pmd_alloc`. NO_PAGE when memory is short. */
export function pmdAlloc(kernel: Kernel, mm: Mm, address: number): Pfn {
  const pud = pudAlloc(kernel, mm, address);
  if (pud === NO_PAGE) return NO_PAGE;
  const index = pudIndex(address);
  if ((entryLow(kernel, pud, index) & _PAGE_PRESENT) !== 0) return entryPage(kernel, pud, index);
  const page = newTable(kernel, mm, "PT_PMD");
  if (page === NO_PAGE) return NO_PAGE;
  const frame = kernel.phys.pfnToMfn(page);
  setPud(kernel, pud, index, pteLo(frame, _PAGE_TABLE), pteHi(frame, _PAGE_TABLE));
  return page;
}

/** PTE page that maps an address, made if there is none: `pte_alloc_map`. Never highmem under Xen. */
export function pteAlloc(kernel: Kernel, mm: Mm, address: number): Pfn {
  const pmd = pmdAlloc(kernel, mm, address);
  if (pmd === NO_PAGE) return NO_PAGE;
  const index = pmdIndex(address);
  if ((entryLow(kernel, pmd, index) & _PAGE_PRESENT) !== 0) return entryPage(kernel, pmd, index);
  const page = newTable(kernel, mm, "PT_PTE");
  if (page === NO_PAGE) return NO_PAGE;
  const frame = kernel.phys.pfnToMfn(page);
  setPmd(kernel, pmd, index, pteLo(frame, _PAGE_TABLE), pteHi(frame, _PAGE_TABLE));
  return page;
}

/** PMD page that maps an address: `pmd_offset`. NO_PAGE when there is none. */
export function pmdOffset(kernel: Kernel, mm: Mm, address: number): Pfn {
  const pgd = pgdIndex(address);
  if ((entryLow(kernel, mm.pgd, pgd) & _PAGE_PRESENT) === 0) return NO_PAGE;
  const pud = entryPage(kernel, mm.pgd, pgd);
  const index = pudIndex(address);
  return (entryLow(kernel, pud, index) & _PAGE_PRESENT) === 0 ? NO_PAGE : entryPage(kernel, pud, index);
}

/** PTE page that maps an address: NO_PAGE when there is none. */
export function pteOffset(kernel: Kernel, mm: Mm, address: number): Pfn {
  const pmd = pmdOffset(kernel, mm, address);
  if (pmd === NO_PAGE) return NO_PAGE;
  const index = pmdIndex(address);
  return (entryLow(kernel, pmd, index) & _PAGE_PRESENT) === 0 ? NO_PAGE : entryPage(kernel, pmd, index);
}

/**
 * Frees the tables that only these mappings needed, which are detached and whose entries are cleared: `free_pgtables`.
 *
 * A table stays while a mapping reaches into its range; Linux says that with a floor and a ceiling. Level by level, for
 * the mappings may share the upper ones.
 */
export function freePgtables(kernel: Kernel, mm: Mm, vmas: readonly Vma[]): void {
  if (mm.pageTablePages === 0) return;
  const small = vmas.filter(({ flags }) => (flags & VM_HUGETLB) === 0);
  freeTables(kernel, mm, small, PMD_SIZE, "PT_PTE");
  freeTables(kernel, mm, vmas, PUD_SIZE, "PT_PMD");
  freeTables(kernel, mm, vmas, PGDIR_SIZE, "PT_PUD");
}

/** Frees the tables of one level; `span` is what one of them maps. The mappings are in order. */
function freeTables(kernel: Kernel, mm: Mm, vmas: readonly Vma[], span: number, level: PtLevel): void {
  let next = 0;
  for (const vma of vmas) {
    let start = Math.max(next, Math.floor(vma.start / span) * span);
    for (; start < vma.end; start += span) {
      if (!rangeIsMapped(mm, start, start + span)) freeTable(kernel, mm, start, level);
    }
    next = start;
  }
}

function freeTable(kernel: Kernel, mm: Mm, address: number, level: PtLevel): void {
  const table = clearEntryAbove(kernel, mm, address, level);
  if (table === NO_PAGE) return;
  xenReleasePtpage(kernel, table, level);
  freePages(kernel, table, 0);
  mm.pageTablePages--;
  if (level === "PT_PTE") mm.nrPtes--;
}

/** Clears the entry that points to a table and returns that table: `pud_clear`, `pgd_clear`, `pmd_clear`. */
function clearEntryAbove(kernel: Kernel, mm: Mm, address: number, level: PtLevel): Pfn {
  if (level === "PT_PUD") {
    const index = pgdIndex(address);
    if ((entryLow(kernel, mm.pgd, index) & _PAGE_PRESENT) === 0) return NO_PAGE;
    const table = entryPage(kernel, mm.pgd, index);
    setPgd(kernel, mm, index, 0, 0);
    return table;
  }
  if (level === "PT_PMD") {
    const table = pmdOffset(kernel, mm, address);
    if (table === NO_PAGE) return NO_PAGE;
    setPud(kernel, entryPage(kernel, mm.pgd, pgdIndex(address)), pudIndex(address), 0, 0);
    return table;
  }
  const table = pteOffset(kernel, mm, address);
  if (table === NO_PAGE) return NO_PAGE;
  setPmd(kernel, pmdOffset(kernel, mm, address), pmdIndex(address), 0, 0);
  return table;
}
