import { type Pfn, pfn } from "@xsp/hypervisor";
import { HPAGE_ORDER } from "./address-layout.ts";
import { assert } from "./assert.ts";
import { HUGEPAGE_none } from "./hstate.ts";
import { xenPrepareHugepage, xenReleaseHugepage } from "./hugepage-hooks.ts";
import { type Kernel, allocPages, freePages } from "./kernel.ts";
import { NO_PAGE } from "./mem-map.ts";

/**
 * The life of a hugepage between the buddy allocator and a file. [L39 mm/hugetlb.c; linux-facts §2.1]
 *
 * ```text
 *   buddy ──order 9──► prepare hook ──► free list ──dequeue──► page cache of a file, entries that map it
 *     ▲                 │ refused         │   ▲                          │
 *     └─────────────────┘                 │   └────── last user gone ────┘
 *     └──────── release hook ◄── shrink ──┘
 * ```
 *
 * Simplified: one node, persistent pages only.
 */

/**
 * Sets how many hugepages the pool has: a write to nr_hugepages, `set_max_huge_pages`.
 *
 * Growth goes one by one and stops at the first failure; the block that failed is back in the buddy, which will hand
 * it out again. Shrinking spares pages that are in use or promised.
 *
 * @param count - hugepages wanted.
 * @returns hugepages the pool has now: the write succeeds in any case and the caller must read again.
 */
export function setMaxHugePages(kernel: Kernel, count: number): number {
  const { hstate } = kernel;
  while (hstate.nrHugePages < count) if (!allocFreshHugePage(kernel)) break;
  const least = Math.max(count, hstate.resvHugePages + hstate.nrHugePages - hstate.freeHugePages);
  while (hstate.nrHugePages > least) updateAndFreePage(kernel, takeFree(kernel));
  return hstate.nrHugePages;
}

/** Takes a block from the buddy into the pool. Returns whether there was one that may enter. */
function allocFreshHugePage(kernel: Kernel): boolean {
  const page = allocPages(kernel, "GFP_HIGHUSER", HPAGE_ORDER);
  if (page === NO_PAGE) return false;
  if (!xenPrepareHugepage(kernel, page)) {
    freePages(kernel, page, HPAGE_ORDER);
    return false;
  }
  kernel.hstate.nrHugePages++;
  enqueueHugePage(kernel, page);
  return true;
}

/** Gives a hugepage back to the buddy: `update_and_free_page`. */
function updateAndFreePage(kernel: Kernel, page: Pfn): void {
  kernel.hstate.nrHugePages--;
  xenReleaseHugepage(kernel, page);
  kernel.hstate.state[page >>> HPAGE_ORDER] = HUGEPAGE_none;
  freePages(kernel, page, HPAGE_ORDER);
}

function enqueueHugePage(kernel: Kernel, page: Pfn): void {
  const { hstate } = kernel;
  hstate.freeList[hstate.freeHugePages++] = page;
}

function takeFree(kernel: Kernel): Pfn {
  const { hstate } = kernel;
  assert(hstate.freeHugePages > 0, "a hugepage is taken from a list that has one");
  return pfn(hstate.freeList[--hstate.freeHugePages] as number);
}

/** Takes the hugepage that was freed last, for its first user, the page cache: `dequeue_huge_page_vma`. */
export function dequeueHugePage(kernel: Kernel): Pfn {
  const page = takeFree(kernel);
  assert(kernel.hstate.count[page >>> HPAGE_ORDER] === 0, "a free hugepage has no users");
  kernel.hstate.count[page >>> HPAGE_ORDER] = 1;
  return page;
}

/** Takes a user of a hugepage away: `put_page`; the last one puts it onto the free list (`free_huge_page`). */
export function putHugePage(kernel: Kernel, page: Pfn): void {
  const { count } = kernel.hstate;
  const block = page >>> HPAGE_ORDER;
  const left = (count[block] as number) - 1;
  assert(left >= 0, "a hugepage has as many users as references were taken");
  count[block] = left;
  if (left === 0) enqueueHugePage(kernel, page);
}

/**
 * Promises hugepages to a file, all or none: `hugetlb_acct_memory`.
 *
 * @returns whether that many are free and not promised.
 */
export function reserveHugePages(kernel: Kernel, count: number): boolean {
  const { hstate } = kernel;
  if (hstate.freeHugePages < hstate.resvHugePages + count) return false;
  hstate.resvHugePages += count;
  return true;
}

/** Takes a promise back, because a page was taken for it or the file is gone. */
export function unreserveHugePages(kernel: Kernel, count: number): void {
  const { hstate } = kernel;
  hstate.resvHugePages -= count;
  assert(hstate.resvHugePages >= 0, "no more is unreserved than was reserved");
}
