import { _PAGE_PRESENT, _PAGE_PSE } from "@xsp/hypervisor";
import { PMD_SIZE, pmdIndex } from "./address-layout.ts";
import { assert } from "./assert.ts";
import type { Kernel } from "./kernel.ts";
import { NO_PAGE, PG_pinned } from "./mem-map.ts";
import type { Mm } from "./mm.ts";
import { pmdOffset } from "./page-table-pages.ts";
import type { Process } from "./process.ts";
import { entryLow } from "./pv-mmu.ts";
import { VM_HUGETLB } from "./vma.ts";

/** A mapping as /proc/PID/maps shows it. */
export interface VmaInfo {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** VM_… bits. */
  readonly flags: number;
  readonly kind: "hugetlb" | "shmem" | "anonymous";
}

/** What can be seen of a process from outside. */
export interface ProcessInfo {
  readonly pid: number;
  readonly ppid: number;
  readonly comm: string;
  /** Whether its address space is loaded. */
  readonly current: boolean;
  /** Whether it waits for a child of vfork. */
  readonly waits: boolean;
  /** Whether its page tables are in Xen's hands. */
  readonly pinned: boolean;
  readonly hugepagesMapped: number;
  /** All levels, the two roots among them. */
  readonly pageTablePages: number;
  readonly vmas: readonly VmaInfo[];
}

/** Describes a process that has not ended. */
export function describeProcess(kernel: Kernel, process: Process): ProcessInfo {
  const { mm } = process;
  assert(mm !== undefined, "a process that has not ended has an mm");
  return {
    pid: process.pid,
    ppid: process.ppid,
    comm: process.comm,
    current: kernel.activeMm === mm,
    waits: process.vforkChild !== undefined,
    pinned: kernel.memMap.hasFlag(mm.pgd, PG_pinned),
    hugepagesMapped: hugepagesMapped(kernel, mm),
    pageTablePages: mm.pageTablePages + 2,
    vmas: mm.vmas.map(({ start, end, flags, file }) => ({ start, end, flags, kind: file?.kind ?? "anonymous" })),
  };
}

function hugepagesMapped(kernel: Kernel, mm: Mm): number {
  let mapped = 0;
  for (const { start, end, flags } of mm.vmas) {
    if ((flags & VM_HUGETLB) === 0) continue;
    for (let address = start; address < end; address += PMD_SIZE) {
      const table = pmdOffset(kernel, mm, address);
      if (table === NO_PAGE) continue;
      const lo = entryLow(kernel, table, pmdIndex(address));
      if ((lo & (_PAGE_PRESENT | _PAGE_PSE)) === (_PAGE_PRESENT | _PAGE_PSE)) mapped++;
    }
  }
  return mapped;
}
