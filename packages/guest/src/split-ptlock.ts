import type { Pfn } from "@xsp/hypervisor";
import { assert } from "./assert.ts";
import type { Kernel } from "./kernel.ts";
import { PG_ptlocked } from "./mem-map.ts";

/**
 * Split page-table locks: each PTE page has its own, in its `struct page`. [L36x arch/x86/xen/mmu.c; linux-facts §1.4]
 *
 * Between the moment a PTE page turns read-only and its pin nobody may write into it, and both only happen when the batch
 * they are queued in is issued. So the lock is given back by a callback of the multicall buffer. At most as many are held
 * as a batch has room for; otherwise a pin would hold the locks of all PTE pages at once.
 */

/** Takes the lock of a PTE page: `xen_pte_lock`. Simplified: nobody contends, since there is one vCPU. */
export function xenPteLock(kernel: Kernel, page: Pfn): void {
  assert(!kernel.memMap.hasFlag(page, PG_ptlocked), "a page-table lock is taken once");
  kernel.memMap.setFlag(page, PG_ptlocked);
}

/** Gives it back: `xen_pte_unlock`. */
export function xenPteUnlock(kernel: Kernel, page: Pfn): void {
  assert(kernel.memMap.hasFlag(page, PG_ptlocked), "a page-table lock that is given back is held");
  kernel.memMap.clearFlag(page, PG_ptlocked);
}
