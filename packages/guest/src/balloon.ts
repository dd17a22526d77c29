/**
 * Gives memory back to Xen and takes it again, to reach a target. [L39 drivers/xen/balloon.c; UEK for hugepage units;
 * linux-facts §1.2, §1.3, §4.2]
 *
 * ```text
 *   buddy ──alloc──► scrubbed, out of the direct map, no kmap left, P2M invalid ──decrease_reservation──► Xen
 *   buddy ◄──free─── P2M, back in the direct map if lowmem                      ◄──populate_physmap────── Xen
 * ```
 *
 * The units are pages, or with `balloon_hugepages` blocks of order 9. Either way they come from the buddy: a hugepage of the
 * pool is not in it and stays where it is, marked or not. A unit of order 9 goes to Xen as one extent; when its
 * frames are not contiguous it goes page by page, and comes back as one extent if Xen has one.
 *
 * A frame is Xen's again only when its last reference goes. One that a mark still holds, because Xen refused the unmark that
 * UEK does not check, counts against the guest though the guest has forgotten it, and no other comes in its place.
 *
 * Simplified: the worker runs at once and gives up where Linux's timer would let it try again a second later; the next
 * target is the next try.
 */
import {
  DOMID_SELF,
  type Pfn,
  UVMF_NONE,
  XENMEM_decrease_reservation,
  XENMEM_populate_physmap,
  doMemoryOp,
  doUpdateVaMapping,
  pfn,
} from "@xsp/hypervisor";
import { HPAGE_ORDER, PAGE_SHIFT, PAGE_SIZE, lowmemAddressHigh } from "./address-layout.ts";
import { assert } from "./assert.ts";
import { BalloonedPages } from "./ballooned-pages.ts";
import { kmapFlushUnused } from "./highmem.ts";
import { clearHighpage } from "./highpage-contents.ts";
import { type Kernel, allocPages, freePages, pageHighMem } from "./kernel.ts";
import { NO_PAGE, PG_ballooned } from "./mem-map.ts";
import { xenMcBatch, xenMcIssue } from "./multicall-buffer.ts";
import { INVALID_P2M_ENTRY } from "./phys-to-machine.ts";
import { setPfnProt, xenFlushTlb } from "./pv-mmu.ts";

/** State of the balloon: `struct balloon_stats`, in units. */
export interface Balloon {
  /** log2 pages of a unit: 0, or 9 with balloon_hugepages. */
  readonly order: number;
  currentPages: number;
  targetPages: number;
  readonly pages: BalloonedPages;
}

/** The balloon of a guest that has all its memory. */
export function makeBalloon(nrPages: number, hugepages: boolean): Balloon {
  const order = hugepages ? HPAGE_ORDER : 0;
  const currentPages = Math.floor(nrPages / 2 ** order);
  return { order, currentPages, targetPages: currentPages, pages: new BalloonedPages() };
}

/**
 * Sets a target and works towards it until it is reached or nothing more can be done: `balloon_set_new_target`,
 * `balloon_process`.
 *
 * @param target - units that the guest is to have. No more than it was built with can be had, whatever is asked for.
 */
export function setBalloonTarget(kernel: Kernel, balloon: Balloon, target: number): void {
  balloon.targetPages = target;
  for (let done = -1; done !== 0;) {
    const { low, high } = balloon.pages;
    const credit = Math.min(target, balloon.currentPages + low + high) - balloon.currentPages;
    done = credit > 0 ? increaseReservation(kernel, balloon, credit) : decreaseReservation(kernel, balloon, -credit);
  }
}

/** Units in one request: as many frame numbers as a page holds. */
function batchOf(kernel: Kernel, units: number): number {
  return Math.min(units, PAGE_SIZE / (kernel.style === "64-bit" ? 8 : 4));
}

/** Gives units back to Xen, one batch of them: `decrease_reservation`. Returns how many the buddy had. */
function decreaseReservation(kernel: Kernel, balloon: Balloon, wanted: number): number {
  const units: Pfn[] = [];
  for (let left = batchOf(kernel, wanted); left > 0; left--) {
    const page = allocPages(kernel, "GFP_HIGHUSER", balloon.order);
    if (page === NO_PAGE) break;
    for (let offset = 0; offset < 2 ** balloon.order; offset++) clearHighpage(kernel, pfn(page + offset));
    units.push(page);
  }
  if (units.length === 0) return 0;
  for (const unit of units) zapUnit(kernel, unit, balloon.order);
  kmapFlushUnused(kernel);
  xenFlushTlb(kernel);
  const extents: number[] = [];
  for (const unit of units) {
    const frames = forgetFrames(kernel, unit, balloon.order);
    const first = frames[0] as number;
    if (frames.every((frame, offset) => frame === first + offset)) extents.push(first);
    else returnFrames(kernel, frames, 0);
    balloon.pages.append(unit, pageHighMem(kernel, unit));
  }
  balloon.currentPages -= units.length;
  returnFrames(kernel, Int32Array.from(extents), balloon.order);
  return units.length;
}

/** Takes a unit out of the direct map. Its pages are of one zone, so all of them are there or none. */
function zapUnit(kernel: Kernel, unit: Pfn, order: number): void {
  if (pageHighMem(kernel, unit)) return;
  for (let page = unit; page < unit + 2 ** order; page = pfn(page + 1)) {
    kernel.events.directHypercalls++;
    const rc = doUpdateVaMapping(kernel.vcpu, page << PAGE_SHIFT, lowmemAddressHigh(page), 0, 0, UVMF_NONE);
    assert(rc === 0, "a free page can leave the direct map");
  }
}

/** Takes a unit out of the P2M. Returns the frames that were behind it. */
function forgetFrames(kernel: Kernel, unit: Pfn, order: number): Int32Array {
  const frames = new Int32Array(2 ** order);
  for (let offset = 0; offset < frames.length; offset++) {
    const page = pfn(unit + offset);
    frames[offset] = kernel.phys.pfnToMfn(page);
    kernel.phys.setPhysToMachine(page, INVALID_P2M_ENTRY);
    kernel.memMap.setFlag(page, PG_ballooned);
  }
  return frames;
}

function returnFrames(kernel: Kernel, extents: Int32Array, extentOrder: number): void {
  if (extents.length === 0) return;
  kernel.events.directHypercalls++;
  const nrExtents = extents.length;
  const request = { extents, nrExtents, extentOrder, domid: DOMID_SELF };
  const done = doMemoryOp(kernel.vcpu, XENMEM_decrease_reservation, request);
  assert(done === nrExtents, "Xen takes back what is the guest's (BUG_ON in Linux)");
}

/**
 * Takes units from Xen, one batch of them: `increase_reservation`. Their machine frames are other ones than before.
 *
 * @returns how many Xen gave: a part of the batch when the host's memory, or its superpages, come to an end.
 */
function increaseReservation(kernel: Kernel, balloon: Balloon, wanted: number): number {
  const { order } = balloon;
  const units = balloon.pages.first(batchOf(kernel, wanted));
  const extents = Int32Array.from(units);
  kernel.events.directHypercalls++;
  const done = doMemoryOp(kernel.vcpu, XENMEM_populate_physmap, {
    extents,
    nrExtents: extents.length,
    extentOrder: order,
    domid: DOMID_SELF,
  });
  assert(done >= 0 && done <= units.length, "Xen says how many extents it gave");
  for (const first of extents.subarray(0, done)) {
    const unit = balloon.pages.retrieve();
    kernel.phys.setFrames(
      unit,
      Int32Array.from({ length: 2 ** order }, (_, offset) => first + offset),
    );
    mapUnit(kernel, unit, order);
    freePages(kernel, unit, order);
  }
  balloon.currentPages += done;
  return done;
}

/** Puts a unit back into the direct map, where it is lowmem. */
function mapUnit(kernel: Kernel, unit: Pfn, order: number): void {
  for (let page = unit; page < unit + 2 ** order; page = pfn(page + 1)) {
    kernel.memMap.clearFlag(page, PG_ballooned);
    if (pageHighMem(kernel, page)) continue;
    xenMcBatch(kernel.mc);
    setPfnProt(kernel, page, true, UVMF_NONE);
    xenMcIssue(kernel.mc, "mmu");
  }
}
