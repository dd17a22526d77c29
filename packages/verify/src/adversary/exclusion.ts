import { type Host, pteMfn } from "@xsp/hypervisor";
import type { TraceMachine } from "../replay/trace-machine.ts";
import { type Violation, violation } from "./violation.ts";

/*
 * Exclusion, seen as the CPU sees it: which frames can a guest write, and is one of them a table in use?
 *
 * The walk begins at every validated table, at its own level, for any of them may be what a root leads to. It follows
 * the entries that are present, writable and the guest's own (user), and asks nothing about types: an entry that shows
 * a table of its own level leads on into that table one level down, so that its entries are walked as L1 entries in the
 * end. This is what makes a linear page table dangerous as soon as it is writable.
 *
 *   reach[4] ─► reach[3] ─► reach[2] ─► reach[1] ─► frames that can be written
 *                               └── PSE ───────────►
 *
 * Words are read as the hardware's manual and `type_info` lay them out, spelled out here, so that a mistake in the
 * hypervisor's own readings cannot hide itself. Cost: O(frames + entries of tables).
 */
const PRESENT_RW_USER = 7;
const PSE = 0x80;
const TYPE_COUNT = 0x7fffff;
const VALIDATED = 1 << 26;
const SEGMENT_DESCRIPTORS = 5;

/** What a frame is in use as: 1…4 a page table of that level, 5 a descriptor page, 0 nothing that must not be written. */
function protectedType(host: Host, frame: number): number {
  const word = host.type.load(frame);
  const type = word >>> 28;
  return (word & VALIDATED) !== 0 && (word & TYPE_COUNT) !== 0 && type <= SEGMENT_DESCRIPTORS ? type : 0;
}

/** Calls back for each frame that an entry lets a guest reach for writing. */
function forEachWritable(
  host: Host,
  level: number,
  tables: Iterable<number>,
  visit: (frame: number, table: number, slot: number) => void,
): void {
  const { memory, frames } = host;
  const superpage = 1 << host.superpageOrder;
  for (const table of tables) {
    if (memory.find(table) < 0) continue;
    for (let slot = 0; slot < memory.entries; slot++) {
      const lo = memory.loadLo(table, slot);
      if ((lo & PRESENT_RW_USER) !== PRESENT_RW_USER) continue;
      const target = pteMfn(lo, memory.loadHi(table, slot));
      const covered = level === 2 && (lo & PSE) !== 0 ? superpage : 1;
      for (let frame = target; frame < target + covered && frame < frames; frame++) visit(frame, table, slot);
    }
  }
}

/** Names the first table or descriptor page in use that a guest can write, if any. */
export function exclusionViolation({ host }: TraceMachine): Violation | undefined {
  let tables = new Set<number>();
  for (let level = 4; level >= 1; level--) {
    for (let frame = 0; frame < host.frames; frame++) if (protectedType(host, frame) === level) tables.add(frame);
    const below = new Set<number>();
    let broken: string | undefined;
    forEachWritable(host, level, tables, (frame, table, slot) => {
      const data = level === 1 || (level === 2 && (host.memory.loadLo(table, slot) & PSE) !== 0);
      if (!data) below.add(frame);
      else if (broken === undefined && protectedType(host, frame) !== 0) {
        const what = protectedType(host, frame) === SEGMENT_DESCRIPTORS ? "a descriptor page" : "a page table";
        broken = `frame ${frame} is ${what} in use and can be written through entry ${slot} of frame ${table}, walked as L${level}`;
      }
    });
    if (broken !== undefined) return violation("exclusion", broken);
    tables = below;
  }
  return undefined;
}
