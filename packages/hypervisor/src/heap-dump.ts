import { PGC_state_free } from "./count-info.ts";
import { freeFramesOfExtent } from "./heap.ts";
import type { Host } from "./host.ts";

/*
 * The heap by zones: a free frame is in the zone of its number's width in bits, as in Xen; zone 0 is the Xen heap, which
 * a 64-bit Xen keeps empty.
 *
 * Models: page_to_zone, pagealloc_info, dump_heap @ Xen 4.9. Simplified: one node, and no DMA heap.
 */

/** Zones of 52-bit physical addresses. */
const NR_ZONES = 52 - 12 + 1;

/** Zone of a frame. */
function pageToZone(frame: number): number {
  return 32 - Math.clz32(frame) || 1;
}

/** Free frames of each zone. */
function availHeapPages(host: Host): number[] {
  const avail = Array.from({ length: NR_ZONES }, () => 0);
  const add = (frame: number, pages: number): void => {
    const zone = pageToZone(frame);
    avail[zone] = (avail[zone] as number) + pages;
  };
  // The first extent alone holds frames of several zones.
  const size = 1 << host.superpageOrder;
  for (let frame = 0; frame < Math.min(size, host.frames); frame++) {
    if (host.count.load(frame) === PGC_state_free) add(frame, 1);
  }
  for (let first = size; first < host.frames; first += size) add(first, freeFramesOfExtent(host, first));
  return avail;
}

const kB = (pages: number): string => `${pages * 4}kB free`;

/** Key `m`: free memory of each zone that has any. */
export function pagealloc(host: Host): readonly string[] {
  const zones = [...availHeapPages(host).entries()];
  const total = zones.reduce((sum, [, pages]) => sum + pages, 0);
  return [
    "Physical memory information:",
    `    Xen heap: ${kB(0)}`,
    ...zones
      .filter(([, pages]) => pages > 0)
      .map(([zone, pages]) => `    heap[${String(zone).padStart(2, "0")}]: ${kB(pages)}`),
    `    Dom heap: ${kB(total)}`,
  ];
}

/** Key `H`: free pages of every zone. */
export function dumpHeap(host: Host, key: string): readonly string[] {
  return [
    `'${key}' pressed -> dumping heap info`,
    ...availHeapPages(host).map((pages, zone) => `heap[node=0][zone=${zone}] -> ${pages} pages`),
  ];
}
