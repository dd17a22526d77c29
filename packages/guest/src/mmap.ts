import { PAGE_SIZE } from "./address-layout.ts";
import { EINVAL, ENOMEM, type Signal } from "./errno.ts";
import type { HugetlbFile } from "./hugetlb-file.ts";
import { hugetlbFault, truncateHugepages, unmapHugepageRange } from "./hugetlb.ts";
import type { Kernel } from "./kernel.ts";
import { type Mm, type Vma, findVma, getUnmappedArea, vmaLink, vmaUnlink } from "./mm.ts";
import { freePgtables } from "./page-table-pages.ts";
import { shmemFault, shmemTruncate, zapPageRange } from "./shmem.ts";
import type { ShmemFile } from "./shmem-file.ts";
import { HPAGE_SIZE } from "./address-layout.ts";

/**
 * Maps a file from its begin, shared and writable: `mmap_region`. [L39 mm/mmap.c]
 *
 * @param length - bytes: at most the file's size, and whole hugepages in a file of hugepages.
 * @returns the address, −EINVAL for a wrong length, −ENOMEM when no gap of addresses is long enough.
 */
export function mmapRegion(mm: Mm, file: HugetlbFile | ShmemFile, length: number): number {
  const huge = file.kind === "hugetlb";
  const size = huge ? file.nrHugepages * HPAGE_SIZE : file.nrPages * PAGE_SIZE;
  if (length <= 0 || length > size || (huge && length % HPAGE_SIZE !== 0)) return -EINVAL;
  const bytes = Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  const start = getUnmappedArea(mm, bytes, huge);
  if (start < 0) return -ENOMEM;
  vmaLink(mm, { start, end: start + bytes, file });
  file.mappings++;
  return start;
}

/** Takes a mapping out of an address space, with its entries, tables and use of the file: `unmap_region`. */
export function unmapRegion(kernel: Kernel, mm: Mm, vma: Vma): void {
  unmapVma(kernel, mm, vma);
  removeVma(kernel, mm, vma);
}

/** Takes all mappings out: the part of `exit_mmap` that comes after the unpin. */
export function unmapAll(kernel: Kernel, mm: Mm): void {
  for (const vma of mm.vmas) unmapVma(kernel, mm, vma);
  for (const vma of mm.vmas) removeVma(kernel, mm, vma);
}

function unmapVma(kernel: Kernel, mm: Mm, vma: Vma): void {
  if (vma.file.kind === "hugetlb") unmapHugepageRange(kernel, mm, vma);
  else zapPageRange(kernel, mm, vma);
}

function removeVma(kernel: Kernel, mm: Mm, vma: Vma): void {
  freePgtables(kernel, mm, vma);
  vmaUnlink(mm, vma);
  vma.file.mappings--;
  releaseFile(kernel, vma.file);
}

/** Drops a file's own name; its pages go when it is mapped nowhere: `unlink`, IPC_RMID. */
export function unlinkFile(kernel: Kernel, file: HugetlbFile | ShmemFile): void {
  file.linked = false;
  releaseFile(kernel, file);
}

function releaseFile(kernel: Kernel, file: HugetlbFile | ShmemFile): void {
  if (file.linked || file.mappings > 0) return;
  if (file.kind === "hugetlb") truncateHugepages(kernel, file);
  else shmemTruncate(kernel, file);
}

/**
 * Serves a page fault of the running process: `handle_mm_fault`.
 *
 * @param address - where, in bytes.
 * @returns the signal to raise when it cannot be served.
 */
export function handleMmFault(kernel: Kernel, mm: Mm, address: number): Signal | undefined {
  const vma = findVma(mm, address);
  if (vma === undefined) return "SIGSEGV";
  return vma.file.kind === "hugetlb" ? hugetlbFault(kernel, mm, vma, address) : shmemFault(kernel, mm, vma, address);
}
