import { assert } from "./assert.ts";
import { ENOMEM } from "./errno.ts";
import { mmput } from "./exit.ts";
import type { Kernel } from "./kernel.ts";
import type { Mm } from "./mm.ts";
import { pgdAlloc } from "./page-table-pages.ts";
import { xenPgdPin } from "./pgd-pin.ts";
import { type Process, switchMm } from "./process.ts";

/**
 * Makes an empty address space and hands it to Xen: `mm_alloc`, and `xen_activate_mm` which pins it.
 *
 * @returns undefined when memory is short.
 */
export function newPinnedMm(kernel: Kernel): Mm | undefined {
  const mm = pgdAlloc(kernel);
  if (mm !== undefined && kernel.pvOps === "xen") xenPgdPin(kernel, mm);
  return mm;
}

/**
 * Gives the running process an empty address space in place of its old one: `exec_mmap`. [L39 fs/exec.c]
 *
 * ```text
 *   old mm  loaded ────────────────────► unpinned, entries cleared by plain stores, freed
 *   new mm          pinned ──► loaded
 * ```
 *
 * The new mm is pinned and loaded first, so that the old roots are on no CPU when they are unpinned. Giving up the old
 * mm costs Xen as many references as the fork that filled it. A child of vfork has its parent's mm, which stays as it is.
 * Simplified: the new program has no mappings; stack and text would be a few 4 KiB pages.
 *
 * @returns 0, or −ENOMEM with the process as it was.
 */
export function execMmap(kernel: Kernel, process: Process): number {
  const old = process.mm;
  assert(old !== undefined && kernel.activeMm === old, "a running process execs");
  const mm = newPinnedMm(kernel);
  if (mm === undefined) return -ENOMEM;
  switchMm(kernel, mm);
  process.mm = mm;
  mmput(kernel, old);
  return 0;
}
