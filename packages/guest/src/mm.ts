import type { Pfn } from "@xsp/hypervisor";
import { MMAP_BASE, PMD_SIZE, PUD_SIZE, TASK_SIZE } from "./address-layout.ts";
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
}

/** Mapping that contains an address: `find_vma` and a look at its start. */
export function findVma(mm: Mm, address: number): Vma | undefined {
  for (const vma of mm.vmas) if (address < vma.end) return address >= vma.start ? vma : undefined;
  return undefined;
}

/**
 * First gap that is long enough: `get_unmapped_area`.
 *
 * Hugepage mappings begin at a multiple of 1 GiB where they are that long, else of 2 MiB.
 *
 * @param length - bytes.
 * @param huge - whether the mapping is one of hugepages.
 * @returns the address, or −1 when no gap is left.
 */
export function getUnmappedArea(mm: Mm, length: number, huge: boolean): number {
  const alignment = huge && length >= PUD_SIZE ? PUD_SIZE : PMD_SIZE;
  const align = (address: number): number => Math.ceil(address / alignment) * alignment;
  let candidate = align(MMAP_BASE);
  for (const vma of mm.vmas) {
    if (candidate + length <= vma.start) break;
    candidate = Math.max(candidate, align(vma.end));
  }
  return candidate + length <= TASK_SIZE ? candidate : -1;
}

/** Adds a mapping in its place: `vma_link`. */
export function vmaLink(mm: Mm, vma: Vma): void {
  mm.vmas = [...mm.vmas, vma].sort((a, b) => a.start - b.start);
}

/** Takes a mapping out: `detach_vmas_to_be_unmapped`. */
export function vmaUnlink(mm: Mm, vma: Vma): void {
  mm.vmas = mm.vmas.filter((other) => other !== vma);
}

/** Whether a mapping other than `except` reaches into a range: page tables of the range are then kept. */
export function rangeIsMapped(mm: Mm, start: number, end: number, except: Vma): boolean {
  return mm.vmas.some((vma) => vma !== except && vma.start < end && vma.end > start);
}
