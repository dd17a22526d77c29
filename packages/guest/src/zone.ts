import type { Pfn } from "@xsp/hypervisor";
import { assert } from "./assert.ts";
import { MAX_ORDER } from "./mem-map.ts";

/** [L39 include/linux/mmzone.h enum zone_type]; no MOVABLE zone. */
export type ZoneName = "DMA" | "DMA32" | "Normal" | "HighMem";

/**
 * Which zones may serve an allocation: `GFP_HIGHUSER` all of them, `GFP_KERNEL` only those that the direct map covers.
 * [L39 include/linux/gfp.h]
 */
export type GfpFlags = "GFP_KERNEL" | "GFP_HIGHUSER";

/** What a guest looks like: `32-bit` has highmem, `64-bit` maps all its memory. */
export type GuestStyle = "64-bit" | "32-bit";

/** A range of pages with its own free lists. */
export interface Zone {
  readonly name: ZoneName;
  readonly startPfn: number;
  /** Exclusive. */
  readonly endPfn: number;
  /** First free block of each order, as pfn plus one; 0 when there is none. */
  readonly freeHead: Int32Array;
  /** Free blocks of each order: a line of /proc/buddyinfo. */
  readonly nrFree: Int32Array;
  freePages: number;
}

/** End of the DMA zone, 16 MiB, and of DMA32, 4 GiB, in pages. */
const MAX_DMA_PFN = 0x1000;
const MAX_DMA32_PFN = 0x100000;

/**
 * Lays the zones out. Models: free_area_init_nodes with the limits of paging_init [L39 arch/x86/mm/init_{32,64}.c].
 *
 * @param nrPages - pages of the guest.
 * @param lowmemPages - pages below highmem; equal to `nrPages` in a 64-bit guest.
 * @returns the zones that have pages, lowest first.
 */
export function makeZones(style: GuestStyle, nrPages: number, lowmemPages: number): Zone[] {
  const limits: [ZoneName, number][] =
    style === "64-bit"
      ? [
          ["DMA", MAX_DMA_PFN],
          ["DMA32", MAX_DMA32_PFN],
          ["Normal", nrPages],
        ]
      : [
          ["DMA", Math.min(MAX_DMA_PFN, lowmemPages)],
          ["Normal", lowmemPages],
          ["HighMem", nrPages],
        ];
  const zones: Zone[] = [];
  let startPfn = 0;
  for (const [name, limit] of limits) {
    const endPfn = Math.min(limit, nrPages);
    if (endPfn <= startPfn) continue;
    zones.push({
      name,
      startPfn,
      endPfn,
      freeHead: new Int32Array(MAX_ORDER),
      nrFree: new Int32Array(MAX_ORDER),
      freePages: 0,
    });
    startPfn = endPfn;
  }
  return zones;
}

/**
 * The order in which zones are asked: the highest first, so that what only a low zone can serve is left for those who
 * need it. Models: build_zonelists [L39 mm/page_alloc.c].
 *
 * ```text
 *   GFP_HIGHUSER   HighMem  Normal  DMA          Normal  DMA32  DMA
 *   GFP_KERNEL              Normal  DMA          Normal  DMA32  DMA
 * ```
 *
 * Simplified: no lowmem_reserve and no watermarks, so that user memory can take the last page of the DMA zone.
 *
 * @param zones - lowest first.
 */
export function buildZonelists(zones: readonly Zone[]): Record<GfpFlags, readonly Zone[]> {
  const highest = [...zones].reverse();
  return { GFP_HIGHUSER: highest, GFP_KERNEL: highest.filter(({ name }) => name !== "HighMem") };
}

/** Zone of a page: `page_zone`. */
export function pageZone(zones: readonly Zone[], page: Pfn): Zone {
  for (const zone of zones) if (page < zone.endPfn) return zone;
  assert(false, "every page is in a zone");
}
