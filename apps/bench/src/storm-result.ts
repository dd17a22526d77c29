import type { PerfSnapshot, SchemeName } from "@xsp/hypervisor";

/** Which superpages the spawners of a storm map. */
export type StormOverlap =
  /** Each its own. */
  | "disjoint"
  /** All the same: the region of one database, attached to every spawner. */
  | "same"
  /** All one single superpage, in every entry: a lock page, or the head of a shared library. */
  | "one"
  /** All that same one, an entry at a time: mapped by one hypercall and unmapped by the next, and nothing else maps it. */
  | "entry"
  /** All that same one, by the scheme's functions alone, without page tables and hypercalls around them. */
  | "word";

/** What a storm is to do. */
export interface StormOrder {
  readonly scheme: SchemeName;
  readonly overlap: StormOverlap;
  /** vCPUs that fork and exit, or map and unmap, each with page tables of its own. */
  readonly spawners: number;
  /** Threads that run them: 1, or as many as spawners. */
  readonly threads: number;
  /** Hugepages that each child maps, or entries that are mapped and unmapped in turn: a multiple of 512. */
  readonly hugepages: number;
  /** Forks and exits of each spawner in one sample. */
  readonly forks: number;
  /** Timed samples. */
  readonly samples: number;
}

/** What it came to. */
export interface StormResult {
  readonly order: StormOrder;
  /** Nanoseconds from the first spawner's begin to the last one's end, for each sample. */
  readonly wallNs: readonly number[];
  /** Counted in all samples, by all threads together. */
  readonly events: PerfSnapshot;
  /** Differences that the audit found when all was over. */
  readonly differences: number;
}
