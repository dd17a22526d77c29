import type { Pfn } from "@xsp/hypervisor";
import type { HugetlbfsMount } from "./hugetlbfs-mount.ts";
import type { RegionList } from "./region-list.ts";
import type { Vma } from "./vma.ts";

/**
 * An inode of hugetlbfs: a file that was opened, the segment behind SHM_HUGETLB, or what MAP_ANONYMOUS | MAP_HUGETLB
 * maps. [L39 fs/hugetlbfs/inode.c]
 *
 * Its pages, and with a shared mapping its reservations, belong to it and not to who maps it.
 */
export interface HugetlbFile {
  readonly kind: "hugetlb";
  /** Where it is; files without a name are on a mount of the kernel's own. */
  readonly mount: HugetlbfsMount;
  /** In the root directory of the mount; undefined for a file without a name. */
  readonly name: string | undefined;
  /** `i_size` in bytes, a multiple of 2 MiB. Nothing can be touched beyond it. */
  size: number;
  /** Page cache: first page of each hugepage, by index in the file. A map, as a file may be large and full of holes. */
  readonly pages: Map<number, Pfn>;
  /** Hugepages reserved for shared mappings, now or earlier: `i_mapping->private_list`. */
  readonly regions: RegionList;
  /** Mappings of it in all processes: `i_mmap`. */
  readonly mappings: Set<Vma>;
  /** Open file descriptors. */
  opens: number;
  /** Whether its name still stands. The inode goes when it has none and is neither open nor mapped. */
  linked: boolean;
}
