import { type Host, ownerOf, pteMfn, readType } from "../src/index.ts";

/*
 * The two sentences that safety rests on, checked from the page tables alone: no frame is in use as a page table or
 * descriptor page while a guest can write it (S1), and no domain has an entry for a frame that it does not own (S4).
 */

export interface Violations {
  /** Writable entries for frames in use as page table or descriptor page. */
  readonly writableTables: string[];
  /** Entries for frames of others. */
  readonly foreign: string[];
}

/** Looks at every entry of every (partially) validated L1 and L2 table. */
export function violations(host: Host): Violations {
  const found: Violations = { writableTables: [], foreign: [] };
  for (let table = 0; table < host.frames; table++) {
    const { typeName, typeCount, partial, entriesValidated } = readType(host, table);
    if ((typeName !== "l1" && typeName !== "l2") || typeCount === 0) continue;
    for (let slot = 0; slot < (partial ? entriesValidated : host.memory.entries); slot++) {
      const lo = host.memory.loadLo(table, slot);
      const superpage = typeName === "l2" && (lo & 0x80) !== 0;
      if ((lo & 1) === 0 || (typeName === "l2" && !superpage)) continue;
      const first = pteMfn(lo, host.memory.loadHi(table, slot));
      for (let frame = first; frame < first + (superpage ? 1 << host.superpageOrder : 1); frame++) {
        if (ownerOf(host, frame) !== ownerOf(host, table)) found.foreign.push(`${table}[${slot}] shows ${frame}`);
        const target = readType(host, frame);
        const protectedType = target.typeCount > 0 && /^(l\d|seg)$/.test(target.typeName);
        if ((lo & 2) !== 0 && protectedType) found.writableTables.push(`${table}[${slot}] writes ${frame}`);
      }
    }
  }
  return found;
}
