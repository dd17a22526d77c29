import type { Host } from "./host.ts";
import {
  _PAGE_ACCESSED,
  _PAGE_DIRTY,
  _PAGE_GLOBAL,
  _PAGE_PRESENT,
  _PAGE_RW,
  pteHi,
  pteLo,
} from "./page-table-entry.ts";

/** What Xen's own entries have: among it `global`, which no guest's upper entry may have. */
const XEN_ENTRY_FLAGS = _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_GLOBAL;

/** First and last slot of an L4 table that belong to Xen on 64-bit. */
export const ROOT_PAGETABLE_FIRST_XEN_SLOT = 256;
export const ROOT_PAGETABLE_LAST_XEN_SLOT = 271;

/**
 * Whether an L4 slot is the guest's. Tables of small models have no slots for Xen.
 */
export function isGuestL4Slot(host: Host, slot: number): boolean {
  return host.tableOrder < 9 || slot < ROOT_PAGETABLE_FIRST_XEN_SLOT || slot > ROOT_PAGETABLE_LAST_XEN_SLOT;
}

/** Slot through which a table shows itself to Xen. */
const LINEAR_PT_SLOT = 258;

/**
 * Fills Xen's private slots of a validated L4 table, so that the table can be loaded. They stay when the frame is no
 * table any more, and are refused when it is validated at another level.
 *
 * Simplified: all point to frame 0, which is Xen's; only that they are present, and no guest's, can be seen.
 */
export function fillXenSlots(host: Host, frame: number): void {
  if (host.tableOrder < 9) return;
  for (let slot = ROOT_PAGETABLE_FIRST_XEN_SLOT; slot <= ROOT_PAGETABLE_LAST_XEN_SLOT; slot++) {
    const target = slot === LINEAR_PT_SLOT ? frame : 0;
    host.memory.store(frame, slot, pteLo(target, XEN_ENTRY_FLAGS), pteHi(target));
  }
}
