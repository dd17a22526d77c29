import { HPAGE_SIZE, PAGE_SIZE, TASK_SIZE } from "./address-layout.ts";
import { EINVAL, ENOMEM, type Signal } from "./errno.ts";
import type { HugetlbFile } from "./hugetlb-file.ts";
import { hugetlbFault } from "./hugetlb-fault.ts";
import { hugetlbVmOpClose } from "./hugetlb-reservation.ts";
import { unmapHugepageRange } from "./hugetlb.ts";
import { hugetlbEvictInode, hugetlbFileMmap, hugetlbFileSetup, unlinkHugetlbFile } from "./hugetlbfs.ts";
import type { Kernel } from "./kernel.ts";
import { type Mm, findVma, getUnmappedArea, vmaLink, vmaUnlink } from "./mm.ts";
import { MAP_FIXED, MAP_HUGETLB, MAP_NORESERVE, MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE } from "./mmap-flags.ts";
import { freePgtables } from "./page-table-pages.ts";
import { shmemFault, shmemFileSetup, shmemTruncate, zapPageRange } from "./shmem.ts";
import type { ShmemFile } from "./shmem-file.ts";
import { VM_HUGETLB, VM_NORESERVE, VM_READ, VM_SHARED, VM_WRITE, type Vma } from "./vma.ts";

/** What is to be mapped: the arguments of `mmap`. */
export interface MmapRequest {
  /** Bytes. Rounded up to whole pages; in a file of hugepages it must be whole hugepages. */
  readonly length: number;
  /** PROT_… bits. Default: readable and writable. */
  readonly prot?: number;
  /** MAP_… bits. */
  readonly flags: number;
  /** What to map; left out with MAP_ANONYMOUS. */
  readonly file?: HugetlbFile | ShmemFile;
  /** Where in the file to begin, in bytes. */
  readonly offset?: number;
  /** Where to map it, with MAP_FIXED. */
  readonly address?: number;
}

/**
 * Makes a mapping: `do_mmap_pgoff`, `mmap_region`. [L39 mm/mmap.c]
 *
 * @returns the address, or a negated errno.
 */
export function doMmap(kernel: Kernel, mm: Mm, request: MmapRequest): number {
  const { length, flags } = request;
  if (!(length > 0) || length > TASK_SIZE) return -EINVAL;
  const sharing = flags & (MAP_SHARED | MAP_PRIVATE);
  if (sharing !== MAP_SHARED && sharing !== MAP_PRIVATE) return -EINVAL;
  const { file } = request;
  if (file === undefined) return mmapAnonymous(kernel, mm, request);
  return mmapRegion(kernel, mm, file, request);
}

/** Maps memory without a file: hugepages or shared pages get one of their own, whose name is gone at once. */
function mmapAnonymous(kernel: Kernel, mm: Mm, request: MmapRequest): number {
  const { length, flags } = request;
  const huge = (flags & MAP_HUGETLB) !== 0;
  if (!huge && (flags & MAP_SHARED) === 0) return -EINVAL;
  const bytes = huge ? Math.ceil(length / HPAGE_SIZE) * HPAGE_SIZE : length;
  const file = huge ? hugetlbFileSetup(kernel, bytes, VM_NORESERVE) : shmemFileSetup(bytes);
  if (typeof file === "number") return file;
  const address = mmapRegion(kernel, mm, file, { ...request, length: bytes });
  unlinkFile(kernel, file);
  return address;
}

function mmapRegion(kernel: Kernel, mm: Mm, file: HugetlbFile | ShmemFile, request: MmapRequest): number {
  const { length, flags, prot = PROT_READ | PROT_WRITE, offset = 0 } = request;
  const huge = file.kind === "hugetlb";
  if (!huge && offset + length > file.nrPages * PAGE_SIZE) return -EINVAL;
  if ((flags & MAP_FIXED) !== 0 || (!huge && (flags & MAP_PRIVATE) !== 0)) return -EINVAL;
  const bytes = Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  const start = getUnmappedArea(mm, bytes, huge);
  if (start < 0) return -ENOMEM;
  const vma: Vma = { mm, start, end: start + bytes, flags: vmFlags(prot, flags, huge), offset, file, resv: undefined };
  const rc = huge ? hugetlbFileMmap(kernel, vma) : 0;
  if (rc !== 0) return rc;
  vmaLink(mm, vma);
  file.mappings.add(vma);
  return start;
}

/** VM_… bits for PROT_… and MAP_… bits: `calc_vm_prot_bits`, `calc_vm_flag_bits`. */
function vmFlags(prot: number, flags: number, huge: boolean): number {
  return (
    ((prot & PROT_READ) !== 0 ? VM_READ : 0) |
    ((prot & PROT_WRITE) !== 0 ? VM_WRITE : 0) |
    ((flags & MAP_SHARED) !== 0 ? VM_SHARED : 0) |
    ((flags & MAP_NORESERVE) !== 0 ? VM_NORESERVE : 0) |
    (huge ? VM_HUGETLB : 0)
  );
}

/** Takes a mapping out of an address space, with its entries, tables and use of the file: `unmap_region`. */
export function unmapRegion(kernel: Kernel, mm: Mm, vma: Vma): void {
  unmapVma(kernel, vma);
  removeVma(kernel, mm, vma);
}

/** Takes all mappings out: the part of `exit_mmap` that comes after the unpin. */
export function unmapAll(kernel: Kernel, mm: Mm): void {
  for (const vma of mm.vmas) unmapVma(kernel, vma);
  for (const vma of mm.vmas) removeVma(kernel, mm, vma);
}

function unmapVma(kernel: Kernel, vma: Vma): void {
  if ((vma.flags & VM_HUGETLB) !== 0) unmapHugepageRange(kernel, vma, vma.start, vma.end);
  else zapPageRange(kernel, vma, vma.start, vma.end);
}

function removeVma(kernel: Kernel, mm: Mm, vma: Vma): void {
  freePgtables(kernel, mm, vma);
  vmaUnlink(mm, vma);
  hugetlbVmOpClose(kernel, vma);
  if (vma.file === undefined) return;
  vma.file.mappings.delete(vma);
  releaseFile(kernel, vma.file);
}

/** Drops a file's own name; its pages go when it is mapped nowhere: `unlink`, IPC_RMID. */
export function unlinkFile(kernel: Kernel, file: HugetlbFile | ShmemFile): void {
  if (file.kind === "hugetlb") return unlinkHugetlbFile(kernel, file);
  file.linked = false;
  releaseFile(kernel, file);
}

function releaseFile(kernel: Kernel, file: HugetlbFile | ShmemFile): void {
  if (file.kind === "hugetlb") return hugetlbEvictInode(kernel, file);
  if (!file.linked && file.mappings.size === 0) shmemTruncate(kernel, file);
}

/**
 * Serves a page fault of the running process: `handle_mm_fault`.
 *
 * @param address - where, in bytes.
 * @returns the signal to raise when it cannot be served.
 */
export function handleMmFault(kernel: Kernel, mm: Mm, address: number, write: boolean): Signal | undefined {
  const vma = findVma(mm, address);
  if (vma === undefined) return "SIGSEGV";
  if ((vma.flags & (write ? VM_WRITE : VM_READ)) === 0) return "SIGSEGV";
  return (vma.flags & VM_HUGETLB) !== 0 ? hugetlbFault(kernel, vma, address, write) : shmemFault(kernel, vma, address);
}
