import {
  MMUEXT_NEW_BASEPTR,
  MMUEXT_NEW_USER_BASEPTR,
  MMUEXT_PIN_L1_TABLE,
  MMUEXT_TLB_FLUSH_LOCAL,
  MMUEXT_UNPIN_TABLE,
  MMU_NORMAL_PT_UPDATE,
  MMU_PT_UPDATE_PRESERVE_AD,
  type Pfn,
  UVMF_NONE,
  _PAGE_RW,
  clearBitsInPageTable,
  loadFromFrameHigh,
  loadFromFrameLow,
  pteHi,
  pteLo,
  pteMfn,
  storeToFrame,
  storeToPageTable,
} from "@xsp/hypervisor";
import { PAGE_KERNEL, PAGE_KERNEL_RO, PAGE_SHIFT, PTRS_PER_TABLE, lowmemAddressHigh } from "./address-layout.ts";
import { assert } from "./assert.ts";
import { type Kernel, kernelOops, pageHighMem } from "./kernel.ts";
import { PG_pinned, PG_scribbled } from "./mem-map.ts";
import type { Mm } from "./mm.ts";
import {
  multiUpdateVaMapping,
  xenExtendMmuUpdate,
  xenExtendMmuextOp,
  xenMcBatch,
  xenMcIssue,
} from "./multicall-buffer.ts";

/** Levels at which the kernel sets entries, by the table's name. */
export type PtLevel = "PT_PTE" | "PT_PMD" | "PT_PUD" | "PT_PGD";

/**
 * How page-table entries are written and page tables change hands with Xen: the pvops of arch/x86/xen/mmu.c.
 *
 * A table is plain memory until its tree is pinned; then it is read-only and every change of it a request. All writers
 * here decide by the PG_pinned bit of the table's page. [linux-facts §3.3, §1.4]
 *
 * With `pvOps: "native"` nothing that belongs to a process is ever pinned or loaded, so that all its entries are stores.
 * The kernel's own tables stay Xen's.
 */

/** Low word of an entry in a page table. */
export function entryLow(kernel: Kernel, table: Pfn, index: number): number {
  return loadFromFrameLow(kernel.vcpu, kernel.phys.pfnToMfn(table), index);
}

/** Page that an entry names; the entry is present. */
export function entryPage(kernel: Kernel, table: Pfn, index: number): Pfn {
  const frame = kernel.phys.pfnToMfn(table);
  const lo = loadFromFrameLow(kernel.vcpu, frame, index);
  return kernel.phys.mfnToPfn(pteMfn(lo, loadFromFrameHigh(kernel.vcpu, frame, index)));
}

/** A store into a page table faults. The table will not be empty when it is freed, for an entry stays as it was. */
function tableFault(kernel: Kernel, table: Pfn): void {
  kernelOops(kernel);
  kernel.memMap.setFlag(table, PG_scribbled);
}

/** Stores an entry as the CPU does, into a table that is plain memory. */
function plainStore(kernel: Kernel, table: Pfn, index: number, lo: number, hi: number): void {
  if (!storeToFrame(kernel.vcpu, kernel.phys.pfnToMfn(table), index, lo, hi)) tableFault(kernel, table);
  kernel.events.plainPteStores++;
}

/** Queues the write of an entry in a pinned table. */
function queueMmuUpdate(
  kernel: Kernel,
  table: Pfn,
  index: number,
  lo: number,
  hi: number,
  command: number = MMU_NORMAL_PT_UPDATE,
): void {
  const frame = kernel.phys.pfnToMfn(table);
  const ptrLo = (frame << PAGE_SHIFT) | (index << 3) | command;
  xenExtendMmuUpdate(kernel.mc, ptrLo, frame >>> (32 - PAGE_SHIFT), lo, hi);
  kernel.events.queuedPteWrites++;
}

/** Sets an entry of a PMD page: `xen_set_pmd`. Huge entries are set with it too, as UEK does. */
export function setPmd(kernel: Kernel, table: Pfn, index: number, lo: number, hi: number): void {
  if (kernel.memMap.hasFlag(table, PG_pinned)) return setPteHyper(kernel, table, index, lo, hi);
  plainStore(kernel, table, index, lo, hi);
  kernel.events.plainPmds++;
}

/** Sets an entry of a PUD page: `xen_set_pud`. */
export function setPud(kernel: Kernel, table: Pfn, index: number, lo: number, hi: number): void {
  if (kernel.memMap.hasFlag(table, PG_pinned)) return setPteHyper(kernel, table, index, lo, hi);
  plainStore(kernel, table, index, lo, hi);
  kernel.events.plainPuds++;
}

/** Sets a user entry in both roots of an mm: `xen_set_pgd`. When pinned, the two updates go in one hypercall. */
export function setPgd(kernel: Kernel, mm: Mm, index: number, lo: number, hi: number): void {
  if (!kernel.memMap.hasFlag(mm.pgd, PG_pinned)) {
    assert(!kernel.memMap.hasFlag(mm.userPgd, PG_pinned), "both roots of an mm are pinned or neither");
    plainStore(kernel, mm.pgd, index, lo, hi);
    plainStore(kernel, mm.userPgd, index, lo, hi);
    kernel.events.plainPgds += 2;
    return;
  }
  xenMcBatch(kernel.mc);
  queueMmuUpdate(kernel, mm.pgd, index, lo, hi);
  queueMmuUpdate(kernel, mm.userPgd, index, lo, hi);
  xenMcIssue(kernel.mc, "mmu");
}

/**
 * Sets an entry of a PTE page: `xen_set_pte_at`. Always a request, even into a table that is plain memory; kernels up to
 * 2.6.39 store there. [L36x, L39 arch/x86/xen/mmu.c; linux-facts §3.3]
 *
 * Simplified: 2.6.39 asks for an entry of the current mm by update_va_mapping; here both ask by mmu_update.
 */
export function setPteAt(kernel: Kernel, table: Pfn, index: number, lo: number, hi: number): void {
  if (kernel.storesUnpinnedPtes && !kernel.memMap.hasFlag(table, PG_pinned)) {
    plainStore(kernel, table, index, lo, hi);
    kernel.events.plainPtes++;
    return;
  }
  setPteHyper(kernel, table, index, lo, hi);
}

/**
 * Changes an entry of a PTE page by a store of the CPU, where Linux has no hook for a hypervisor: `ptep_get_and_clear`,
 * `ptep_set_access_flags`. [L39 arch/x86/include/asm/pgtable.h, arch/x86/mm/pgtable.c]
 *
 * A pinned table is read-only, so the store is a page fault into Xen, which looks at it, does it in the guest's stead and
 * returns behind it. No lazy section holds that back.
 *
 * @returns whether it was done: not when Xen refuses, for the table is none to it, as its pin was refused.
 */
export function ptepStore(kernel: Kernel, table: Pfn, index: number, lo: number, hi: number): boolean {
  if (!kernel.memMap.hasFlag(table, PG_pinned)) {
    plainStore(kernel, table, index, lo, hi);
    kernel.events.plainPtes++;
    return true;
  }
  kernel.events.ptwrFaults++;
  if (storeToPageTable(kernel.vcpu, kernel.phys.pfnToMfn(table), index, lo, hi)) return true;
  tableFault(kernel, table);
  return false;
}

/** Makes an entry of a PTE page read-only by clearing a bit, which is a store even if it is clear: `ptep_set_wrprotect`. */
export function ptepSetWrprotect(kernel: Kernel, table: Pfn, index: number): void {
  if (!clearBitsInPageTable(kernel.vcpu, kernel.phys.pfnToMfn(table), index, _PAGE_RW)) kernelOops(kernel);
  if (kernel.memMap.hasFlag(table, PG_pinned)) {
    kernel.events.ptwrFaults++;
    return;
  }
  kernel.events.plainPteStores++;
  kernel.events.plainPtes++;
}

/**
 * Changes the protection of an entry of a PTE page and keeps the bits that the CPU may set meanwhile: the end of
 * `ptep_modify_prot_start` … `commit`. Held back in a lazy section. [L39 arch/x86/xen/mmu.c]
 */
export function ptepModifyProtCommit(kernel: Kernel, table: Pfn, index: number, lo: number, hi: number): void {
  if (kernel.pvOps === "native") {
    ptepStore(kernel, table, index, lo, hi);
    return;
  }
  xenMcBatch(kernel.mc);
  queueMmuUpdate(kernel, table, index, lo, hi, MMU_PT_UPDATE_PRESERVE_AD);
  xenMcIssue(kernel.mc, "mmu");
}

function setPteHyper(kernel: Kernel, table: Pfn, index: number, lo: number, hi: number): void {
  xenMcBatch(kernel.mc);
  queueMmuUpdate(kernel, table, index, lo, hi);
  xenMcIssue(kernel.mc, "mmu");
}

/** Queues the direct-map entry of a lowmem page read-only or writable again: `__set_pfn_prot`. */
export function setPfnProt(kernel: Kernel, page: Pfn, writable: boolean, uvmf: number): void {
  assert(!pageHighMem(kernel, page), "only lowmem pages have a place in the direct map");
  const frame = kernel.phys.pfnToMfn(page);
  const prot = writable ? PAGE_KERNEL : PAGE_KERNEL_RO;
  multiUpdateVaMapping(
    kernel.mc,
    page << PAGE_SHIFT,
    lowmemAddressHigh(page),
    pteLo(frame, prot),
    pteHi(frame, prot),
    uvmf,
  );
  if (writable) kernel.events.pagesMadeReadWrite++;
  else kernel.events.pagesMadeReadOnly++;
}

/** Queues a pin or an unpin: `xen_do_pin`. */
export function xenDoPin(kernel: Kernel, command: number, page: Pfn): void {
  xenExtendMmuextOp(kernel.mc, command, kernel.phys.pfnToMfn(page), 0);
}

/**
 * Takes a new page-table page over into an mm: `xen_alloc_ptpage`. While the mm is not pinned nothing happens; else the
 * page turns read-only, and a PTE page is pinned by itself, as with split page-table locks.
 */
export function xenAllocPtpage(kernel: Kernel, mm: Mm, page: Pfn, level: PtLevel): void {
  if (!kernel.memMap.hasFlag(mm.pgd, PG_pinned)) return;
  kernel.memMap.setFlag(page, PG_pinned);
  xenMcBatch(kernel.mc);
  setPfnProt(kernel, page, false, UVMF_NONE);
  if (level === "PT_PTE") xenDoPin(kernel, MMUEXT_PIN_L1_TABLE, page);
  xenMcIssue(kernel.mc, "mmu");
}

/** Undoes it before the page is freed: `xen_release_ptpage`. */
export function xenReleasePtpage(kernel: Kernel, page: Pfn, level: PtLevel): void {
  if (!kernel.memMap.hasFlag(page, PG_pinned)) return;
  xenMcBatch(kernel.mc);
  if (level === "PT_PTE") xenDoPin(kernel, MMUEXT_UNPIN_TABLE, page);
  setPfnProt(kernel, page, true, UVMF_NONE);
  xenMcIssue(kernel.mc, "mmu");
  kernel.memMap.clearFlag(page, PG_pinned);
}

/**
 * Loads the roots of an address space: `xen_write_cr3`, one hypercall with two operations.
 *
 * @param mm - whose roots; undefined for the kernel's own, which has no user root.
 */
export function xenWriteCr3(kernel: Kernel, mm: Mm | undefined): void {
  const { phys, mc } = kernel;
  kernel.activeMm = mm;
  if (kernel.pvOps === "native") return;
  xenMcBatch(mc);
  xenExtendMmuextOp(mc, MMUEXT_NEW_BASEPTR, phys.pfnToMfn(mm === undefined ? kernel.swapperPgd : mm.pgd), 0);
  xenExtendMmuextOp(mc, MMUEXT_NEW_USER_BASEPTR, mm === undefined ? 0 : phys.pfnToMfn(mm.userPgd), 0);
  xenMcIssue(mc, "cpu");
}

/** Flushes this CPU's TLB: `xen_flush_tlb`. A native kernel needs nobody for that. */
export function xenFlushTlb(kernel: Kernel): void {
  if (kernel.pvOps === "native") return;
  xenMcBatch(kernel.mc);
  xenExtendMmuextOp(kernel.mc, MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
  xenMcIssue(kernel.mc, "mmu");
}

/** Flushes what a CPU may hold of an address space: `flush_tlb_mm`. Nothing when no CPU runs on it. */
export function flushTlbMm(kernel: Kernel, mm: Mm): void {
  if (kernel.activeMm === mm) xenFlushTlb(kernel);
}

/**
 * Clears a page that becomes a page table: `clear_page`.
 *
 * Simplified: a page that is known to be zero is left as it is. Memory from Xen is, and so is a page table whose entries
 * were cleared one by one before it was freed, which is why Linux kept such pages on quicklists.
 */
export function clearPage(kernel: Kernel, page: Pfn): void {
  if (!kernel.memMap.isScribbled(page)) return;
  const frame = kernel.phys.pfnToMfn(page);
  const { vcpu } = kernel;
  for (let index = 0; index < PTRS_PER_TABLE; index++) {
    if (!storeToFrame(vcpu, frame, index, 0, 0)) kernelOops(kernel);
  }
  kernel.memMap.clearFlag(page, PG_scribbled);
}
