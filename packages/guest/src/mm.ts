import type { Pfn } from "@xsp/hypervisor";
import { HPAGE_SIZE, MMAP_BASE, PAGE_SIZE, PUD_SIZE, TASK_SIZE } from "./address-layout.ts";
import type { Vma } from "./vma.ts";

/**
 * An address space: `struct mm_struct`.
 *
 * 64-bit PV has two roots for each: user mode runs on one that has no kernel entries. Linux finds the second through
 * `page->private` of the first; whether the pair is pinned is the PG_pinned bit of the first.
 */
export interface Mm {
  readonly pgd: Pfn;
  readonly userPgd: Pfn;
  /** Sorted by address. */
  vmas: Vma[];
  /** PUD, PMD and PTE pages, the two roots not among them. */
  pageTablePages: number;
  /** PTE pages among them. */
  nrPtes: number;
  /** Processes that run in it: two while a child of vfork does. Linux: mm_users. */
  users: number;
  /** Pinned for a suspend only: the PG_savepinned bit of the first root. */
  savePinned: boolean;
}

/** Mapping that contains an address: `find_vma` and a look at its start. */
export function findVma(mm: Mm, address: number): Vma | undefined {
  for (const vma of mm.vmas) if (address < vma.end) return address >= vma.start ? vma : undefined;
  return undefined;
}

/** Mappings that reach into a range, in order. */
export function vmasIn(mm: Mm, start: number, end: number): Vma[] {
  return mm.vmas.filter((vma) => vma.start < end && vma.end > start);
}

/**
 * First gap that is long enough: `get_unmapped_area`, `hugetlb_get_unmapped_area`.
 *
 * Simplified: mappings of hugepages begin at a multiple of 1 GiB where they are that long, else of 2 MiB; Linux takes
 * 2 MiB always, and an application that wants few PMD pages asks for an address.
 *
 * @param length - bytes.
 * @param huge - whether the mapping is one of hugepages.
 * @param hint - address that is taken if it is free, rounded up to a whole page; 0 for none.
 * @returns the address, or −1 when no gap is left.
 */
export function getUnmappedArea(mm: Mm, length: number, huge: boolean, hint = 0): number {
  const unit = huge ? HPAGE_SIZE : PAGE_SIZE;
  const wanted = Math.ceil(hint / unit) * unit;
  if (wanted > 0 && wanted + length <= TASK_SIZE && !rangeIsMapped(mm, wanted, wanted + length)) return wanted;
  const alignment = huge && length >= PUD_SIZE ? PUD_SIZE : unit;
  const align = (address: number): number => Math.ceil(address / alignment) * alignment;
  let candidate = align(MMAP_BASE);
  for (const vma of mm.vmas) {
    if (vma.end <= candidate) continue;
    if (candidate + length <= vma.start) break;
    candidate = align(vma.end);
  }
  return candidate + length <= TASK_SIZE ? candidate : -1;
}

/** Adds a mapping in its place: `vma_link`. */
export function vmaLink(mm: Mm, vma: Vma): void {
  const place = mm.vmas.findIndex(({ start }) => start > vma.start);
  mm.vmas.splice(place < 0 ? mm.vmas.length : place, 0, vma);
}

/** Takes mappings out: `detach_vmas_to_be_unmapped`. */
export function detachVmas(mm: Mm, vmas: readonly Vma[]): void {
  mm.vmas = mm.vmas.filter((vma) => !vmas.includes(vma));
}

/** Whether a mapping reaches into a range: page tables of the range are then kept. */
export function rangeIsMapped(mm: Mm, start: number, end: number): boolean {
  return mm.vmas.some((vma) => vma.start < end && vma.end > start);
}
