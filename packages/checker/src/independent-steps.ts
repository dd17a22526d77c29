import type { ExpansionRun, ExpansionTables } from "./expansion-tables.ts";
import { NODE_SHIFT, NodeField, NodeFlag, NodeKind } from "./node-record.ts";

/** Steps taken at once for one successor. Code that waits in a circle must not keep an exploration from its limits. */
const MOST_AT_ONCE = 512;

/**
 * Takes all steps, in the packed state at `base`, that can neither be seen nor disturbed: until none is left, or one needs code to
 * be run, or there have been so many that there may be no end to them. (Stopping early leaves out less.)
 *
 * Such a step is an access within an operation that changes nothing a property looks at, to a word that no other vCPU
 * can still write (or, if the step writes, can still read) from where it is, whatever comes. Others could take nothing
 * before it that they could not take after it as well. See "Independent steps" in explorer.ts.
 *
 * @returns whether it is done; false with `run.missNode` and `run.missAnswer` where an edge is not known yet.
 */
export function takeIndependentSteps(
  tables: ExpansionTables,
  run: ExpansionRun,
  state: Int32Array,
  base: number,
): boolean {
  const { words, vcpus, slot, shift, mask, nodes, edges } = tables;
  const { places, sets, stride, nodes: known } = tables.footprints;
  const width = 2 * stride;
  const { settled: nodeOf } = run;
  for (let v = 0; v < vcpus; v++) {
    const field = words + v;
    nodeOf[v] = (state[base + slot[field]!]! >>> shift[field]!) & mask[field]!;
  }
  // A vCPU that stops may go on after another has: its word is out of the other's reach then. So until all stop in turn.
  for (let v = 0, stopped = 0, taken = 0; stopped < vcpus; v = v + 1 === vcpus ? 0 : v + 1) {
    stopped++;
    for (; taken < MOST_AT_ONCE; taken++) {
      const node = nodeOf[v]!;
      const record = node << NODE_SHIFT;
      const kind = nodes[record]!;
      if (kind > NodeKind.compareAndSwap) break;
      const address = nodes[record + NodeField.address]!;
      const held = (state[base + slot[address]!]! >>> shift[address]!) & mask[address]!;
      const answer = kind === NodeKind.store ? 0 : held;
      const child =
        answer < nodes[record + NodeField.edgeCapacity]! ? edges[nodes[record + NodeField.edgeBase]! + answer]! : -1;
      if (child < 0) {
        run.missNode = node;
        run.missAnswer = answer;
        return false;
      }
      const arrival = nodes[(child << NODE_SHIFT) + NodeField.flags]!;
      if ((arrival & NodeFlag.quiet) === 0) break;

      const wrote = (arrival & NodeFlag.wrote) !== 0;
      const place = places[address]!;
      let isReachable = false;
      for (let u = 0; u < vcpus; u++) {
        if (u === v) continue;
        const other = nodeOf[u]!;
        if (other >= known) {
          isReachable = true;
        } else if (place >= 0) {
          const at = other * width + (place >> 5);
          const touched = wrote ? sets[at]! | sets[at + stride]! : sets[at + stride]!;
          if ((touched & (1 << (place & 31))) !== 0) isReachable = true;
        }
      }
      if (isReachable) break;

      if (wrote) {
        const written =
          kind === NodeKind.store ? nodes[record + NodeField.operand]! : nodes[record + NodeField.desired]!;
        const at = base + slot[address]!;
        state[at] = (state[at]! & ~(mask[address]! << shift[address]!)) | (written << shift[address]!);
      }
      const field = words + v;
      const at = base + slot[field]!;
      state[at] = (state[at]! & ~(mask[field]! << shift[field]!)) | (child << shift[field]!);
      nodeOf[v] = child;
      stopped = 0;
    }
  }
  return true;
}
