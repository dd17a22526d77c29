import { ExpansionEnd, type ExpansionRun, type ExpansionTables, Hit, keepFirst } from "./expansion-tables.ts";
import { NODE_SHIFT, NodeField, NodeFlag, NodeKind } from "./node-record.ts";
import { takeIndependentSteps } from "./independent-steps.ts";
import { hashPacked, SLAB_MASK, SLAB_SHIFT } from "./packed-hash.ts";
import { lookUpPending, PENDING, PENDING_HEAD } from "./pending-successors.ts";
import { compareWithParent, evaluateProperties } from "./property-evaluation.ts";

/**
 * Expands the states from `from` up to `to` in order: evaluates the properties of each, makes every step of every vCPU
 * and inserts what is new.
 *
 * The one hot loop of the checker, and one function on purpose: what is split off here is called for few states, or is
 * small enough for the compiler to put it in place. It comes back, to be called again from {@link ExpansionRun.position}, when it needs an edge that no code
 * was run for yet, or room; a state that was begun is then expanded again as a whole, which finds its own successors.
 */
export function expand(tables: ExpansionTables, run: ExpansionRun, from: number, to: number): number {
  const { words, vcpus, slots, slot, shift, mask, nodes, edges, slabs, room } = tables;
  const { choicesFirst, independentSteps } = tables;
  const { hits, current, nodeOf, out } = run;
  const entry = slots + PENDING_HEAD;
  const stride = slots + 1;
  const most = tables.widest * vcpus;
  const collects = out.length > 0;
  if (run.pending.length < (most + PENDING) * entry) run.pending = new Int32Array((most + PENDING) * entry);
  const { pending } = run;
  const full = PENDING * entry;
  let { transitions } = run;
  let used = 0;
  let end: number = ExpansionEnd.complete;
  let state = from;

  for (; state < to; state++) {
    if (used >= full) {
      lookUpPending(tables, run, used);
      used = 0;
    }
    const waiting = used / entry + most;
    if (collects ? run.outLength + waiting * stride > out.length : run.count + waiting > room) {
      end = ExpansionEnd.full;
      break;
    }
    const transitionsBefore = transitions;
    const usedBefore = used;
    const slab = slabs[state >>> SLAB_SHIFT] as Int32Array;
    const base = (state & SLAB_MASK) * stride;
    for (let k = 0; k < slots; k++) current[k] = slab[base + k] as number;
    let allFlags = -1;
    let anyFlags = 0;
    for (let v = 0; v < vcpus; v++) {
      const field = words + v;
      const node = ((current[slot[field]!]! >>> shift[field]!) & mask[field]!) << NODE_SHIFT;
      nodeOf[v] = node;
      const flags = nodes[node + NodeField.flags]!;
      allFlags &= flags;
      anyFlags |= flags;
    }

    const parent = slab[base + slots]!;
    const parentSlab = parent < 0 ? undefined : slabs[parent >>> SLAB_SHIFT];
    const isTouched = compareWithParent(tables, run, parentSlab, (parent & SLAB_MASK) * stride);
    if (isTouched || (allFlags & NodeFlag.resting) !== 0) {
      if (!evaluateProperties(tables, run, state, allFlags)) end = ExpansionEnd.unknownDecision;
    }

    let first = 0;
    let last = vcpus;
    if (choicesFirst && end === 0 && (anyFlags & (NodeFlag.local | NodeFlag.unready)) !== 0) {
      // A choice that nobody can see may go first: see "Choices" in explorer.ts.
      for (let v = 0; v < vcpus; v++) {
        const node = nodeOf[v]!;
        const flags = nodes[node + NodeField.flags]!;
        if ((flags & NodeFlag.unready) !== 0) {
          run.missNode = node >> NODE_SHIFT;
          run.missAnswer = 0;
          end = ExpansionEnd.unknownEdge;
          break;
        }
        if ((flags & NodeFlag.local) !== 0) {
          first = v;
          last = v + 1;
          break;
        }
      }
    }

    let enabled = 0;
    for (let v = first; v < last && end === 0; v++) {
      const node = nodeOf[v]!;
      const kind = nodes[node]!;
      if (kind >= NodeKind.done) continue;
      const operand = nodes[node + NodeField.operand]!;
      const edgeBase = nodes[node + NodeField.edgeBase]!;
      const address = nodes[node + NodeField.address]!;
      const vcpuField = words + v;
      let edge = 0;
      let ways = 1;
      let written = -1;
      if (kind === NodeKind.choose) {
        if ((nodes[node + NodeField.flags]! & NodeFlag.unready) !== 0) {
          run.missNode = node >> NODE_SHIFT;
          run.missAnswer = 0;
          end = ExpansionEnd.unknownEdge;
          break;
        }
        ways = operand;
      } else if (kind === NodeKind.store) {
        written = operand;
      } else {
        const held = (current[slot[address]!]! >>> shift[address]!) & mask[address]!;
        if (held === operand) {
          if (kind === NodeKind.waitWhile) continue;
          if (kind === NodeKind.compareAndSwap) written = nodes[node + NodeField.desired]!;
        }
        edge = held;
      }
      if (kind !== NodeKind.choose && (edge >= nodes[node + NodeField.edgeCapacity]! || edges[edgeBase + edge]! < 0)) {
        run.missNode = node >> NODE_SHIFT;
        run.missAnswer = edge;
        end = ExpansionEnd.unknownEdge;
        break;
      }
      enabled += ways;

      for (const stop = edge + ways; edge < stop; edge++) {
        const successor = used + PENDING_HEAD;
        for (let k = 0; k < slots; k++) pending[successor + k] = current[k]!;
        if (written >= 0) {
          const at = successor + slot[address]!;
          pending[at] = (pending[at]! & ~(mask[address]! << shift[address]!)) | (written << shift[address]!);
        }
        const at = successor + slot[vcpuField]!;
        const nodeShift = shift[vcpuField]!;
        pending[at] = (pending[at]! & ~(mask[vcpuField]! << nodeShift)) | (edges[edgeBase + edge]! << nodeShift);

        if (independentSteps && !takeIndependentSteps(tables, run, pending, successor)) {
          end = ExpansionEnd.unknownEdge;
          break;
        }
        pending[used] = state;
        pending[used + 1] = hashPacked(pending, successor, slots);
        used += entry;
      }
    }
    transitions += enabled;

    if (end !== 0) {
      // Nothing of this state counts: it will be expanded again as a whole.
      transitions = transitionsBefore;
      used = usedBefore;
      if (!collects) break;
      pending[used] = ~state;
      used += entry;
      end = ExpansionEnd.complete;
      continue;
    }
    if ((anyFlags & NodeFlag.failed) !== 0) {
      keepFirst(hits, Hit.error, state);
    } else if (enabled === 0 && (allFlags & NodeFlag.done) === 0) {
      keepFirst(hits, Hit.deadlock, state);
    }
  }

  lookUpPending(tables, run, used);
  run.transitions = transitions;
  run.position = state;
  return end;
}
