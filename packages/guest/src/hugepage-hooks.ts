import { DOMID_SELF, MMUEXT_MARK_SUPER, MMUEXT_UNMARK_SUPER, type Pfn, doMmuextOp } from "@xsp/hypervisor";
import { HPAGE_ORDER } from "./address-layout.ts";
import { HUGEPAGE_marked, HUGEPAGE_unmarked } from "./hstate.ts";
import { type Kernel, printk } from "./kernel.ts";

/**
 * What a PV guest does when a hugepage enters or leaves the pool: `arch_prepare_hugepage`, `arch_release_hugepage`.
 *
 * Pool membership is what a mark follows: mapping, unmapping, fork and exit do not touch it. Each mark is one direct
 * hypercall for one superpage, never batched. Models: xen_prepare_hugepage, xen_release_hugepage [UEK; linux-facts §4.2].
 */

function markOperation(kernel: Kernel, command: number, page: Pfn): number {
  const op = Int32Array.of(command, 0, kernel.phys.pfnToMfn(page), 0, 0, 0);
  kernel.events.directHypercalls++;
  return doMmuextOp(kernel.vcpu, op, 1, DOMID_SELF);
}

/**
 * Looks whether the pages of a new hugepage are one aligned machine superpage, and marks it.
 *
 * @param page - first page of an order-9 block.
 * @returns whether it may enter the pool; the kernel's log says why not.
 */
export function xenPrepareHugepage(kernel: Kernel, page: Pfn): boolean {
  const { hstate } = kernel;
  if (!kernel.phys.isMachineContiguous(page)) {
    printk(kernel, "Guest pages are not properly aligned to use hugepages");
    return false;
  }
  const block = page >>> HPAGE_ORDER;
  if (!kernel.marksHugepages) {
    hstate.state[block] = HUGEPAGE_unmarked;
    return true;
  }
  if (markOperation(kernel, MMUEXT_MARK_SUPER, page) !== 0) {
    printk(kernel, "Xen hypervisor is not configured to allow hugepages");
    return false;
  }
  hstate.state[block] = HUGEPAGE_marked;
  hstate.marked++;
  kernel.events.hugepageMarks++;
  return true;
}

/** Takes the mark away. As in UEK nobody looks at the result: the page leaves the pool whatever Xen says. */
export function xenReleaseHugepage(kernel: Kernel, page: Pfn): void {
  const { hstate } = kernel;
  if (hstate.state[page >>> HPAGE_ORDER] !== HUGEPAGE_marked) return;
  hstate.marked--;
  if (markOperation(kernel, MMUEXT_UNMARK_SUPER, page) === 0) kernel.events.hugepageUnmarks++;
}
