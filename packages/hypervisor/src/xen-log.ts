import type { Host } from "./host.ts";
import type { Refusal } from "./refusal-log.ts";
import {
  PGT_l1_page_table,
  PGT_l2_page_table,
  PGT_l3_page_table,
  PGT_l4_page_table,
  PGT_type_mask,
} from "./type-info.ts";

/*
 * What Xen says about refusals in its console ring, as `xl dmesg` prints it.
 *
 * Source: [linux-facts §6.2], `mm.c` @ Xen 4.2. Simplified: the prefix has no file, line and vCPU, and "Bad type" no
 * pfn, for the machine-to-physical table is not kept. A refusal that Xen passes over in silence, or tells with figures
 * that the model does not have, gives no line.
 */

/** The low bits of a word that hold a count. */
const COUNT_MASK = 0x7fffff;

/** `count_info` or `type_info` as 64-bit Xen prints it: flags keep their place from the top, counts theirs from the bottom. */
export function xenWord(word: number): string {
  const flags = (word & ~COUNT_MASK) >>> 0;
  const count = word & COUNT_MASK;
  return flags.toString(16).padStart(8, "0") + count.toString(16).padStart(8, "0");
}

const lines: Readonly<Record<string, (refusal: Refusal, mfn: string) => string>> = {
  "pin: the type was refused": (_, mfn) => `Error while pinning mfn ${mfn}`,
  "pin: pinned already": (_, mfn) => `Mfn ${mfn} already pinned`,
  "mark: marked already": (_, mfn) => `Duplicate superpage mark attempt mfn ${mfn}`,
  "mark: a frame was refused": (_, mfn) => `Superpage type conflict in mark attempt mfn ${mfn}`,
  "map: a frame was refused": (_, mfn) => `Type conflict on superpage mapping mfn ${mfn}`,
  "unmark: not marked": (_, mfn) => `Attempt to unmark unmarked superpage mfn ${mfn}`,
  "unmark: not marked by this domain": (_, mfn) => `Attempt to unmark unmarked superpage mfn ${mfn}`,
  "getPageType: in use as another type": ({ type, wantedType }, mfn) =>
    `Bad type (saw ${xenWord(type)} != exp ${xenWord(wantedType)}) for mfn ${mfn}`,
};

/** A table one level up may have been meant as a linear one, which is decided later: Xen does not speak of it. */
function mayBeLinear({ type, wantedType }: Refusal): boolean {
  switch (wantedType) {
    case PGT_l1_page_table:
      return (type & PGT_type_mask) === PGT_l2_page_table;
    case PGT_l2_page_table:
      return (type & PGT_type_mask) === PGT_l3_page_table;
    case PGT_l3_page_table:
      return (type & PGT_type_mask) === PGT_l4_page_table;
    default:
      return false;
  }
}

function lineOf(host: Host, refusal: Refusal): string | undefined {
  const mfn = refusal.mfn.toString(16);
  if (refusal.check === "getPageFromTableEntry: superpage misaligned or not RAM") {
    const inside = refusal.mfn % (1 << host.superpageOrder);
    return inside === 0 ? undefined : `Unaligned superpage map attempt mfn ${mfn}`;
  }
  return mayBeLinear(refusal) ? undefined : lines[refusal.check]?.(refusal, mfn);
}

/**
 * The lines of Xen's console ring about refusals, oldest first. Cost: O(refusals kept), at most 256.
 *
 * @param since - leaves out refusals that were there when `host.refusals.added` was this.
 */
export function dmesgLines(host: Host, since = 0): readonly string[] {
  return host.refusals
    .entries(since)
    .map((refusal) => lineOf(host, refusal))
    .filter((line) => line !== undefined)
    .map((line) => `(XEN) ${line}`);
}
