/**
 * # The life of a hugepage between the buddy allocator and a mapping
 *
 * ```text
 *            ┌──order 9──► prepare hook ──► free list ──dequeue──► page cache of a file, entries that map it
 *   nr_hugepages grows         │ refused      │   ▲                          │
 *            │                 ▼              │   └── last user gone ────────┤
 *          buddy ◄─────────────┘              │                              │ last user gone,
 *            ▲                                │ nr_hugepages shrinks:        │ pool has surplus
 *            └───────────── release hook ◄────┴── free and not reserved ─────┘
 *
 *   overcommit: buddy ──► prepare hook ──► surplus page, for a reservation (free list) or for one fault (its user)
 * ```
 *
 * A page is not persistent or surplus by itself: the pool counts how many more it has than were asked for, and the next
 * pages that come free are given back until that is nought.
 *
 * Models: set_max_huge_pages, alloc_fresh_huge_page, alloc_buddy_huge_page, free_huge_page, update_and_free_page,
 * gather_surplus_pages, return_unused_surplus_pages, hugetlb_acct_memory [L39 mm/hugetlb.c; linux-facts §2.1].
 * Where the hook refuses a surplus page, the counters that were raised before are lowered again, as in 3.6; 2.6.32 to
 * 2.6.39 forgot that.
 */
import { type Pfn, pfn } from "@xsp/hypervisor";
import { HPAGE_ORDER } from "./address-layout.ts";
import { assert } from "./assert.ts";
import { HUGEPAGE_none, assertCounters, persistentHugePages } from "./hstate.ts";
import { xenPrepareHugepage, xenReleaseHugepage } from "./hugepage-hooks.ts";
import { subpoolPutPages } from "./hugetlbfs-mount.ts";
import { type Kernel, allocPages, freePages, pageHighMem, printk } from "./kernel.ts";
import { NO_PAGE } from "./mem-map.ts";

/**
 * Sets how many persistent hugepages the pool has: a write to nr_hugepages, `set_max_huge_pages`.
 *
 * Growth first turns surplus pages into persistent ones, then goes on one by one and stops at the first failure; the
 * block that failed is back in the buddy, which will hand it out again. Shrinking frees what is free and not reserved;
 * the rest becomes surplus, whatever the overcommit limit is.
 *
 * @param count - hugepages wanted.
 * @returns hugepages the pool has now, surplus ones among them: the write succeeds in any case and the caller must read
 * again.
 */
export function setMaxHugePages(kernel: Kernel, count: number): number {
  const { hstate } = kernel;
  while (hstate.surplusHugePages > 0 && count > persistentHugePages(hstate)) hstate.surplusHugePages--;
  while (count > persistentHugePages(hstate)) if (!allocFreshHugePage(kernel)) break;

  const inUse = hstate.nrHugePages - hstate.freeHugePages;
  const least = Math.max(count, hstate.resvHugePages + inUse);
  tryToFreeLow(kernel, least);
  while (least < persistentHugePages(hstate)) if (!freePoolHugePage(kernel)) break;
  while (count < persistentHugePages(hstate)) hstate.surplusHugePages++;

  hstate.maxHugePages = persistentHugePages(hstate);
  assertCounters(hstate);
  return hstate.nrHugePages;
}

/**
 * Fills the pool at boot, page by page as later: `hugetlb_init`, `hugetlb_hstate_alloc_pages`.
 *
 * Simplified: Linux reports the size of hugepages at every boot, here only who asked for some is told.
 *
 * @param count - `hugepages=N` on the command line.
 */
export function hugetlbInit(kernel: Kernel, count: number | undefined): void {
  const { hstate } = kernel;
  if (kernel.hugetlbfs.internalMount === undefined) {
    printk(kernel, "hugetlbfs: disabling because there are no supported hugepage sizes");
    return;
  }
  if (count === undefined) return;
  while (hstate.nrHugePages < count) if (!allocFreshHugePage(kernel)) break;
  hstate.maxHugePages = hstate.nrHugePages;
  assertCounters(hstate);
  printk(kernel, `HugeTLB registered 2 MB page size, pre-allocated ${hstate.freeHugePages} pages`);
}

/** Takes a block from the buddy and shows it to Xen. NO_PAGE when there is none that may enter the pool. */
function allocPrepared(kernel: Kernel): Pfn {
  const page = allocPages(kernel, "GFP_HIGHUSER", HPAGE_ORDER);
  if (page !== NO_PAGE && xenPrepareHugepage(kernel, page)) {
    kernel.events.htlbBuddyAllocSuccess++;
    return page;
  }
  if (page !== NO_PAGE) freePages(kernel, page, HPAGE_ORDER);
  kernel.events.htlbBuddyAllocFail++;
  return NO_PAGE;
}

/** Adds a persistent page to the pool. Returns whether there was one. */
function allocFreshHugePage(kernel: Kernel): boolean {
  const page = allocPrepared(kernel);
  if (page === NO_PAGE) return false;
  kernel.hstate.nrHugePages++;
  enqueueHugePage(kernel, page);
  return true;
}

/**
 * Takes a surplus page from the buddy: `alloc_buddy_huge_page`. Its user is to be counted by the caller.
 *
 * @returns NO_PAGE when there are as many as nr_overcommit_hugepages allows, or memory is short.
 */
export function allocBuddyHugePage(kernel: Kernel): Pfn {
  const page = allocSurplusPage(kernel);
  if (page !== NO_PAGE) kernel.hstate.count[page >>> HPAGE_ORDER] = 1;
  return page;
}

function allocSurplusPage(kernel: Kernel): Pfn {
  const { hstate } = kernel;
  if (hstate.surplusHugePages >= hstate.nrOvercommitHugePages) return NO_PAGE;
  // Raised first: others must not pass the limit while the lock is dropped for the allocation.
  hstate.nrHugePages++;
  hstate.surplusHugePages++;
  const page = allocPrepared(kernel);
  if (page !== NO_PAGE) return page;
  hstate.nrHugePages--;
  hstate.surplusHugePages--;
  return NO_PAGE;
}

/** Gives a hugepage that nobody uses back to the buddy: `update_and_free_page`. */
function updateAndFreePage(kernel: Kernel, page: Pfn): void {
  kernel.hstate.nrHugePages--;
  xenReleaseHugepage(kernel, page);
  kernel.hstate.state[page >>> HPAGE_ORDER] = HUGEPAGE_none;
  freePages(kernel, page, HPAGE_ORDER);
}

/** Gives a free hugepage back to the buddy, if there is one: `free_pool_huge_page`. */
function freePoolHugePage(kernel: Kernel): boolean {
  if (kernel.hstate.freeHugePages === 0) return false;
  updateAndFreePage(kernel, takeFree(kernel));
  return true;
}

/** Gives free hugepages of lowmem back before those of highmem: `try_to_free_low`. */
function tryToFreeLow(kernel: Kernel, least: number): void {
  if (kernel.highmem === undefined) return;
  const { hstate } = kernel;
  for (let at = hstate.freeHugePages - 1; at >= 0 && hstate.nrHugePages > least; at--) {
    const page = pfn(hstate.freeList[at] as number);
    if (pageHighMem(kernel, page)) continue;
    hstate.freeList.copyWithin(at, at + 1, hstate.freeHugePages);
    hstate.freeHugePages--;
    updateAndFreePage(kernel, page);
  }
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

/**
 * Takes the hugepage that was freed last, for its first user: `dequeue_huge_page_vma`.
 *
 * @param reserved - whether it was reserved; else there is a free one that was not.
 */
export function dequeueHugePage(kernel: Kernel, reserved: boolean): Pfn {
  const { hstate } = kernel;
  const page = takeFree(kernel);
  assert(hstate.count[page >>> HPAGE_ORDER] === 0, "a free hugepage has no users");
  hstate.count[page >>> HPAGE_ORDER] = 1;
  if (reserved) hstate.resvHugePages--;
  assertCounters(hstate);
  return page;
}

/** Adds a user of a hugepage: `get_page`. */
export function getHugePage(kernel: Kernel, page: Pfn): void {
  const { count } = kernel.hstate;
  count[page >>> HPAGE_ORDER] = (count[page >>> HPAGE_ORDER] as number) + 1;
}

/** Takes a user of a hugepage away: `put_page`. */
export function putHugePage(kernel: Kernel, page: Pfn): void {
  const { count } = kernel.hstate;
  const block = page >>> HPAGE_ORDER;
  const left = (count[block] as number) - 1;
  assert(left >= 0, "a hugepage has as many users as references were taken");
  count[block] = left;
  if (left === 0) freeHugePage(kernel, page);
}

/**
 * The last user of a hugepage is gone: `free_huge_page`. It goes to the head of the free list, or to the buddy while the
 * pool has surplus pages.
 *
 * Where the page's mount falls below its min_size it is reserved at once. Such a page stays in the pool: Linux gives it
 * to the buddy when there is surplus, and has then reserved a page which is not there.
 */
function freeHugePage(kernel: Kernel, page: Pfn): void {
  const { hstate } = kernel;
  const mount = hstate.mount[page >>> HPAGE_ORDER];
  hstate.mount[page >>> HPAGE_ORDER] = undefined;
  const restoreReserve = mount !== undefined && subpoolPutPages(mount, 1) === 0;
  if (hstate.surplusHugePages > 0 && !restoreReserve) {
    hstate.surplusHugePages--;
    updateAndFreePage(kernel, page);
  } else {
    enqueueHugePage(kernel, page);
    if (restoreReserve) hstate.resvHugePages++;
  }
  assertCounters(hstate);
}

/**
 * Reserves hugepages, all or none, or gives reservations back: `hugetlb_acct_memory`.
 *
 * @param delta - hugepages; negative to give back.
 * @returns whether that many are free and not reserved, or could be had from the buddy as surplus pages.
 */
export function hugetlbAcctMemory(kernel: Kernel, delta: number): boolean {
  if (delta > 0) return gatherSurplusPages(kernel, delta);
  if (delta < 0) returnUnusedSurplusPages(kernel, -delta);
  return true;
}

/** Makes sure that so many more can be reserved, and reserves them: `gather_surplus_pages`. */
function gatherSurplusPages(kernel: Kernel, delta: number): boolean {
  const { hstate } = kernel;
  const needed = hstate.resvHugePages + delta - hstate.freeHugePages;
  const gathered: Pfn[] = [];
  while (gathered.length < needed) {
    const page = allocSurplusPage(kernel);
    if (page === NO_PAGE) break;
    gathered.push(page);
  }
  const enough = gathered.length >= needed;
  for (const page of gathered) {
    if (enough) enqueueHugePage(kernel, page);
    else freeHugePage(kernel, page);
  }
  if (enough) hstate.resvHugePages += delta;
  assertCounters(hstate);
  return enough;
}

/** Gives reservations back, and as many surplus pages to the buddy: `return_unused_surplus_pages`. */
function returnUnusedSurplusPages(kernel: Kernel, unused: number): void {
  const { hstate } = kernel;
  hstate.resvHugePages -= unused;
  for (let left = Math.min(unused, hstate.surplusHugePages); left > 0; left--) {
    if (hstate.freeHugePages === 0) break;
    hstate.surplusHugePages--;
    freePoolHugePage(kernel);
  }
  assertCounters(hstate);
}
