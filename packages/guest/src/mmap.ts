import { HPAGE_SIZE, PAGE_SIZE, TASK_SIZE } from "./address-layout.ts";
import { EBADF, EINVAL, ENOMEM } from "./errno.ts";
import type { HugetlbFile } from "./hugetlb-file.ts";
import { hugetlbFileMmap, hugetlbFileSetup, unlinkHugetlbFile } from "./hugetlbfs.ts";
import type { Kernel } from "./kernel.ts";
import { type Mm, getUnmappedArea, rangeIsMapped, vmaLink } from "./mm.ts";
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_HUGETLB,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from "./mmap-flags.ts";
import { doMunmap, releaseFile } from "./munmap.ts";
import type { ShmemFile } from "./shmem-file.ts";
import { shmemFileSetup } from "./shmem.ts";
import { mergeVmas } from "./vma-boundaries.ts";
import { VM_EXEC, VM_HUGETLB, VM_NORESERVE, VM_READ, VM_SHARED, VM_WRITE, type Vma } from "./vma.ts";

/** What is to be mapped: the arguments of `mmap`. */
export interface MmapRequest {
  /** Bytes. Rounded up to whole pages; in a file of hugepages it must be whole hugepages. */
  readonly length: number;
  /** PROT_… bits. Default: readable and writable. */
  readonly prot?: number;
  /** MAP_… bits. */
  readonly flags: number;
  /** What to map. With MAP_ANONYMOUS nobody looks at it. */
  readonly file?: HugetlbFile | ShmemFile;
  /** Where in the file to begin, in bytes. */
  readonly offset?: number;
  /** Where to map it: with MAP_FIXED there, whatever is mapped there now; else there if it is free. */
  readonly address?: number;
}

/**
 * Makes a mapping: `do_mmap_pgoff`, `mmap_region`. [L39 mm/mmap.c]
 *
 * Simplified: files are open for reading and writing, so EACCES does not arise; no file stands for a bad descriptor.
 *
 * @returns the address, or a negated errno: EBADF without a file and without MAP_ANONYMOUS; EINVAL for length 0, an
 * offset that is no whole page, a negative one in a file (2.6.39 took it for a large one), neither or both of
 * MAP_SHARED and MAP_PRIVATE, MAP_HUGETLB with a file of 4 KiB pages, a wrong address with MAP_FIXED; ENOMEM when there
 * is no such gap, the hugepages cannot be reserved, or MAP_FIXED would cut a hugepage in two.
 */
export function doMmap(kernel: Kernel, mm: Mm, request: MmapRequest): number {
  const { length, flags, offset = 0 } = request;
  // The system call looks at the offset and at the file, before any of the rest is checked.
  if (offset % PAGE_SIZE !== 0) return -EINVAL;
  const file = (flags & MAP_ANONYMOUS) === 0 ? request.file : undefined;
  if (file === undefined && (flags & MAP_ANONYMOUS) === 0) return -EBADF;
  if (length === 0) return -EINVAL;
  if (length < 0 || length > TASK_SIZE) return -ENOMEM;
  const sharing = flags & (MAP_SHARED | MAP_PRIVATE);
  if (sharing !== MAP_SHARED && sharing !== MAP_PRIVATE) return -EINVAL;
  if (file === undefined) return mmapAnonymous(kernel, mm, request);
  if (offset < 0) return -EINVAL;
  if ((flags & MAP_HUGETLB) !== 0 && file.kind !== "hugetlb") return -EINVAL;
  return mmapRegion(kernel, mm, file, request);
}

/** Maps memory without a file. Hugepages and shared pages get one of their own, whose name is gone at once. */
function mmapAnonymous(kernel: Kernel, mm: Mm, request: MmapRequest): number {
  const { length, flags } = request;
  const huge = (flags & MAP_HUGETLB) !== 0;
  if (!huge && (flags & MAP_PRIVATE) !== 0) return mmapRegion(kernel, mm, undefined, { ...request, offset: 0 });
  const bytes = huge ? Math.ceil(length / HPAGE_SIZE) * HPAGE_SIZE : length;
  const file = huge ? hugetlbFileSetup(kernel, bytes, VM_NORESERVE) : shmemFileSetup(bytes);
  if (typeof file === "number") return file;
  const address = mmapRegion(kernel, mm, file, { ...request, length: bytes, offset: 0 });
  unlinkFile(kernel, file);
  return address;
}

function mmapRegion(kernel: Kernel, mm: Mm, file: HugetlbFile | ShmemFile | undefined, request: MmapRequest): number {
  const { length, flags, prot = PROT_READ | PROT_WRITE, offset = 0, address = 0 } = request;
  const huge = file?.kind === "hugetlb";
  // hugetlb_get_unmapped_area refuses before an address is looked for; an offset is looked at when the file is mapped.
  if (huge && length % HPAGE_SIZE !== 0) return -EINVAL;
  const bytes = Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  const start = (flags & MAP_FIXED) !== 0 ? fixedArea(address, bytes, huge) : getUnmappedArea(mm, bytes, huge, address);
  if (start < 0) return start === -1 ? -ENOMEM : start;
  // An munmap that MAP_FIXED stands for keeps its errno for itself.
  if (rangeIsMapped(mm, start, start + bytes) && doMunmap(kernel, mm, start, bytes) !== 0) return -ENOMEM;
  const vma: Vma = {
    mm,
    start,
    end: start + bytes,
    flags: vmFlags(prot, flags, huge),
    offset,
    file,
    anonVma: false,
    resv: undefined,
  };
  const rc = huge ? hugetlbFileMmap(kernel, vma) : 0;
  if (rc !== 0) return rc;
  vmaLink(mm, vma);
  file?.mappings.add(vma);
  mergeVmas(mm, vma.start, vma.end);
  return start;
}

/** `get_unmapped_area` with MAP_FIXED. */
function fixedArea(address: number, bytes: number, huge: boolean): number {
  if (address < 0 || address > TASK_SIZE - bytes) return -ENOMEM;
  return address % (huge ? HPAGE_SIZE : PAGE_SIZE) === 0 ? address : -EINVAL;
}

/** VM_… bits for PROT_… and MAP_… bits: `calc_vm_prot_bits`, `calc_vm_flag_bits`. */
function vmFlags(prot: number, flags: number, huge: boolean): number {
  return (
    calcVmProtBits(prot) |
    ((flags & MAP_SHARED) !== 0 ? VM_SHARED : 0) |
    ((flags & MAP_NORESERVE) !== 0 ? VM_NORESERVE : 0) |
    (huge ? VM_HUGETLB : 0)
  );
}

/** VM_… bits for PROT_… bits: `calc_vm_prot_bits`. */
export function calcVmProtBits(prot: number): number {
  return (
    ((prot & PROT_READ) !== 0 ? VM_READ : 0) |
    ((prot & PROT_WRITE) !== 0 ? VM_WRITE : 0) |
    ((prot & PROT_EXEC) !== 0 ? VM_EXEC : 0)
  );
}

/** Whether a file is gone: it has no name, nobody has it open, nobody maps it. Whoever still holds it must not use it. */
export function isReleased(file: HugetlbFile | ShmemFile): boolean {
  return !file.linked && file.mappings.size === 0 && (file.kind !== "hugetlb" || file.opens === 0);
}

/** Drops a file's own name; its pages go when it is mapped nowhere: `unlink`, IPC_RMID. */
export function unlinkFile(kernel: Kernel, file: HugetlbFile | ShmemFile): void {
  if (file.kind === "hugetlb") return unlinkHugetlbFile(kernel, file);
  file.linked = false;
  releaseFile(kernel, file);
}
