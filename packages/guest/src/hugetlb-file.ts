import type { Vma } from "./vma.ts";

/** A file on hugetlbfs, or the segment behind SHM_HUGETLB: its pages belong to it and not to who maps it. */
export interface HugetlbFile {
  readonly kind: "hugetlb";
  /** Size in hugepages. */
  readonly nrHugepages: number;
  /** Its page cache: first page of each hugepage as pfn plus one; 0 where none was touched yet. */
  readonly pages: Int32Array;
  /** Mappings of it in all processes: `i_mmap`. */
  readonly mappings: Set<Vma>;
  /** Whether its name still stands. Pages go when it has none and nobody maps it. */
  linked: boolean;
}
