import { type Host, pteMfn } from "@xsp/hypervisor";
import type { TraceMachine } from "../replay/trace-machine.ts";
import { type Violation, violation } from "./violation.ts";

/*
 * How deep linear page tables are nested. Giving back a table gives back what its entries hold, on the same stack: by
 * level that is at most four tables deep, and by linear entries as deep as they are nested. So the depth must have a
 * bound that no guest chooses, and Xen's is one (XSA-240). A table that shows itself holds nothing and does not count.
 */
const PRESENT = 1;
const PSE = 0x80;
const TYPE_COUNT = 0x7fffff;
const VALIDATED = 1 << 26;

/** Level of a validated page table in use; 0 for any other frame. */
function tableLevel(host: Host, frame: number): number {
  if (frame >= host.frames) return 0;
  const word = host.type.load(frame);
  const type = word >>> 28;
  return (word & VALIDATED) !== 0 && (word & TYPE_COUNT) !== 0 && type <= 4 ? type : 0;
}

/** The first other table of its own level that a table shows, or −1. */
function shownBy(host: Host, table: number, shows: (target: number) => boolean): number {
  const { memory } = host;
  const level = tableLevel(host, table);
  if (level < 2 || memory.find(table) < 0) return -1;
  for (let slot = 0; slot < memory.entries; slot++) {
    const lo = memory.loadLo(table, slot);
    // A superpage may well begin with a table: its entry shows data.
    if ((lo & PRESENT) === 0 || (level === 2 && (lo & PSE) !== 0)) continue;
    const target = pteMfn(lo, memory.loadHi(table, slot));
    if (target !== table && tableLevel(host, target) === level && shows(target)) return target;
  }
  return -1;
}

/** Names linear page tables that are nested deeper than one, if any. */
export function linearDepthViolation({ host }: TraceMachine): Violation | undefined {
  const anything = (): boolean => true;
  for (let table = 0; table < host.frames; table++) {
    const middle = shownBy(host, table, (target) => shownBy(host, target, anything) >= 0);
    if (middle < 0) continue;
    const last = shownBy(host, middle, anything);
    return violation(
      "depth",
      `linear page tables are nested: frame ${table} shows frame ${middle}, which shows frame ${last}`,
    );
  }
  return undefined;
}
