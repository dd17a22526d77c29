import {
  DOMID_SELF,
  MMUEXT_CLEAR_PAGE,
  MMUEXT_COPY_PAGE,
  type Mfn,
  type Pfn,
  doMmuextOp,
  loadFromFrameHigh,
  loadFromFrameLow,
  storeToFrame,
} from "@xsp/hypervisor";
import { PTRS_PER_TABLE } from "./address-layout.ts";
import { kmapAtomic, kunmapAtomic } from "./highmem.ts";
import { type Kernel, kernelOops, pageHighMem } from "./kernel.ts";
import { PG_scribbled } from "./mem-map.ts";

/**
 * How the kernel clears and copies a 4 KiB page of user memory, wherever it is. [L39 include/linux/highmem.h]
 *
 * ```text
 *   lowmem    through the direct map                                     no hypercall
 *   highmem   kmap_atomic, store, kunmap_atomic                          3 hypercalls; count 0 → 1 → 0
 *             or MMUEXT_CLEAR_PAGE, MMUEXT_COPY_PAGE [XEN 043e01a4f8]     1 hypercall; Xen takes a writable ref meanwhile
 * ```
 *
 * Simplified: a word that holds already what is to be stored is not stored, so that memory which was never written stays
 * unbacked in the model; contents of hugepages are not simulated.
 */

/** Fills a page with zeroes: `clear_highpage`, `clear_user_highpage`. */
export function clearHighpage(kernel: Kernel, page: Pfn): void {
  const { memMap, phys } = kernel;
  const scribbled = memMap.isScribbled(page);
  memMap.clearFlag(page, PG_scribbled);
  if (assistedByXen(kernel, page) && highmemAssist(kernel, MMUEXT_CLEAR_PAGE, phys.pfnToMfn(page), 0)) return;
  kmapAtomic(kernel, page);
  if (scribbled) clearFrame(kernel, phys.pfnToMfn(page));
  kunmapAtomic(kernel, page);
}

/** Copies a page: `copy_highpage`, `copy_user_highpage`. */
export function copyHighpage(kernel: Kernel, to: Pfn, from: Pfn): void {
  const { memMap, phys } = kernel;
  const scribbled = memMap.isScribbled(from) || memMap.isScribbled(to);
  if (memMap.isScribbled(from)) memMap.setFlag(to, PG_scribbled);
  const [toFrame, fromFrame] = [phys.pfnToMfn(to), phys.pfnToMfn(from)];
  const assisted = assistedByXen(kernel, to) || assistedByXen(kernel, from);
  if (assisted && highmemAssist(kernel, MMUEXT_COPY_PAGE, toFrame, fromFrame)) return;
  kmapAtomic(kernel, from);
  kmapAtomic(kernel, to);
  if (scribbled) copyFrame(kernel, toFrame, fromFrame);
  kunmapAtomic(kernel, to);
  kunmapAtomic(kernel, from);
}

function assistedByXen(kernel: Kernel, page: Pfn): boolean {
  return kernel.highmem?.clearedByXen === true && pageHighMem(kernel, page);
}

/** One direct hypercall. Returns whether Xen did it; else the kernel does it itself. */
function highmemAssist(kernel: Kernel, command: number, frame: Mfn, source: number): boolean {
  kernel.events.directHypercalls++;
  return doMmuextOp(kernel.vcpu, Int32Array.of(command, 0, frame, 0, source, 0), 1, DOMID_SELF) === 0;
}

function clearFrame(kernel: Kernel, frame: Mfn): void {
  const { vcpu } = kernel;
  for (let index = 0; index < PTRS_PER_TABLE; index++) {
    if (loadFromFrameLow(vcpu, frame, index) === 0 && loadFromFrameHigh(vcpu, frame, index) === 0) continue;
    if (!storeToFrame(vcpu, frame, index, 0, 0)) kernelOops(kernel);
  }
}

function copyFrame(kernel: Kernel, to: Mfn, from: Mfn): void {
  const { vcpu } = kernel;
  for (let index = 0; index < PTRS_PER_TABLE; index++) {
    const lo = loadFromFrameLow(vcpu, from, index);
    const hi = loadFromFrameHigh(vcpu, from, index);
    if (loadFromFrameLow(vcpu, to, index) === lo && loadFromFrameHigh(vcpu, to, index) === hi) continue;
    if (!storeToFrame(vcpu, to, index, lo, hi)) kernelOops(kernel);
  }
}
