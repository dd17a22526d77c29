import {
  type Pfn,
  _PAGE_ACCESSED,
  _PAGE_DIRTY,
  _PAGE_NX,
  _PAGE_PRESENT,
  _PAGE_PSE,
  _PAGE_RW,
  _PAGE_USER,
} from "@xsp/hypervisor";

/**
 * Where things are in a virtual address space, and the bits with which they are mapped.
 *
 * ```text
 *   L4 slot   0 … 255   user: the same entries in the kernel root and in the user root of an mm
 *           256 … 271   Xen's own
 *           272 …       kernel: the direct map from PAGE_OFFSET on, one L4 slot for each 512 GiB
 *                 511   kernel: persistent kmaps and fixmaps (32-bit style guests only)
 *                       the user root has no kernel entries
 * ```
 *
 * Source: [L39 arch/x86/include/asm/pgtable_64_types.h, Documentation/x86/x86_64/mm.txt].
 * Simplified: a 32-bit style guest has these 64-bit four-level tables too; what makes it 32-bit is its highmem.
 */

/** Bytes in a page, log2; in a hugepage; in what one PUD page and one PGD entry map. */
export const PAGE_SHIFT = 12;
export const PMD_SHIFT = 21;
export const PUD_SHIFT = 30;
const PGDIR_SHIFT = 39;

export const PAGE_SIZE: number = 2 ** PAGE_SHIFT;
export const PMD_SIZE: number = 2 ** PMD_SHIFT;
export const PUD_SIZE: number = 2 ** PUD_SHIFT;
export const PGDIR_SIZE: number = 2 ** PGDIR_SHIFT;

/** Entries in a page table of any level. */
export const PTRS_PER_TABLE = 512;

/** A hugepage: 2 MiB, an order-9 block of the buddy allocator. */
export const HPAGE_ORDER = 9;
export const HPAGE_PAGES: number = 1 << HPAGE_ORDER;
export const HPAGE_SIZE: number = HPAGE_PAGES * PAGE_SIZE;

/** End of user addresses, exclusive. */
export const TASK_SIZE: number = 2 ** 47;
/** First L4 slot that is not the user's. */
export const USER_PTRS_PER_PGD = 256;
/** First L4 slot of the kernel: that of PAGE_OFFSET, 0xffff880000000000. */
export const KERNEL_PGD_BOUNDARY = 272;
/** L4 slot, L3 and L2 indices of the persistent kmaps and of the fixmaps. */
export const PKMAP_PGD_INDEX = 511;
export const PKMAP_PUD_INDEX = 511;
export const PKMAP_PMD_INDEX = 510;
export const FIXMAP_PMD_INDEX = 511;

/** Where mappings are put first. Simplified: TASK_UNMAPPED_BASE rounded up to 1 GiB. */
export const MMAP_BASE = 0x2aaac0000000;

const PAGE_OFFSET_HIGH = 0xffff8800;

/** High word of the direct map's address of a page: `lowmem_page_address`. Its low word is `pfn << PAGE_SHIFT`. */
export function lowmemAddressHigh(page: Pfn): number {
  return (PAGE_OFFSET_HIGH + (page >>> (32 - PAGE_SHIFT))) | 0;
}

/** Index of an address in the PGD (L4). */
export function pgdIndex(address: number): number {
  return Math.floor(address / PGDIR_SIZE) & (PTRS_PER_TABLE - 1);
}

/** Index of an address in its PUD page (L3). */
export function pudIndex(address: number): number {
  return Math.floor(address / PUD_SIZE) & (PTRS_PER_TABLE - 1);
}

/** Index of an address in its PMD page (L2). */
export function pmdIndex(address: number): number {
  return Math.floor(address / PMD_SIZE) & (PTRS_PER_TABLE - 1);
}

/** Index of an address in its PTE page (L1). */
export function pteIndex(address: number): number {
  return Math.floor(address / PAGE_SIZE) & (PTRS_PER_TABLE - 1);
}

/** Kernel page, writable: the direct map. No _PAGE_GLOBAL under Xen, which masks it. */
export const PAGE_KERNEL: number = _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_NX;
/** Kernel page, read-only: the direct map of a page table. */
export const PAGE_KERNEL_RO: number = PAGE_KERNEL & ~_PAGE_RW;
/** User page of a shared writable mapping, as a write fault leaves it. */
export const PAGE_SHARED: number = PAGE_KERNEL | _PAGE_USER;
/** Hugepage of a shared writable mapping: `make_huge_pte`. */
export const PAGE_SHARED_HUGE: number = PAGE_SHARED | _PAGE_PSE;
/** Entry that points to a table of kernel addresses. */
export const _KERNPG_TABLE: number = _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY;
/** Entry that points to a table of user addresses. */
export const _PAGE_TABLE: number = _KERNPG_TABLE | _PAGE_USER;
