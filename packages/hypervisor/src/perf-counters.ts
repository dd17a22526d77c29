/**
 * What the hypervisor counts about itself. Names with underscores are those of Xen's own performance counters
 * (`perfc_defn.h`); the others count the references themselves, which Xen does not.
 *
 * References are counted apart by what they are for: `frame…`/`type…` for the frames of superpages (mapped by a PSE
 * entry or marked), `tableFrame…`/`tableType…` for everything else (4 KiB entries, page tables, pins, base pointers).
 *
 * Plain numbers, not words: they are no part of the protocol, and a count is added once after a loop.
 */
export class PerfCounters {
  /** Entries into Xen; a multicall is one. */
  hypercalls = 0;
  /** Calls carried inside multicalls. */
  multicallEntries = 0;
  calls_to_mmu_update = 0;
  num_page_updates = 0;
  writable_mmu_updates = 0;
  calls_to_mmuext_op = 0;
  num_mmuext_ops = 0;
  calls_to_update_va = 0;
  /** Stores to L1 tables in use that were emulated, those that the guest has to do again included. */
  ptwr_emulations = 0;
  need_flush_tlb_flush = 0;
  /** General references taken on frames of superpages. */
  frameGets = 0;
  framePuts = 0;
  /** Type references taken on frames of superpages. */
  typeGets = 0;
  typePuts = 0;
  /** General references taken on other frames. */
  tableFrameGets = 0;
  tableFramePuts = 0;
  /** Type references taken on other frames. */
  tableTypeGets = 0;
  tableTypePuts = 0;
  /** Successful maps and marks counted at a superpage as a whole. */
  superpageGets = 0;
  /** Unmaps and unmarks counted at a superpage as a whole. */
  superpagePuts = 0;
  /** CPUs flushed, each flush of each CPU counted. */
  tlbFlushes = 0;
  /** Page tables and descriptor pages validated. */
  validations = 0;
  invalidations = 0;
  /** Times a hypercall was preempted and continued. */
  continuations = 0;
}

/** The names of all counters. */
export type PerfCounterName = keyof PerfCounters;

/** The values of all counters at one moment. */
export type PerfSnapshot = Readonly<Record<PerfCounterName, number>>;

/** Copies the counters. */
export function snapshotPerf(host: { readonly perf: PerfCounters }): PerfSnapshot {
  return Object.assign({} as Record<PerfCounterName, number>, host.perf);
}

/** What was counted between two snapshots. */
export function perfDifference(before: PerfSnapshot, after: PerfSnapshot): PerfSnapshot {
  const difference = { ...after };
  for (const name of Object.keys(difference) as PerfCounterName[]) difference[name] = after[name] - before[name];
  return difference;
}
