import type { Pfn } from "@xsp/hypervisor";
import { PAGE_SIZE } from "./address-layout.ts";
import { type PteSlot, allocUserPage, mapUserPage } from "./anonymous-memory.ts";
import { assert } from "./assert.ts";
import { EINVAL, type Signal } from "./errno.ts";
import { clearHighpage, copyHighpage } from "./highpage-contents.ts";
import { type Kernel, putPage } from "./kernel.ts";
import { NO_PAGE } from "./mem-map.ts";
import { isSharedWritable } from "./pte-entry.ts";
import type { ShmemFile } from "./shmem-file.ts";
import { VM_SHARED, fileOffset } from "./vma.ts";

/**
 * Shared memory of 4 KiB pages. [L39 mm/shmem.c, mm/memory.c]
 *
 * A fork does not copy the entries of a shared mapping: `copy_page_range` passes over what a fault can fill again. A
 * private mapping of the same object reads its pages until it writes: then it has a copy of its own.
 * Simplified: no swap, no reservation of memory at mmap; objects cannot be truncated while they are mapped.
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

/** Page of an object, made if it has none there: `shmem_getpage`. The page cache is one of its users. */
function shmemGetpage(kernel: Kernel, file: ShmemFile, index: number): Pfn {
  const known = file.pages.get(index);
  if (known !== undefined) return known;
  const page = allocUserPage(kernel);
  if (page === NO_PAGE) return NO_PAGE;
  clearHighpage(kernel, page);
  file.pages.set(index, page);
  return page;
}

/**
 * Serves a page fault where there is no entry: `shmem_fault` under `__do_fault`.
 *
 * @returns SIGBUS beyond the end of the object; SIGKILL when memory is short.
 */
export function shmemFault(kernel: Kernel, slot: PteSlot, address: number, write: boolean): Signal | undefined {
  const { vma } = slot;
  const { file } = vma;
  assert(file?.kind === "shmem", "a shmem fault is in a mapping of 4 KiB pages");
  const index = Math.floor(fileOffset(vma, address) / PAGE_SIZE);
  if (index >= file.nrPages) return "SIGBUS";
  const page = shmemGetpage(kernel, file, index);
  if (page === NO_PAGE) return "SIGKILL";
  if (!write || (vma.flags & VM_SHARED) !== 0) {
    kernel.memMap.getPage(page);
    mapUserPage(kernel, slot, page, isSharedWritable(vma.flags));
    return undefined;
  }
  vma.anonVma = true;
  const copy = allocUserPage(kernel);
  if (copy === NO_PAGE) return "SIGKILL";
  copyHighpage(kernel, copy, page);
  mapUserPage(kernel, slot, copy, true);
  return undefined;
}
