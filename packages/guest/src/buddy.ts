import { type Pfn, pfn } from "@xsp/hypervisor";
import { assert } from "./assert.ts";
import { MAX_ORDER, type MemMap, NO_PAGE } from "./mem-map.ts";
import type { Zone } from "./zone.ts";

/**
 * The buddy allocator of one zone: free blocks of 2^order pages, aligned to their size, in one LIFO list for each order.
 *
 * ```text
 *   rmqueue(9):     order 10 [───────────────]   taken from its list
 *   expand          order  9 [───────]            given out
 *                            order 9 [───────]   its buddy goes onto the order-9 list
 *   freeOnePage(9): the buddy is pfn ^ 512; while it is free and of the same order, the two become one
 * ```
 *
 * Models: __rmqueue_smallest, expand, __free_one_page [L39 mm/page_alloc.c].
 * Simplified: one migrate type, no per-CPU lists, no watermarks, no reclaim. Cost: O(orders).
 */
export function rmqueue(memMap: MemMap, zone: Zone, order: number): Pfn {
  for (let current = order; current < MAX_ORDER; current++) {
    const head = zone.freeHead[current] as number;
    if (head === 0) continue;
    const page = pfn(head - 1);
    listDelete(memMap, zone, page, current);
    for (let high = current - 1; high >= order; high--) listAdd(memMap, zone, pfn(page + 2 ** high), high);
    zone.freePages -= 2 ** order;
    return page;
  }
  return NO_PAGE;
}

/**
 * Gives a block back and joins it with its free buddies.
 *
 * @param page - first page of the block, in `zone`.
 */
export function freeOnePage(memMap: MemMap, zone: Zone, page: Pfn, order: number): void {
  assert((page & (2 ** order - 1)) === 0, "a freed block is aligned to its size");
  assert(page >= zone.startPfn && page + 2 ** order <= zone.endPfn, "a block is freed to its own zone");
  assert((memMap.freeOrder[memMap.index(page)] as number) === 0, "a block is freed once");
  zone.freePages += 2 ** order;
  let block: number = page;
  let current = order;
  while (current < MAX_ORDER - 1) {
    const buddy = block ^ (1 << current);
    // Linux aligns zones to the largest block and need not ask; here a caller chooses where lowmem ends.
    if (buddy < zone.startPfn || buddy + 2 ** current > zone.endPfn) break;
    if (memMap.freeOrder[memMap.index(pfn(buddy))] !== current + 1) break;
    listDelete(memMap, zone, pfn(buddy), current);
    block &= buddy;
    current++;
  }
  listAdd(memMap, zone, pfn(block), current);
}

/**
 * Hands pages to the allocator that were never in it, in blocks as large as alignment allows, from the top down: lists
 * are LIFO, so that the lowest block is then given out first.
 */
export function freeBootmem(memMap: MemMap, zone: Zone, start: number, end: number): void {
  let top = end;
  while (top > start) {
    let order = 0;
    while (order < MAX_ORDER - 1 && (top & (1 << order)) === 0 && top - (2 << order) >= start) order++;
    top -= 1 << order;
    freeOnePage(memMap, zone, pfn(top), order);
  }
}

function listAdd(memMap: MemMap, zone: Zone, page: Pfn, order: number): void {
  const { next, previous } = memMap;
  const head = zone.freeHead[order] as number;
  const index = memMap.index(page);
  next[index] = head;
  previous[index] = 0;
  if (head !== 0) previous[memMap.index(pfn(head - 1))] = page + 1;
  zone.freeHead[order] = page + 1;
  zone.nrFree[order] = (zone.nrFree[order] as number) + 1;
  memMap.freeOrder[index] = order + 1;
}

function listDelete(memMap: MemMap, zone: Zone, page: Pfn, order: number): void {
  const { next, previous } = memMap;
  const index = memMap.index(page);
  assert(memMap.freeOrder[index] === order + 1, "a block on a free list has the order of that list");
  const after = next[index] as number;
  const before = previous[index] as number;
  if (before === 0) zone.freeHead[order] = after;
  else next[memMap.index(pfn(before - 1))] = after;
  if (after !== 0) previous[memMap.index(pfn(after - 1))] = before;
  zone.nrFree[order] = (zone.nrFree[order] as number) - 1;
  memMap.freeOrder[index] = 0;
}
