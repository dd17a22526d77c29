import type { Pfn } from "@xsp/hypervisor";
import type { Vma } from "./vma.ts";

/** A shared object of 4 KiB pages without a name of its own: what MAP_SHARED | MAP_ANONYMOUS maps. [L39 mm/shmem.c] */
export interface ShmemFile {
  readonly kind: "shmem";
  readonly nrPages: number;
  /** Its page cache, by index in the file. A map is enough: only pages that were touched are in it. */
  readonly pages: Map<number, Pfn>;
  /** Mappings of it in all processes: `i_mmap`. */
  readonly mappings: Set<Vma>;
  /** Whether its name still stands. */
  linked: boolean;
}
