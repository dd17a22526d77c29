import type { HugetlbFile } from "./hugetlb-file.ts";
import type { Mm } from "./mm.ts";
import type { ResvMap } from "./resv-map.ts";
import type { ShmemFile } from "./shmem-file.ts";

/** Bits of {@link Vma.flags}. [L39 include/linux/mm.h] */
export const VM_READ = 0x0000_0001;
export const VM_WRITE = 0x0000_0002;
export const VM_EXEC = 0x0000_0004;
/** Stores reach everybody who maps the object; without it the mapping is private and copied on write. */
export const VM_SHARED = 0x0000_0008;
/** Fork leaves the mapping out: MADV_DONTFORK. */
export const VM_DONTCOPY = 0x0002_0000;
/** Nothing is reserved at mmap: MAP_NORESERVE. */
export const VM_NORESERVE = 0x0020_0000;
export const VM_HUGETLB = 0x0040_0000;

/** A range of user addresses with one kind of content: `struct vm_area_struct`. */
export interface Vma {
  readonly mm: Mm;
  /** First address, in bytes. */
  start: number;
  /** Exclusive. */
  end: number;
  /** VM_… bits. VM_HUGETLB exactly when the file is a {@link HugetlbFile}. */
  flags: number;
  /** Where in the file the mapping begins, in bytes: `vm_pgoff`. */
  offset: number;
  /** What it maps; undefined for private anonymous memory of 4 KiB pages. */
  readonly file: HugetlbFile | ShmemFile | undefined;
  /** Whether a page of its own was ever faulted in: fork passes over 4 KiB mappings without one. Linux: anon_vma. */
  anonVma: boolean;
  /** Private hugepage mappings: which pages of its reservation were taken. Only who made the mapping has one. */
  resv: ResvMap | undefined;
}

/** Whether a write to a page that others see too must copy it: `is_cow_mapping`. All mappings may become writable. */
export function isCowMapping(vma: Vma): boolean {
  return (vma.flags & VM_SHARED) === 0;
}

/** Offset in the file of an address of the mapping, in bytes. */
export function fileOffset(vma: Vma, address: number): number {
  return address - vma.start + vma.offset;
}
