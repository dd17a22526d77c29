import { MMUEXT_INVLPG_LOCAL, type Pfn, pteHi, pteLo } from "@xsp/hypervisor";
import { FIXMAP_PMD_INDEX, PAGE_KERNEL, PAGE_SHIFT, PKMAP_PUD_INDEX, PMD_SHIFT, PUD_SHIFT } from "./address-layout.ts";
import { assert } from "./assert.ts";
import { type Kernel, pageHighMem } from "./kernel.ts";
import { flushLazyMmuMode, xenExtendMmuextOp, xenMcBatch, xenMcIssue } from "./multicall-buffer.ts";
import { setPteAt, xenFlushTlb } from "./pv-mmu.ts";

/** Slots of the persistent kmap pool: LAST_PKMAP with PAE. */
export const LAST_PKMAP = 512;
/** Atomic slots of a CPU: how deep kmap_atomic nests. [L39 include/asm-generic/kmap_types.h] */
export const KM_TYPE_NR = 20;

/**
 * How a 32-bit kernel reaches pages that its direct map does not cover. [L39 mm/highmem.c, arch/x86/mm/highmem_32.c]
 *
 * ```text
 *   kmap     slot of a pool of 512; the entry stays after kunmap until the pool wraps or kmapFlushUnused runs,
 *            so a page that nobody uses may still be mapped writable: count 1
 *   atomic   slot of this CPU; the entry is cleared at once: count 0
 * ```
 *
 * A page that Xen must be able to take away, or to make a page table of, must be mapped by neither: `kmapFlushUnused`.
 */
export interface Highmem {
  /** PTE page of the pool, and of the fixmap with the atomic slots. */
  readonly pkmapPageTable: Pfn;
  readonly fixmapPageTable: Pfn;
  /** Per slot: 0 free, 1 mapped and unused, n in use n − 1 times. */
  readonly pkmapCount: Int32Array;
  /** Per slot: page plus one. */
  readonly pkmapPage: Int32Array;
  lastPkmapNr: number;
  /** Pages in atomic slots; they nest like a stack. */
  readonly atomicPages: Pfn[];
  /** Whether Xen clears and copies highmem pages: XENFEAT_highmem_assist in a classic XenLinux. */
  readonly clearedByXen: boolean;
}

/** An empty pool whose entries live in these PTE pages. */
export function makeHighmem(pkmapPageTable: Pfn, fixmapPageTable: Pfn, clearedByXen: boolean): Highmem {
  return {
    pkmapPageTable,
    fixmapPageTable,
    pkmapCount: new Int32Array(LAST_PKMAP),
    pkmapPage: new Int32Array(LAST_PKMAP),
    lastPkmapNr: 0,
    atomicPages: [],
    clearedByXen,
  };
}

function highmemOf(kernel: Kernel): Highmem {
  assert(kernel.highmem !== undefined, "only a 32-bit style guest has highmem");
  return kernel.highmem;
}

/**
 * Maps a page into the kernel. A lowmem page is mapped already.
 *
 * @returns whether there is a slot; Linux would sleep until one is free.
 */
export function kmap(kernel: Kernel, page: Pfn): boolean {
  if (!pageHighMem(kernel, page)) return true;
  const highmem = highmemOf(kernel);
  const { pkmapCount, pkmapPage } = highmem;
  let slot = pkmapPage.indexOf(page + 1);
  if (slot < 0) {
    slot = mapNewVirtual(kernel, highmem, page);
    if (slot < 0) return false;
  }
  pkmapCount[slot] = (pkmapCount[slot] as number) + 1;
  return true;
}

/**
 * Takes the next free slot: `map_new_virtual`. Each time the pool wraps, unused entries are flushed and the search begins
 * anew.
 */
function mapNewVirtual(kernel: Kernel, highmem: Highmem, page: Pfn): number {
  for (let count = LAST_PKMAP; count > 0; count--) {
    highmem.lastPkmapNr = (highmem.lastPkmapNr + 1) % LAST_PKMAP;
    const slot = highmem.lastPkmapNr;
    if (slot === 0) {
      kmapFlushUnused(kernel);
      count = LAST_PKMAP;
    }
    if (highmem.pkmapCount[slot] !== 0) continue;
    const frame = kernel.phys.pfnToMfn(page);
    setPteAt(kernel, highmem.pkmapPageTable, slot, pteLo(frame, PAGE_KERNEL), pteHi(frame, PAGE_KERNEL));
    highmem.pkmapCount[slot] = 1;
    highmem.pkmapPage[slot] = page + 1;
    return slot;
  }
  return -1;
}

/** Ends a use of a mapping. The entry stays. */
export function kunmap(kernel: Kernel, page: Pfn): void {
  if (!pageHighMem(kernel, page)) return;
  const { pkmapCount, pkmapPage } = highmemOf(kernel);
  const slot = pkmapPage.indexOf(page + 1);
  assert(slot >= 0 && (pkmapCount[slot] as number) > 1, "a page is unmapped as often as it was mapped");
  pkmapCount[slot] = (pkmapCount[slot] as number) - 1;
}

/** Clears the entries of all unused slots: `flush_all_zero_pkmaps` and the TLB flush after it. */
export function kmapFlushUnused(kernel: Kernel): void {
  const { highmem } = kernel;
  if (highmem === undefined) return;
  let flushed = 0;
  for (let slot = 0; slot < LAST_PKMAP; slot++) {
    if (highmem.pkmapCount[slot] !== 1) continue;
    setPteAt(kernel, highmem.pkmapPageTable, slot, 0, 0);
    highmem.pkmapCount[slot] = 0;
    highmem.pkmapPage[slot] = 0;
    flushed++;
  }
  if (flushed > 0) xenFlushTlb(kernel);
}

/**
 * Maps a page for a short while, in a slot of this CPU: `kmap_atomic`. Does nothing for a lowmem page.
 *
 * The entry is there when it returns, in a lazy section too.
 */
export function kmapAtomic(kernel: Kernel, page: Pfn): void {
  if (!pageHighMem(kernel, page)) return;
  const { atomicPages, fixmapPageTable } = highmemOf(kernel);
  assert(atomicPages.length < KM_TYPE_NR, "atomic kmaps nest a few deep");
  const frame = kernel.phys.pfnToMfn(page);
  setPteAt(kernel, fixmapPageTable, atomicPages.length, pteLo(frame, PAGE_KERNEL), pteHi(frame, PAGE_KERNEL));
  flushLazyMmuMode(kernel.mc);
  atomicPages.push(page);
}

/** Ends the latest atomic mapping; its entry is cleared at once: `kunmap_atomic`, `kpte_clear_flush`. */
export function kunmapAtomic(kernel: Kernel, page: Pfn): void {
  if (!pageHighMem(kernel, page)) return;
  const { atomicPages, fixmapPageTable } = highmemOf(kernel);
  assert(atomicPages.pop() === page, "the atomic mapping that ends is the latest");
  const slot = atomicPages.length;
  setPteAt(kernel, fixmapPageTable, slot, 0, 0);
  xenMcBatch(kernel.mc);
  xenExtendMmuextOp(kernel.mc, MMUEXT_INVLPG_LOCAL, fixmapAddressLow(slot), -1);
  xenMcIssue(kernel.mc, "mmu");
  flushLazyMmuMode(kernel.mc);
}

/** Low word of an atomic slot's address in the last 1 GiB of the address space; the high word is all ones. */
function fixmapAddressLow(slot: number): number {
  return (PKMAP_PUD_INDEX << PUD_SHIFT) | (FIXMAP_PMD_INDEX << PMD_SHIFT) | (slot << PAGE_SHIFT);
}
