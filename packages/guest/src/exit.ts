import { assert } from "./assert.ts";
import type { Kernel } from "./kernel.ts";
import { PG_pinned } from "./mem-map.ts";
import type { Mm } from "./mm.ts";
import { unmapAll } from "./munmap.ts";
import { pgdFree } from "./page-table-pages.ts";
import { xenPgdUnpin } from "./pgd-pin.ts";
import { xenWriteCr3 } from "./pv-mmu.ts";

/** A process leaves an address space; the last one ends it: `mmput`. The other is who waits for a child of vfork. */
export function mmput(kernel: Kernel, mm: Mm): void {
  assert(mm.users > 0, "an mm that is left has a user");
  if (--mm.users === 0) exitMmap(kernel, mm);
}

/**
 * Ends an address space: `exit_mmap`, `pgd_free`. [L39 mm/mmap.c; linux-facts §1.4]
 *
 * The tree is taken back from Xen before anything is unmapped. That is where Xen drops its references, all in one
 * UNPIN; what follows are stores into plain memory.
 */
export function exitMmap(kernel: Kernel, mm: Mm): void {
  archExitMmap(kernel, mm);
  unmapAll(kernel, mm);
  pgdFree(kernel, mm);
}

/** Leaves the roots if this CPU is on them (`xen_drop_mm_ref`), then unpins them: `xen_exit_mmap`. */
function archExitMmap(kernel: Kernel, mm: Mm): void {
  if (kernel.activeMm === mm) xenWriteCr3(kernel, undefined);
  if (kernel.memMap.hasFlag(mm.pgd, PG_pinned)) xenPgdUnpin(kernel, mm);
}
