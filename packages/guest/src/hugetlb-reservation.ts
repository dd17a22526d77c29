import type { Pfn } from "@xsp/hypervisor";
import { HPAGE_ORDER, HPAGE_SIZE } from "./address-layout.ts";
import { assert } from "./assert.ts";
import { ENOMEM, ENOSPC } from "./errno.ts";
import type { HugetlbFile } from "./hugetlb-file.ts";
import { allocBuddyHugePage, dequeueHugePage, hugetlbAcctMemory } from "./hugetlb-pool.ts";
import { hasSubpool, subpoolGetPages, subpoolPutPages } from "./hugetlbfs-mount.ts";
import type { Kernel } from "./kernel.ts";
import { NO_PAGE } from "./mem-map.ts";
import { HPAGE_RESV_OWNER, resvMapAlloc } from "./resv-map.ts";
import { VM_NORESERVE, VM_SHARED, type Vma, fileOffset } from "./vma.ts";

/**
 * # Reservations of hugepages
 *
 * A mapping that was made shall not fail at a touch: `mmap` reserves, and a fault takes from the reservation. Who holds
 * it depends on the mapping.
 *
 * ```text
 *             at mmap reserved            an index in its list means    given back
 *   shared    what the inode's list       reserved now or earlier       truncate, last unlink: regions removed less
 *             does not have yet           (page in the cache: taken)    pages freed; munmap leaves it alone
 *   private   the whole length            consumed                      munmap, exit: length less consumed
 *   NORESERVE nothing                     –                             –
 *   child     nothing: fork drops the     –                             –
 *             pointer to the map
 * ```
 *
 * A fault with a reservation: free − 1, reserved − 1. Without: a free page that nobody reserved, else a surplus page,
 * else SIGBUS.
 *
 * Models: hugetlb_reserve_pages, hugetlb_unreserve_pages, vma_needs_reservation, vma_commit_reservation,
 * alloc_huge_page, hugetlb_vm_op_open, hugetlb_vm_op_close [L39 mm/hugetlb.c; linux-facts §2.3].
 * Simplified: whether a fault may use a reservation is read off the list or map of the mapping alone. L39 decided by the
 * kind of mapping: a shared MAP_NORESERVE mapping took what was reserved for others, and the owner of a private one
 * whose page had been truncated away took it twice (fixed in 2013 and 2016). The invariant would not hold with them.
 */

/** Index in the file of the hugepage behind an address: `vma_hugecache_offset`. */
export function hugepageIndex(vma: Vma, address: number): number {
  return Math.floor(fileOffset(vma, address) / HPAGE_SIZE);
}

/** The file that a mapping of hugepages maps. */
export function hugetlbFileOf(vma: Vma): HugetlbFile {
  const { file } = vma;
  assert(file?.kind === "hugetlb", "a mapping of hugepages maps a file of hugetlbfs");
  return file;
}

/** Whether a private mapping holds a reservation of its own, or lost a page: `is_vma_resv_set`. */
export function isVmaResvSet(vma: Vma, flag: number): boolean {
  return vma.resv !== undefined && (vma.resv.flags & flag) !== 0;
}

/**
 * Reserves hugepages [from, to) of a file for a mapping, or with no mapping for the file itself, as for SHM_HUGETLB:
 * `hugetlb_reserve_pages`. All of them or none.
 *
 * @param vmFlags - VM_… bits; with VM_NORESERVE nothing is done.
 * @returns 0, −ENOSPC when the mount is too small, −ENOMEM when the pool is.
 */
export function hugetlbReservePages(
  kernel: Kernel,
  file: HugetlbFile,
  from: number,
  to: number,
  vma: Vma | undefined,
  vmFlags: number,
): number {
  if ((vmFlags & VM_NORESERVE) !== 0) return 0;
  const shared = vma === undefined || (vma.flags & VM_SHARED) !== 0;
  const charge = shared ? file.regions.chg(from, to) : to - from;
  const unheld = subpoolGetPages(file.mount, charge);
  if (unheld < 0) return -ENOSPC;
  if (!hugetlbAcctMemory(kernel, unheld)) {
    subpoolPutPages(file.mount, charge);
    return -ENOMEM;
  }
  if (shared) file.regions.add(from, to);
  else vma.resv = resvMapAlloc();
  return 0;
}

/**
 * Gives reservations of a file from an index on back: `hugetlb_unreserve_pages`.
 *
 * @param freed - how many hugepages of these the page cache had: theirs were taken.
 */
export function hugetlbUnreservePages(kernel: Kernel, file: HugetlbFile, from: number, freed: number): void {
  const unused = file.regions.truncate(from) - freed;
  assert(unused >= 0, "every hugepage in the page cache is in the list of its inode");
  hugetlbAcctMemory(kernel, -subpoolPutPages(file.mount, unused));
}

/** How many hugepages a fault needs beyond what is reserved for it, 0 or 1: `vma_needs_reservation`. */
function vmaNeedsReservation(vma: Vma, index: number): number {
  if ((vma.flags & VM_SHARED) !== 0) return hugetlbFileOf(vma).regions.chg(index, index + 1);
  const { resv } = vma;
  if (resv === undefined || (resv.flags & HPAGE_RESV_OWNER) === 0) return 1;
  return resv.consumed.count(index, index + 1);
}

/** Notes that a hugepage was taken: `vma_commit_reservation`. */
function vmaCommitReservation(vma: Vma, index: number): void {
  if ((vma.flags & VM_SHARED) !== 0) hugetlbFileOf(vma).regions.add(index, index + 1);
  else if (isVmaResvSet(vma, HPAGE_RESV_OWNER)) vma.resv?.consumed.add(index, index + 1);
}

/**
 * Takes a hugepage for a fault in a mapping: `alloc_huge_page`.
 *
 * The owner of a private mapping that copies one of its own pages finds that page's reservation consumed. So it does not
 * take what it will need for pages it has not touched yet, which L39 says with `avoid_reserve`.
 *
 * @returns its first page, with one user; NO_PAGE when mount, pool and buddy do not allow it.
 */
export function allocHugePage(kernel: Kernel, vma: Vma, index: number): Pfn {
  const { hstate } = kernel;
  const { mount } = hugetlbFileOf(vma);
  const charge = vmaNeedsReservation(vma, index);
  const unheld = charge === 0 ? 0 : subpoolGetPages(mount, charge);
  if (unheld < 0) return NO_PAGE;
  const page = takeHugePage(kernel, unheld === 0);
  if (page === NO_PAGE) {
    subpoolPutPages(mount, charge);
    return NO_PAGE;
  }
  if (hasSubpool(mount)) hstate.mount[page >>> HPAGE_ORDER] = mount;
  vmaCommitReservation(vma, index);
  return page;
}

function takeHugePage(kernel: Kernel, reserved: boolean): Pfn {
  const { hstate } = kernel;
  if (reserved || hstate.freeHugePages > hstate.resvHugePages) return dequeueHugePage(kernel, reserved);
  return allocBuddyHugePage(kernel);
}

/** A mapping was split, or copied at fork: `hugetlb_vm_op_open`. Both parts share a map of reservations, if it has one. */
export function hugetlbVmOpOpen(vma: Vma): void {
  if (vma.resv !== undefined) vma.resv.refs++;
}

/** A mapping goes: `hugetlb_vm_op_close`. What its owner reserved and did not take is given back. */
export function hugetlbVmOpClose(kernel: Kernel, vma: Vma): void {
  const { resv } = vma;
  if (resv === undefined) return;
  vma.resv = undefined;
  resv.refs--;
  assert(resv.refs >= 0, "a map of reservations is shared by as many mappings as opened it");
  if ((resv.flags & HPAGE_RESV_OWNER) === 0) return;
  const unused = resv.consumed.chg(hugepageIndex(vma, vma.start), hugepageIndex(vma, vma.end));
  hugetlbAcctMemory(kernel, -subpoolPutPages(hugetlbFileOf(vma).mount, unused));
}
