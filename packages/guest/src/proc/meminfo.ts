import { pfn } from "@xsp/hypervisor";
import { HPAGE_SIZE, PAGE_SIZE } from "../address-layout.ts";
import { type Kernel, nrFreePages } from "../kernel.ts";
import { PG_reserved } from "../mem-map.ts";
import type { SystemState } from "./pseudo-file.ts";

/**
 * /proc/meminfo. [S L36x fs/proc/meminfo.c; M hugetlb_report_meminfo; linux-facts §2.6, §6.1]
 *
 * Only the lines of which the model knows something. PageTables counts PTE pages alone, as the kernel does: tables of
 * hugepages do not show up there. DirectMap2M is 0 because a PV guest's direct map has 4 KiB entries.
 */
export function meminfo(state: SystemState): string {
  const { kernel } = state;
  const kB = (pages: number): number => pages * (PAGE_SIZE / 1024);
  const lines = [
    line("MemTotal", kB(totalramPages(state))),
    line("MemFree", kB(nrFreePages(kernel))),
    ...(kernel.style === "32-bit" ? highmemLines(state) : []),
    line("PageTables", kB(nrPageTablePages(state))),
    ...hugetlbReportMeminfo(kernel),
    line("DirectMap4k", kB(Math.min(kernel.maxLowPfn, kernel.memMap.nrPages))),
    line("DirectMap2M", 0),
  ];
  return lines.join("");
}

function line(name: string, kB: number): string {
  return `${`${name}:`.padEnd(16)}${String(kB).padStart(8)} kB\n`;
}

/** The four lines of a kernel with highmem. */
function highmemLines(state: SystemState): string[] {
  const { kernel, balloon } = state;
  const high = kernel.zones.filter(({ name }) => name === "HighMem");
  const kB = (pages: number): number => pages * (PAGE_SIZE / 1024);
  const present = high.reduce((sum, { startPfn, endPfn }) => sum + endPfn - startPfn, 0);
  const totalHigh = present - balloon.pages.high * 2 ** balloon.order;
  const freeHigh = high.reduce((sum, { freePages }) => sum + freePages, 0);
  return [
    line("HighTotal", kB(totalHigh)),
    line("HighFree", kB(freeHigh)),
    line("LowTotal", kB(totalramPages(state) - totalHigh)),
    line("LowFree", kB(nrFreePages(kernel) - freeHigh)),
  ];
}

function hugetlbReportMeminfo({ hstate, hugetlbfs }: Kernel): string[] {
  if (hugetlbfs.internalMount === undefined) return [];
  const pages = (name: string, count: number): string => `${`${name}:`.padEnd(19)}${String(count).padStart(5)}\n`;
  return [
    pages("HugePages_Total", hstate.nrHugePages),
    pages("HugePages_Free", hstate.freeHugePages),
    pages("HugePages_Rsvd", hstate.resvHugePages),
    pages("HugePages_Surp", hstate.surplusHugePages),
    line("Hugepagesize", HPAGE_SIZE / 1024),
  ];
}

/** Pages that the buddy ever had, less those that are with Xen: `totalram_pages`. */
function totalramPages({ kernel, balloon }: SystemState): number {
  const { memMap } = kernel;
  // The domain builder's page tables are at the begin of memory.
  let reserved = 0;
  while (reserved < memMap.nrPages && memMap.hasFlag(pfn(reserved), PG_reserved)) reserved++;
  return memMap.nrPages - reserved - (balloon.pages.low + balloon.pages.high) * 2 ** balloon.order;
}

/** PTE pages of all processes: `NR_PAGETABLE`. */
export function nrPageTablePages({ tasks }: SystemState): number {
  // After vfork two processes have one address space.
  const spaces = new Set([...tasks.values()].map(({ mm }) => mm));
  return [...spaces].reduce((sum, mm) => sum + (mm?.nrPtes ?? 0), 0);
}
