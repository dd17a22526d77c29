import type { ExpansionRun, ExpansionTables } from "./expansion-tables.ts";
import { SLAB_MASK, SLAB_SHIFT } from "./packed-hash.ts";

/** Ints before the packed words of a pending successor: its parent (or `~state`, see below) and its hash. */
export const PENDING_HEAD = 2;
/** Successors that are gathered before they are looked up together. */
export const PENDING = 128;

/**
 * Looks pending successors up in the table, in order; inserts those that are new, or leaves them in `run.out`.
 *
 * Nearly every look-up of a large run misses the cache, first in the table and then in the slab. One after the other
 * these misses would be most of the run time. So first all places are loaded, and then all states that may be equal:
 * the loads do not depend on one another, and the processor has many of them under way at once.
 */
export function lookUpPending(tables: ExpansionTables, run: ExpansionRun, used: number): void {
  const { slots, slabs, table } = tables;
  const { pending, out } = run;
  const stride = slots + 1;
  const entryInts = slots + PENDING_HEAD;
  const indexMask = table.length - 1;
  const tagMask = ~indexMask;
  const collects = out.length > 0;
  let { count, outLength } = run;

  let warmed = 0;
  for (let at = 0; at < used; at += entryInts) warmed ^= table[pending[at + 1]! & indexMask]!;
  for (let at = 0; at < used; at += entryInts) {
    const hash = pending[at + 1]!;
    const entry = table[hash & indexMask]!;
    if (entry === 0 || ((entry ^ hash) & tagMask) !== 0) continue;
    const other = (entry & indexMask) - 1;
    warmed ^= (slabs[other >>> SLAB_SHIFT] as Int32Array)[(other & SLAB_MASK) * stride]!;
  }
  run.warmed = warmed;

  for (let at = 0; at < used; at += entryInts) {
    const parent = pending[at]!;
    const words = at + PENDING_HEAD;
    if (parent < 0) {
      // Not a successor but a state that somebody with the model's code has to expand.
      out[outLength] = parent;
      outLength += stride;
      continue;
    }
    const hash = pending[at + 1]!;
    let place = hash & indexMask;
    let entry = table[place]!;
    while (entry !== 0) {
      if (((entry ^ hash) & tagMask) === 0) {
        const other = (entry & indexMask) - 1;
        const slab = slabs[other >>> SLAB_SHIFT] as Int32Array;
        const base = (other & SLAB_MASK) * stride;
        let k = 0;
        while (k < slots && slab[base + k] === pending[words + k]) k++;
        if (k === slots) break;
      }
      place = (place + 1) & indexMask;
      entry = table[place]!;
    }
    if (entry !== 0) continue;
    if (collects) {
      out[outLength] = parent;
      for (let k = 0; k < slots; k++) out[outLength + 1 + k] = pending[words + k]!;
      outLength += stride;
    } else {
      const slab = slabs[count >>> SLAB_SHIFT] as Int32Array;
      const base = (count & SLAB_MASK) * stride;
      for (let k = 0; k < slots; k++) slab[base + k] = pending[words + k]!;
      slab[base + slots] = parent;
      count++;
      table[place] = count | (hash & tagMask);
    }
  }
  run.count = count;
  run.outLength = outLength;
}
