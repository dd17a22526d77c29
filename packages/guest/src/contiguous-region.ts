/**
 * Trades the machine frames behind a block of pages: 2^n single ones for one extent of order n, or the other way round.
 * [L39 arch/x86/xen/mmu.c; linux-facts §4.3]
 *
 * ```text
 *   1. zap      direct-map entries 0, P2M invalid: nobody refers to the frames any more    batched, 32 to a multicall
 *   2. exchange XENMEM_exchange: Xen takes these frames and gives others                    one direct hypercall
 *   3. remap    direct-map entries writable with the new frames, P2M; the last one flushes  batched
 * ```
 *
 * Linux does this for DMA buffers. It would make a hugepage of a block whose frames lie scattered, but the contents of
 * the block do not come along: it is cleared, and so must be free. When Xen refuses, step 3 puts the old frames back.
 *
 * Models: xen_create_contiguous_region, xen_destroy_contiguous_region, xen_zap_pfn_range, xen_exchange_memory,
 * xen_remap_exchanged_ptes.
 */
import {
  DOMID_SELF,
  type Pfn,
  UVMF_ALL,
  UVMF_INVLPG,
  UVMF_NONE,
  UVMF_TLB_FLUSH,
  XENMEM_exchange,
  doMemoryOp,
  pfn,
} from "@xsp/hypervisor";
import { PAGE_SHIFT, lowmemAddressHigh } from "./address-layout.ts";
import { ENOMEM } from "./errno.ts";
import { clearHighpage } from "./highpage-contents.ts";
import type { Kernel } from "./kernel.ts";
import { PG_ballooned, PG_pinned, PG_reserved } from "./mem-map.ts";
import { multiUpdateVaMapping, xenMcBatch, xenMcIssue } from "./multicall-buffer.ts";
import { INVALID_P2M_ENTRY } from "./phys-to-machine.ts";
import { setPfnProt } from "./pv-mmu.ts";

/** Largest region: 2 MiB. */
const MAX_CONTIG_ORDER = 9;

/**
 * Puts one aligned extent of machine frames behind a block of pages: `xen_create_contiguous_region`.
 *
 * @param page - first page of a lowmem block, aligned to its size, that was taken from the buddy and is not in use. Its
 * contents are lost.
 * @param order - log2 of its pages.
 * @returns 0, or −ENOMEM: the order is above 9, or Xen has no such extent or does not let the frames go. The block then
 * has its old frames again.
 * @throws RangeError when the block is no such block.
 */
export function createContiguousRegion(kernel: Kernel, page: Pfn, order: number): number {
  if (order > MAX_CONTIG_ORDER) return -ENOMEM;
  const count = checkRegion(kernel, page, order);
  const oldFrames = zapPfnRange(kernel, page, count);
  const extent = Int32Array.of(page);
  if (exchangeMemory(kernel, oldFrames, 0, extent, order)) {
    remapExchangedPtes(kernel, page, consecutive(extent[0] as number, count));
    return 0;
  }
  remapExchangedPtes(kernel, page, oldFrames);
  return -ENOMEM;
}

/**
 * Puts single machine frames behind a block that has one extent: `xen_destroy_contiguous_region`. Where they are is Xen's
 * affair; when it refuses, the extent stays.
 *
 * @param page - as for {@link createContiguousRegion}.
 * @returns whether Xen traded. Linux does not tell.
 * @throws RangeError when the block is no such block, or has no extent.
 */
export function destroyContiguousRegion(kernel: Kernel, page: Pfn, order: number): boolean {
  if (order > MAX_CONTIG_ORDER) return false;
  const count = checkRegion(kernel, page, order);
  const first = kernel.phys.pfnToMfn(page);
  for (let offset = 1; offset < count; offset++) {
    if (kernel.phys.pfnToMfn(pfn(page + offset)) === first + offset) continue;
    throw new RangeError(`page: the frames of ${count} pages from ${page} on are not one extent`);
  }
  const oldFrames = zapPfnRange(kernel, page, count);
  const newFrames = Int32Array.from({ length: count }, (_, offset) => page + offset);
  const traded = exchangeMemory(kernel, Int32Array.of(first), order, newFrames, 0);
  remapExchangedPtes(kernel, page, traded ? newFrames : oldFrames);
  return traded;
}

/** Says whether a region can be traded, and clears it. Returns how many pages it has. */
function checkRegion(kernel: Kernel, page: Pfn, order: number): number {
  if (!Number.isInteger(order) || order < 0) throw new RangeError(`order: ${order} given, expected 0 to 9`);
  const count = 2 ** order;
  if (!Number.isInteger(page) || page < 0 || page % count !== 0 || page + count > kernel.maxLowPfn) {
    throw new RangeError(`page: ${page} given, expected the first page of a lowmem block of ${count}`);
  }
  for (let offset = 0; offset < count; offset++) {
    const at = pfn(page + offset);
    if (!kernel.memMap.hasFlag(at, PG_pinned | PG_reserved | PG_ballooned) && !kernel.memMap.isFree(at)) continue;
    throw new RangeError(`page: page ${at} is not the caller's to trade`);
  }
  for (let offset = 0; offset < count; offset++) clearHighpage(kernel, pfn(page + offset));
  return count;
}

/** Takes the pages out of the direct map and the P2M: `xen_zap_pfn_range`. Returns the frames that were behind them. */
function zapPfnRange(kernel: Kernel, page: Pfn, count: number): Int32Array {
  const frames = new Int32Array(count);
  xenMcBatch(kernel.mc);
  for (let offset = 0; offset < count; offset++) {
    const at = pfn(page + offset);
    frames[offset] = kernel.phys.pfnToMfn(at);
    multiUpdateVaMapping(kernel.mc, at << PAGE_SHIFT, lowmemAddressHigh(at), 0, 0, UVMF_NONE);
    kernel.phys.setPhysToMachine(at, INVALID_P2M_ENTRY);
  }
  xenMcIssue(kernel.mc, "none");
  return frames;
}

/**
 * One exchange: `xen_exchange_memory`.
 *
 * @param given - first frame of each extent that goes.
 * @param wanted - first page of each extent that comes; Xen puts its first frame in its place.
 * @returns whether all was exchanged; if not, nothing was.
 */
function exchangeMemory(
  kernel: Kernel,
  given: Int32Array,
  givenOrder: number,
  wanted: Int32Array,
  wantedOrder: number,
): boolean {
  kernel.events.directHypercalls++;
  const rc = doMemoryOp(kernel.vcpu, XENMEM_exchange, {
    in: { extents: given, nrExtents: given.length, extentOrder: givenOrder, domid: DOMID_SELF },
    out: { extents: wanted, nrExtents: wanted.length, extentOrder: wantedOrder, domid: DOMID_SELF },
  });
  return rc === 0;
}

/** Maps frames behind the pages again: `xen_remap_exchanged_ptes`. The last entry flushes all CPUs. */
function remapExchangedPtes(kernel: Kernel, page: Pfn, frames: Int32Array): void {
  const count = frames.length;
  kernel.phys.setFrames(page, frames);
  xenMcBatch(kernel.mc);
  for (let offset = 0; offset < count - 1; offset++) setPfnProt(kernel, pfn(page + offset), true, UVMF_NONE);
  const flush = count === 1 ? UVMF_INVLPG : UVMF_TLB_FLUSH;
  setPfnProt(kernel, pfn(page + count - 1), true, flush | UVMF_ALL);
  xenMcIssue(kernel.mc, "none");
}

function consecutive(first: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, offset) => first + offset);
}
