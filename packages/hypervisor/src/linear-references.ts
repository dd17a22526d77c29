import type { Host, Vcpu } from "./host.ts";
import { loadOwner } from "./owner-info.ts";
import { getPage, putPage } from "./page-references.ts";
import { noteLinear, withLinear } from "./page-table-note.ts";
import { PGT_count_mask, PGT_type_mask, PGT_validated } from "./type-info.ts";

/*
 * Linear page tables: an entry that shows a table of its own level, read-only. One level deep only, since XSA-240: a
 * table that holds such references can be the target of none, and the other way round, so that teardown cannot recurse
 * without bound. Models: get_l2_linear_pagetable, inc_linear_entries @ Xen 4.9.
 */

/** Whether linear references are counted, so that they can be kept one level deep. */
function linearDepthLimited(host: Host): boolean {
  return !host.unfixed["XSA-240"];
}

/** Adds to a table's linear references; refuses to mix holding and being held. */
function changeLinear(host: Host, frame: number, amount: number, refuseSign: number): boolean {
  const { memory } = host;
  let x = memory.loadNote(frame);
  for (;;) {
    const linear = noteLinear(x);
    if (Math.sign(linear) === refuseSign) return false;
    const next = linear + amount;
    if (next > 0x7fff || next < -0x8000) return false;
    const seen = memory.swapNote(frame, x, withLinear(x, next));
    if (seen === x) return true;
    x = seen;
  }
}

/** Counts one linear reference less, at its holder and at its target. */
export function dropLinear(host: Host, frame: number, table: number): void {
  if (!linearDepthLimited(host)) return;
  changeLinear(host, frame, 1, 2);
  changeLinear(host, table, -1, 2);
}

/**
 * Takes a linear reference: `table` maps `frame`, a table of its own level, read-only.
 *
 * @returns whether it was granted: the frame must be a validated table of that level of the same domain, and neither
 * may play the other's part already (one level deep only, XSA-240).
 */
export function getLinear(vcpu: Vcpu, table: number, frame: number, type: number): boolean {
  const { host } = vcpu;
  if (!host.mfnValid(frame) || !getPage(host, frame, loadOwner(host.owner, table))) return false;
  const limited = linearDepthLimited(host);
  if (limited) {
    if (!changeLinear(host, table, 1, -1)) {
      putPage(host, frame);
      return false;
    }
    if (!changeLinear(host, frame, -1, 1)) {
      changeLinear(host, table, -1, 2);
      putPage(host, frame);
      return false;
    }
  }
  const words = host.type;
  let x = words.load(frame);
  for (;;) {
    if (
      (x & PGT_count_mask) === PGT_count_mask ||
      (x & PGT_count_mask) === 0 ||
      (x & (PGT_type_mask | PGT_validated)) !== (type | PGT_validated)
    ) {
      dropLinear(host, frame, table);
      putPage(host, frame);
      return false;
    }
    const seen = words.compareAndSwap(frame, x, x + 1);
    if (seen === x) return true;
    x = seen;
  }
}
