import { type ExpansionRun, type ExpansionTables, Hit, keepFirst, PropertyCode } from "./expansion-tables.ts";
import { NODE_SHIFT, NodeField, NodeFlag } from "./node-record.ts";
import { DECISION_SHIFT, Verdict } from "./property-forest.ts";

/**
 * Compares a state with its parent, both packed by the same layout.
 *
 * ```text
 *   parent   | node 0 | word 7 | word 3 |
 *   state    | node 0'| word 7 | word 3 |        most steps are loads: they move one vCPU and change no word
 *   moved    | ~~~~~~ |   0    |   0    |        so no property that looks at words only can have changed
 * ```
 *
 * `run.moved` receives the bits that differ; all bits for the initial state, which has no parent.
 *
 * @param parent - the slab that holds the parent; undefined for the initial state.
 * @returns whether any bit differs that an `always` or `sometimes` property is known to read.
 */
export function compareWithParent(
  tables: ExpansionTables,
  run: ExpansionRun,
  parent: Int32Array | undefined,
  parentBase: number,
): boolean {
  const { slots, looked } = tables;
  const { current, moved } = run;
  let touched = 0;
  for (let k = 0; k < slots; k++) {
    const bits = parent === undefined ? -1 : current[k]! ^ parent[parentBase + k]!;
    moved[k] = bits;
    touched |= bits & looked[k]!;
  }
  return parent === undefined || touched !== 0;
}

/**
 * Evaluates the properties of `run.current` by their decision trees, and enters what it violates or witnesses.
 *
 * An `always` or `sometimes` property that read nothing of what differs from the parent has the parent's verdict. The
 * parent is a nearer state and was evaluated before, so whatever is to be entered was entered then.
 *
 * @param allFlags - the flags that all vCPUs' nodes have.
 * @returns whether it is done; false with `run.missProperty` where a tree does not lead on.
 */
export function evaluateProperties(
  tables: ExpansionTables,
  run: ExpansionRun,
  state: number,
  allFlags: number,
): boolean {
  const { words, slots, slot, shift, mask, nodes, decisions, decisionEdges, roots, codes, readBits } = tables;
  const { current, moved, hits } = run;
  for (let p = 0; p < codes.length; p++) {
    const code = codes[p]!;
    if (code === PropertyCode.skip) continue;
    if (code === PropertyCode.quiescent) {
      if ((allFlags & NodeFlag.resting) === 0) continue;
    } else if (code === PropertyCode.finally) {
      if ((allFlags & NodeFlag.done) === 0) continue;
    } else {
      let touched = state === 0 ? 1 : 0;
      for (let k = 0; k < slots; k++) touched |= moved[k]! & readBits[p * slots + k]!;
      if (touched === 0) continue;
    }
    let decision = roots[p]!;
    let field = 0;
    while (decision >= 0) {
      const record = decision << DECISION_SHIFT;
      field = decisions[record]!;
      if (field < 0) break;
      let held = (current[slot[field]!]! >>> shift[field]!) & mask[field]!;
      if (field >= words) held = nodes[(held << NODE_SHIFT) + NodeField.view]!;
      decision = held < decisions[record + 2]! ? decisionEdges[decisions[record + 1]! + held]! : -1;
    }
    if (decision < 0) {
      run.missProperty = p;
      return false;
    }
    if ((field === Verdict.true) === (code === PropertyCode.sometimes)) keepFirst(hits, Hit.properties + p, state);
  }
  return true;
}
