import type { Kernel } from "./kernel.ts";
import { PG_pinned } from "./mem-map.ts";
import type { Mm } from "./mm.ts";
import { unmapAll } from "./mmap.ts";
import { pgdFree } from "./page-table-pages.ts";
import { xenPgdUnpin } from "./pgd-pin.ts";
import { xenWriteCr3 } from "./pv-mmu.ts";

/**
 * Ends an address space: `mmput`, `exit_mmap`, `pgd_free`. [L39 mm/mmap.c; linux-facts §1.4]
 *
 * The tree is taken back from Xen before anything is unmapped. That is where Xen drops its references, all in one
 * UNPIN; what follows are stores into plain memory.
 */
export function exitMm(kernel: Kernel, mm: Mm): void {
  xenExitMmap(kernel, mm);
  unmapAll(kernel, mm);
  pgdFree(kernel, mm);
}

/** Leaves the roots if this CPU is on them (`xen_drop_mm_ref`), then unpins them: `arch_exit_mmap` under Xen. */
function xenExitMmap(kernel: Kernel, mm: Mm): void {
  if (kernel.activeMm === mm) xenWriteCr3(kernel, undefined);
  if (kernel.memMap.hasFlag(mm.pgd, PG_pinned)) xenPgdUnpin(kernel, mm);
}
