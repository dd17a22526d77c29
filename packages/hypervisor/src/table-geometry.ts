import type { Host } from "./host.ts";
import { _PAGE_ACCESSED, _PAGE_DIRTY, _PAGE_PRESENT, _PAGE_RW, pteHi, pteLo } from "./page-table-entry.ts";

/*
 * The 16 slots of a 64-bit L4 table that belong to Xen.
 *
 *   256        read-only view of the machine-to-physical table; filled when the root is loaded for the kernel
 *   258        the table itself: Xen's linear mapping of the page tables
 *   260 – 262  Xen's own memory: per-domain area, Xen, frame table
 *   others     empty on a small machine
 *
 * Models: init_guest_l4_table, fill_ro_mpt @ Xen 4.9, as far as a guest can tell from what becomes of a frame that was
 * an L4 table once and is then validated as something else.
 */

/** First and last slot of an L4 table that belong to Xen on 64-bit. */
const ROOT_PAGETABLE_FIRST_XEN_SLOT = 256;
const ROOT_PAGETABLE_LAST_XEN_SLOT = 271;

const RO_MPT_SLOT = 256;
const LINEAR_PT_SLOT = 258;
const FIRST_XEN_MEMORY_SLOT = 260;
const LAST_XEN_MEMORY_SLOT = 262;
const XEN_ENTRY_FLAGS = _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY;

/**
 * Whether an L4 slot is the guest's. Tables of small models have no slots for Xen.
 */
export function isGuestL4Slot(host: Host, slot: number): boolean {
  return host.tableOrder < 9 || slot < ROOT_PAGETABLE_FIRST_XEN_SLOT || slot > ROOT_PAGETABLE_LAST_XEN_SLOT;
}

/**
 * Fills Xen's slots of a newly validated L4 table, whatever the guest had there. They stay when the frame is no table
 * any more.
 */
export function fillXenSlots(host: Host, frame: number): void {
  if (host.tableOrder < 9) return;
  for (let slot = ROOT_PAGETABLE_FIRST_XEN_SLOT; slot <= ROOT_PAGETABLE_LAST_XEN_SLOT; slot++) {
    if (slot === LINEAR_PT_SLOT) storeXenEntry(host, frame, slot, frame);
    else if (slot >= FIRST_XEN_MEMORY_SLOT && slot <= LAST_XEN_MEMORY_SLOT) {
      storeXenEntry(host, frame, slot, host.xenFrame);
    } else {
      host.memory.store(frame, slot, 0, 0);
    }
  }
}

/** Adds the slot that only a root in use by the kernel has. */
export function fillKernelRootSlot(host: Host, frame: number): void {
  if (host.tableOrder === 9) storeXenEntry(host, frame, RO_MPT_SLOT, host.xenFrame);
}

function storeXenEntry(host: Host, frame: number, slot: number, target: number): void {
  host.memory.store(frame, slot, pteLo(target, XEN_ENTRY_FLAGS), pteHi(target));
}
