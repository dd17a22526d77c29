import { loadFromFrameHigh } from "@xsp/hypervisor";
import { pteIndex } from "./address-layout.ts";
import { type PteSlot, doAnonymousPage, doWpPage, pteWrite } from "./anonymous-memory.ts";
import type { Signal } from "./errno.ts";
import { hugetlbFault } from "./hugetlb-fault.ts";
import type { Kernel } from "./kernel.ts";
import { NO_PAGE } from "./mem-map.ts";
import { type Mm, findVma } from "./mm.ts";
import { pteAlloc } from "./page-table-pages.ts";
import { entryLow } from "./pv-mmu.ts";
import { shmemFault } from "./shmem.ts";
import { VM_EXEC, VM_HUGETLB, VM_READ, VM_WRITE, type Vma } from "./vma.ts";

/**
 * Serves a page fault of the running process: `do_page_fault`, `handle_mm_fault`. [L39 arch/x86/mm/fault.c, mm/memory.c]
 *
 * @param address - where, in bytes.
 * @returns the signal to raise when it cannot be served.
 */
export function handleMmFault(kernel: Kernel, mm: Mm, address: number, write: boolean): Signal | undefined {
  const vma = findVma(mm, address);
  if (vma === undefined || accessError(vma, write)) return "SIGSEGV";
  if ((vma.flags & VM_HUGETLB) !== 0) return hugetlbFault(kernel, vma, address, write);
  const table = pteAlloc(kernel, mm, address);
  if (table === NO_PAGE) return "SIGKILL";
  const signal = handlePteFault(kernel, { vma, table, index: pteIndex(address) }, address, write);
  if (signal === undefined) kernel.events.pageFaults++;
  return signal;
}

/** Whether a mapping does not allow an access: `access_error`. What can be written or executed can be read on x86. */
function accessError({ flags }: Vma, write: boolean): boolean {
  return (flags & (write ? VM_WRITE : VM_READ | VM_WRITE | VM_EXEC)) === 0;
}

/** `handle_pte_fault`. An entry that allows the access already is left alone: somebody was quicker. */
function handlePteFault(kernel: Kernel, slot: PteSlot, address: number, write: boolean): Signal | undefined {
  const lo = entryLow(kernel, slot.table, slot.index);
  if (lo === 0) {
    return slot.vma.file === undefined
      ? doAnonymousPage(kernel, slot, write)
      : shmemFault(kernel, slot, address, write);
  }
  if (!write || pteWrite(lo)) return undefined;
  const hi = loadFromFrameHigh(kernel.vcpu, kernel.phys.pfnToMfn(slot.table), slot.index);
  return doWpPage(kernel, slot, { lo, hi });
}
