import type { Kernel } from "./kernel.ts";
import { PG_pinned } from "./mem-map.ts";
import { xenPgdPin, xenPgdUnpin } from "./pgd-pin.ts";

/**
 * What a suspend does to page tables. [L39 arch/x86/xen/suspend.c, mmu.c; linux-facts §1.4]
 *
 * The toolstack that saves a domain translates page tables, and knows them by their type. A table that is plain memory
 * would be saved with machine frames of the old host in it. So every mm is pinned first, and undone afterwards.
 *
 * | an mm is not pinned | from | to |
 * | --- | --- | --- |
 * | child of fork | `pgd_alloc` | end of `dup_mmap` |
 * | new mm of exec | `mm_alloc` | `activate_mm` |
 * | mm that ends | `arch_exit_mmap` | `pgd_free` |
 *
 * vfork makes none. So between two system calls all are pinned, and a suspend finds work only where a process was
 * preempted in the middle of one of the three.
 *
 * Simplified: the domain resumes on the same host with the frames it had, as after a suspend that was called off: P2M and
 * M2P are as before. A restore gives all frames anew.
 */

/** Pins each mm that is not, and notes that it was not: `xen_mm_pin_all`. Returns how many. */
export function xenMmPinAll(kernel: Kernel): number {
  let pinned = 0;
  for (const mm of kernel.pgdList) {
    if (kernel.pvOps === "native" || kernel.memMap.hasFlag(mm.pgd, PG_pinned)) continue;
    xenPgdPin(kernel, mm);
    mm.savePinned = true;
    pinned++;
  }
  return pinned;
}

/** Unpins those again: `xen_mm_unpin_all`. Returns how many. */
export function xenMmUnpinAll(kernel: Kernel): number {
  let unpinned = 0;
  for (const mm of kernel.pgdList) {
    if (!mm.savePinned) continue;
    xenPgdUnpin(kernel, mm);
    mm.savePinned = false;
    unpinned++;
  }
  return unpinned;
}
