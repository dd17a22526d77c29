import { _PAGE_PRESENT, _PAGE_PSE, _PAGE_RW, touch } from "@xsp/hypervisor";
import { TASK_SIZE, pmdIndex, pteIndex } from "./address-layout.ts";
import type { Signal } from "./errno.ts";
import { type Kernel, printk } from "./kernel.ts";
import { NO_PAGE } from "./mem-map.ts";
import type { Mm } from "./mm.ts";
import { handleMmFault } from "./page-fault.ts";
import { pmdOffset } from "./page-table-pages.ts";
import { entryLow, entryPage } from "./pv-mmu.ts";

/** An access of the running process. A page fault is served and the access repeated. */
export function accessUser(kernel: Kernel, mm: Mm, address: number, write: boolean): Signal | undefined {
  // The user root has no kernel half; the walk below goes from the kernel root, which has.
  if (address < 0 || address >= TASK_SIZE) return "SIGSEGV";
  if (cpuAccess(kernel, mm, address, write)) return undefined;
  const signal = handleMmFault(kernel, mm, address, write);
  if (signal !== undefined) return signal;
  if (cpuAccess(kernel, mm, address, write)) return undefined;
  // Xen refused the entry or the tree it is in. The real kernel does not notice and takes the same fault for ever.
  printk(kernel, "BUG: soft lockup - CPU#0 stuck");
  return "SIGKILL";
}

/** Whether the CPU lets an access through: by the tables that Xen has loaded, or by those of a native kernel. */
function cpuAccess(kernel: Kernel, mm: Mm, address: number, write: boolean): boolean {
  return kernel.pvOps === "native"
    ? nativeWalk(kernel, mm, address, write)
    : touch(kernel.vcpu, address | 0, Math.floor(address / 2 ** 32), write);
}

/** What the CPU's page walk finds in tables of which Xen knows nothing. */
function nativeWalk(kernel: Kernel, mm: Mm, address: number, write: boolean): boolean {
  const needed = _PAGE_PRESENT | (write ? _PAGE_RW : 0);
  const pmd = pmdOffset(kernel, mm, address);
  if (pmd === NO_PAGE) return false;
  const entry = entryLow(kernel, pmd, pmdIndex(address));
  if ((entry & _PAGE_PRESENT) === 0) return false;
  if ((entry & _PAGE_PSE) !== 0) return (entry & needed) === needed;
  const table = entryPage(kernel, pmd, pmdIndex(address));
  return (entryLow(kernel, table, pteIndex(address)) & needed) === needed;
}
