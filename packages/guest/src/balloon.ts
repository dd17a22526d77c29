import {
  DOMID_SELF,
  type Pfn,
  UVMF_NONE,
  XENMEM_decrease_reservation,
  XENMEM_populate_physmap,
  doMemoryOp,
  doUpdateVaMapping,
} from "@xsp/hypervisor";
import { PAGE_SHIFT, lowmemAddressHigh } from "./address-layout.ts";
import { assert } from "./assert.ts";
import { kmapFlushUnused } from "./highmem.ts";
import { type Kernel, allocPages, freePages, pageHighMem } from "./kernel.ts";
import { NO_PAGE, PG_ballooned } from "./mem-map.ts";
import { xenMcBatch, xenMcIssue } from "./multicall-buffer.ts";
import { INVALID_P2M_ENTRY } from "./phys-to-machine.ts";
import { setPfnProt, xenFlushTlb } from "./pv-mmu.ts";

/** Pages that were given back to Xen, last one first to return. [L39 drivers/xen/balloon.c ballooned_pages] */
export interface Balloon {
  readonly pages: Pfn[];
}

/**
 * Gives pages back to Xen, one by one: `decrease_reservation`.
 *
 * A lowmem page must leave the direct map first, and kmaps that nobody uses any more must go, or the frame would stay
 * referenced. [linux-facts §1.2, §1.3]
 *
 * @param count - 4 KiB pages.
 * @returns how many went; fewer when the guest has no more free ones.
 */
export function decreaseReservation(kernel: Kernel, balloon: Balloon, count: number): number {
  const gone: Pfn[] = [];
  while (gone.length < count) {
    const page = allocPages(kernel, "GFP_HIGHUSER", 0);
    if (page === NO_PAGE) break;
    gone.push(page);
  }
  if (gone.length === 0) return 0;
  for (const page of gone) {
    if (pageHighMem(kernel, page)) continue;
    kernel.events.directHypercalls++;
    const rc = doUpdateVaMapping(kernel.vcpu, page << PAGE_SHIFT, lowmemAddressHigh(page), 0, 0, UVMF_NONE);
    assert(rc === 0, "a free page can leave the direct map");
  }
  kmapFlushUnused(kernel);
  xenFlushTlb(kernel);
  const frames = Int32Array.from(gone, (page) => kernel.phys.pfnToMfn(page));
  for (const page of gone) {
    kernel.phys.setPhysToMachine(page, INVALID_P2M_ENTRY);
    kernel.memMap.setFlag(page, PG_ballooned);
    balloon.pages.push(page);
  }
  kernel.events.directHypercalls++;
  const done = doMemoryOp(kernel.vcpu, XENMEM_decrease_reservation, {
    extents: frames,
    nrExtents: frames.length,
    extentOrder: 0,
    domid: DOMID_SELF,
  });
  assert(done === frames.length, "Xen takes back what nobody maps (BUG_ON in Linux)");
  return gone.length;
}

/**
 * Takes pages back into the guest: `increase_reservation`. Their machine frames are other ones than before.
 *
 * @param count - 4 KiB pages.
 * @returns how many came; fewer when the balloon is empty or the host has no memory.
 */
export function increaseReservation(kernel: Kernel, balloon: Balloon, count: number): number {
  const asked = balloon.pages.slice(-count).reverse();
  if (count <= 0 || asked.length === 0) return 0;
  const extents = Int32Array.from(asked);
  kernel.events.directHypercalls++;
  const done = doMemoryOp(kernel.vcpu, XENMEM_populate_physmap, {
    extents,
    nrExtents: extents.length,
    extentOrder: 0,
    domid: DOMID_SELF,
  });
  for (const [index, page] of asked.slice(0, Math.max(done, 0)).entries()) {
    kernel.phys.setPhysToMachine(page, extents[index] as number);
    kernel.memMap.clearFlag(page, PG_ballooned);
    balloon.pages.pop();
    if (!pageHighMem(kernel, page)) {
      xenMcBatch(kernel.mc);
      setPfnProt(kernel, page, true, UVMF_NONE);
      xenMcIssue(kernel.mc, "mmu");
    }
    freePages(kernel, page, 0);
  }
  return Math.max(done, 0);
}
