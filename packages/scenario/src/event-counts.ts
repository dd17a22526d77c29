import type { PerfSnapshot } from "@xsp/hypervisor";

/** What the guest counts about itself: writes that no hypercall shows. */
export interface GuestCounts {
  /** Page-table entries written by plain stores, into tables that are not pinned. */
  readonly guestStores: number;
  /** Page faults that the guest's kernel handled. */
  readonly pageFaults: number;
}

/** The events of one phase, counted where they happen. Nothing here is computed from sizes. */
export interface EventCounts {
  /** Entries into Xen; a multicall is one. */
  readonly hypercalls: number;
  /** Page-table entries written: `pageUpdates` + `guestStores` + `ptwrEmulations`. */
  readonly pteWrites: number;
  /** General references taken on frames of superpages. */
  readonly frameGets: number;
  readonly framePuts: number;
  /** Type references taken on frames of superpages. */
  readonly typeGets: number;
  readonly typePuts: number;
  /** Maps and marks counted at a superpage as a whole. */
  readonly superpageGets: number;
  readonly superpagePuts: number;
  readonly tlbFlushes: number;

  /** Calls carried inside multicalls. */
  readonly multicallEntries: number;
  /** Entries written by Xen at the guest's request, into tables that are pinned. */
  readonly pageUpdates: number;
  readonly mmuextOps: number;
  /** Stores to L1 tables in use, each a page fault that Xen handled by emulating the store. */
  readonly ptwrEmulations: number;
  readonly guestStores: number;
  readonly pageFaults: number;
  /** General references taken on all other frames: 4 KiB entries, page tables, pins, base pointers. */
  readonly tableFrameGets: number;
  readonly tableFramePuts: number;
  readonly tableTypeGets: number;
  readonly tableTypePuts: number;
  /** Page tables whose entries were all read and checked. */
  readonly validations: number;
  readonly invalidations: number;
}

/** The name of an event that can be counted. */
export type EventName = keyof EventCounts;

/** Brings the counts of hypervisor and guest under one roof. */
export function eventCounts(perf: PerfSnapshot, guest: GuestCounts): EventCounts {
  return {
    hypercalls: perf.hypercalls,
    pteWrites: perf.num_page_updates + guest.guestStores + perf.ptwr_emulations,
    frameGets: perf.frameGets,
    framePuts: perf.framePuts,
    typeGets: perf.typeGets,
    typePuts: perf.typePuts,
    superpageGets: perf.superpageGets,
    superpagePuts: perf.superpagePuts,
    tlbFlushes: perf.tlbFlushes,
    multicallEntries: perf.multicallEntries,
    pageUpdates: perf.num_page_updates,
    mmuextOps: perf.num_mmuext_ops,
    ptwrEmulations: perf.ptwr_emulations,
    guestStores: guest.guestStores,
    pageFaults: guest.pageFaults,
    tableFrameGets: perf.tableFrameGets,
    tableFramePuts: perf.tableFramePuts,
    tableTypeGets: perf.tableTypeGets,
    tableTypePuts: perf.tableTypePuts,
    validations: perf.validations,
    invalidations: perf.invalidations,
  };
}

/** References and superpage operations of both directions: what counting itself comes to. */
export function countingOperations(events: EventCounts): number {
  return (
    events.frameGets +
    events.framePuts +
    events.typeGets +
    events.typePuts +
    events.superpageGets +
    events.superpagePuts
  );
}
