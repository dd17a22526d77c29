import { type Pfn, _PAGE_PRESENT, pteHi, pteLo } from "@xsp/hypervisor";
import { PAGE_SHARED, PAGE_SIZE, PMD_SIZE, pteIndex } from "./address-layout.ts";
import { assert } from "./assert.ts";
import { EINVAL, type Signal } from "./errno.ts";
import { type Kernel, allocPages, freePages } from "./kernel.ts";
import { NO_PAGE, PG_scribbled } from "./mem-map.ts";
import { enterLazy, leaveLazy } from "./multicall-buffer.ts";
import { pteAlloc, pteOffset } from "./page-table-pages.ts";
import { entryLow, entryPage, flushTlbMm, setPteAt } from "./pv-mmu.ts";
import type { ShmemFile } from "./shmem-file.ts";
import { type Vma, fileOffset } from "./vma.ts";

/**
 * Shared memory of 4 KiB pages. [L39 mm/shmem.c, mm/memory.c]
 *
 * A fork does not copy its entries: `copy_page_range` passes over mappings that a fault can fill again.
 * Simplified: no swap, no reservation of memory at mmap.
 */

/** Makes an object of 4 KiB pages: `shmem_file_setup`. The length is rounded up to whole pages. */
export function shmemFileSetup(bytes: number): ShmemFile | number {
  if (bytes <= 0) return -EINVAL;
  return { kind: "shmem", nrPages: Math.ceil(bytes / PAGE_SIZE), pages: new Map(), mappings: new Set(), linked: true };
}

/** Frees the pages of an object that nobody names or maps: `shmem_truncate_range`. */
export function shmemTruncate(kernel: Kernel, file: ShmemFile): void {
  assert(file.mappings.size === 0, "an object is truncated when nobody maps it");
  for (const page of file.pages.values()) putPage(kernel, page);
  file.pages.clear();
}

function putPage(kernel: Kernel, page: Pfn): void {
  if (kernel.memMap.putPageTestzero(page)) freePages(kernel, page, 0);
}

/** Serves a page fault in a mapping of 4 KiB pages: `shmem_fault` under `do_linear_fault`. */
export function shmemFault(kernel: Kernel, vma: Vma, address: number): Signal | undefined {
  const { file, mm } = vma;
  assert(file?.kind === "shmem", "a shmem fault is in a mapping of 4 KiB pages");
  const table = pteAlloc(kernel, mm, address);
  if (table === NO_PAGE) return "SIGKILL";
  const index = Math.floor(fileOffset(vma, address) / PAGE_SIZE);
  let page = file.pages.get(index);
  if (page === undefined) {
    page = allocPages(kernel, "GFP_HIGHUSER", 0);
    if (page === NO_PAGE) return "SIGKILL";
    kernel.memMap.getPage(page);
    kernel.memMap.setFlag(page, PG_scribbled);
    file.pages.set(index, page);
  }
  kernel.memMap.getPage(page);
  const frame = kernel.phys.pfnToMfn(page);
  setPteAt(kernel, table, pteIndex(address), pteLo(frame, PAGE_SHARED), pteHi(frame, PAGE_SHARED));
  kernel.events.pageFaults++;
  return undefined;
}

/** Clears the entries of a range, in a lazy section for each PTE page, and drops their pages: `zap_page_range`. */
export function zapPageRange(kernel: Kernel, vma: Vma, start: number, end: number): void {
  const { mm } = vma;
  for (let from = start; from < end; from = nextPteTable(from)) {
    const table = pteOffset(kernel, mm, from);
    if (table === NO_PAGE) continue;
    const gone: Pfn[] = [];
    enterLazy(kernel.mc, "mmu");
    for (let address = from; address < Math.min(end, nextPteTable(from)); address += PAGE_SIZE) {
      const index = pteIndex(address);
      if ((entryLow(kernel, table, index) & _PAGE_PRESENT) === 0) continue;
      gone.push(entryPage(kernel, table, index));
      setPteAt(kernel, table, index, 0, 0);
    }
    leaveLazy(kernel.mc, "mmu");
    for (const page of gone) putPage(kernel, page);
  }
  flushTlbMm(kernel, mm);
}

/** First address that the next PTE page maps. */
function nextPteTable(address: number): number {
  return (Math.floor(address / PMD_SIZE) + 1) * PMD_SIZE;
}
