import { type Pfn, pfn } from "@xsp/hypervisor";
import { HPAGE_ORDER, HPAGE_PAGES } from "./address-layout.ts";

/** Under Xen's eyes a page table: turned read-only, or part of a pinned tree. Linux: PagePinned. */
export const PG_pinned = 0x01;
/** Never in the buddy: the page tables that the domain builder made. */
export const PG_reserved = 0x02;
/** Given back to Xen. */
export const PG_ballooned = 0x04;

/** Something was stored into it, so that it must be cleared before it becomes a page table. */
export const PG_scribbled = 0x08;

/** A PTE page whose lock is held until the batch that pins or unpins it is issued. */
export const PG_ptlocked = 0x10;

/** Orders 0 to 10: a block of the buddy has 2^order pages. [L39 include/linux/mmzone.h] */
export const MAX_ORDER = 11;

/** No page: what a search or an allocation that fails returns. */
export const NO_PAGE: Pfn = pfn(-1);

/**
 * Linux's `mem_map`: one record for each page, kept as columns of typed arrays.
 *
 * 64 GiB are 16,777,216 pages, so nothing here is an object per page. A column is laid out so that the first pages of
 * all 2 MiB blocks stand side by side, then all second pages, and so on:
 *
 * ```text
 *   index = (pfn & 511) * blocks + (pfn >> 9)
 * ```
 *
 * A guest whose memory is free, or in hugepages, touches the records of block heads only. In this layout they fill a few
 * pages of the array, and the rest of it is never made resident by the operating system that runs the model.
 */
export class MemMap {
  readonly nrPages: number;
  /** How many 2 MiB blocks, the last perhaps in part. */
  readonly blocks: number;
  /** PG_… bits. */
  readonly flags: Uint8Array;
  /** Order of a free block plus one at its first page; 0 elsewhere. Linux: PageBuddy and page->private. */
  readonly freeOrder: Uint8Array;
  /** Neighbours in the free list, as pfn plus one; 0 where there is none. Linux: page->lru. */
  readonly next: Int32Array;
  readonly previous: Int32Array;
  /** By block: its pages were a hugepage of some process. Stands for PG_scribbled on all of them. */
  readonly scribbledBlock: Uint8Array;
  /** Users of an allocated 4 KiB page. Linux: page->_count. Hugepages are counted in the hugetlb pool. */
  readonly count: Int32Array;

  /** @param nrPages - pages of the guest: pfn 0 to nrPages − 1. */
  constructor(nrPages: number) {
    this.nrPages = nrPages;
    this.blocks = Math.ceil(nrPages / HPAGE_PAGES);
    const length = this.blocks * HPAGE_PAGES;
    this.flags = new Uint8Array(length);
    this.freeOrder = new Uint8Array(length);
    this.next = new Int32Array(length);
    this.previous = new Int32Array(length);
    this.count = new Int32Array(length);
    this.scribbledBlock = new Uint8Array(this.blocks);
  }

  /** Index of a page's record in the columns. */
  index(page: Pfn): number {
    return (page & (HPAGE_PAGES - 1)) * this.blocks + (page >>> HPAGE_ORDER);
  }

  /** Whether any of these PG_… bits is set. */
  hasFlag(page: Pfn, flag: number): boolean {
    return ((this.flags[this.index(page)] as number) & flag) !== 0;
  }

  /** Sets PG_… bits. */
  setFlag(page: Pfn, flag: number): void {
    const index = this.index(page);
    this.flags[index] = (this.flags[index] as number) | flag;
  }

  /** Clears PG_… bits. */
  clearFlag(page: Pfn, flag: number): void {
    const index = this.index(page);
    this.flags[index] = (this.flags[index] as number) & ~flag;
  }

  /** Whether a page is in a free block of the buddy, at its begin or inside. */
  isFree(page: Pfn): boolean {
    for (let order = 0; order < MAX_ORDER; order++) {
      const head = pfn(page - (page % 2 ** order));
      if ((this.freeOrder[this.index(head)] as number) > order) return true;
    }
    return false;
  }

  /** Whether a page may hold anything but zeroes. */
  isScribbled(page: Pfn): boolean {
    return this.scribbledBlock[page >>> HPAGE_ORDER] !== 0 || this.hasFlag(page, PG_scribbled);
  }

  /** Users of a 4 KiB page: `page_count`. */
  pageCount(page: Pfn): number {
    return this.count[this.index(page)] as number;
  }

  /** Adds a user of a 4 KiB page: `get_page`. */
  getPage(page: Pfn): void {
    const index = this.index(page);
    this.count[index] = (this.count[index] as number) + 1;
  }

  /** Takes a user of a 4 KiB page away. Returns whether it was the last: `put_page_testzero`. */
  putPageTestzero(page: Pfn): boolean {
    const index = this.index(page);
    const left = (this.count[index] as number) - 1;
    this.count[index] = left;
    return left === 0;
  }
}
