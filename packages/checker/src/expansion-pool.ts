import type { AllocateInts } from "./edge-arena.ts";
import type { ExpansionTables } from "./expansion-tables.ts";

/** What one thread of a pool did with its share of a batch. */
export interface ExpansionShare {
  /** Parent and packed words of each successor that was not known, and `~state` where the model's code is needed. */
  readonly out: Int32Array;
  readonly outLength: number;
  readonly transitions: number;
  /** The first state of the share that was not looked at, because `out` was full; the end of the share if none. */
  readonly position: number;
  readonly to: number;
  /** As in an expansion's run. */
  readonly hits: Int32Array;
}

/**
 * Threads that expand a batch of states together.
 *
 * They only look: nothing changes in the tables while they run, and what they find new comes back in the order of the
 * states, to be inserted by one thread. So numbers, order and counts are those of a single thread.
 */
export interface ExpansionPool {
  /** Makes the arrays that the threads shall see. */
  readonly allocate: AllocateInts;
  /** Expands the states from `from` up to `to`, split into shares in ascending order. Returns when all are done. */
  expand(tables: ExpansionTables, from: number, to: number): readonly ExpansionShare[];
}
