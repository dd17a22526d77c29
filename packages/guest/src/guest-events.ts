/**
 * What the guest counts about its own work. Xen's side of the same events is in the host's perf counters.
 *
 * Models: the debugfs counters xen/mmu and xen/multicalls of 2.6.28 to 3.0, and the tracepoints of
 * include/trace/events/xen.h which replaced them.
 */
export class GuestEvents {
  /** Page-table entries written by ordinary stores of the CPU, on all levels: the sum of the next four. */
  plainPteStores = 0;
  plainPtes = 0;
  plainPmds = 0;
  plainPuds = 0;
  plainPgds = 0;
  /** Page-table entries queued as `mmu_update` requests, because their table is pinned. */
  queuedPteWrites = 0;
  /** Stores on pinned PTE pages: each is a page fault into Xen, which emulates it. */
  ptwrFaults = 0;
  /** Flushes of the multicall buffer: each is one hypercall, and one entry alone goes as a direct one. */
  batches = 0;
  /** Entries in these flushes. */
  batchEntries = 0;
  /** Hypercalls made past the buffer: marks, unmarks, balloon. */
  directHypercalls = 0;
  /** Calls that failed in a flushed buffer. */
  multicallFailures = 0;
  /** Direct-map entries turned read-only, for page tables, and writable. */
  pagesMadeReadOnly = 0;
  pagesMadeReadWrite = 0;
  pgdPins = 0;
  pgdUnpins = 0;
  contextSwitches = 0;
  /** Page faults served with 4 KiB pages, and with hugepages. */
  pageFaults = 0;
  hugepageFaults = 0;
  /** Hugepages that the buddy gave and that could not be had, refused by Xen among them: /proc/vmstat htlb_buddy_alloc_…. */
  htlbBuddyAllocSuccess = 0;
  htlbBuddyAllocFail = 0;
  /** MARK_SUPER and UNMARK_SUPER that Xen accepted. */
  hugepageMarks = 0;
  hugepageUnmarks = 0;
}

/** Names of all counters. */
export type GuestEventName = keyof GuestEvents;

/** What was counted between two copies: `after` less `before`. */
export function eventDifference(before: Readonly<GuestEvents>, after: Readonly<GuestEvents>): GuestEvents {
  const difference = new GuestEvents();
  for (const name of Object.keys(difference) as GuestEventName[]) difference[name] = after[name] - before[name];
  return difference;
}
