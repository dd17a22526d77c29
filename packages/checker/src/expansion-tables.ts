import type { FrozenFootprints } from "./footprints.ts";

/** How a property is evaluated; `skip` when it is decided already or was not asked for. */
export const PropertyCode = { always: 0, quiescent: 1, finally: 2, sometimes: 3, skip: 4 } as const;

/** Places in {@link ExpansionRun.hits}; from `properties` on, one for each property of the model. */
export const Hit = { deadlock: 0, error: 1, properties: 2 } as const;

/** Everything an expansion reads, as numbers only, so that a thread without the model's code can do it too. */
export interface ExpansionTables {
  readonly words: number;
  readonly vcpus: number;
  /** Packed words of a state; a slab has one more for each, its parent. */
  readonly slots: number;
  readonly slot: Int32Array;
  readonly shift: Int32Array;
  readonly mask: Int32Array;
  readonly nodes: Int32Array;
  readonly edges: Int32Array;
  readonly decisions: Int32Array;
  readonly decisionEdges: Int32Array;
  readonly roots: Int32Array;
  /** How each property is looked at, as a number. */
  readonly codes: Int32Array;
  /** For each property `slots` words: the bits of a packed state that it is known to read. */
  readonly readBits: Int32Array;
  /** The bits of a packed state that any `always` or `sometimes` property is known to read. */
  readonly looked: Int32Array;
  readonly slabs: readonly Int32Array[];
  readonly table: Int32Array;
  /** No more states than this fit into slabs and table. */
  readonly room: number;
  /** The largest number of ways out of one node. */
  readonly widest: number;
  /** Let a choice that nobody can see go first. */
  readonly choicesFirst: boolean;
  /** Take every step that nobody can see or disturb at once. */
  readonly independentSteps: boolean;
  readonly footprints: FrozenFootprints;
}

/** Why an expansion came back. */
export const ExpansionEnd = { complete: 0, unknownEdge: 1, unknownDecision: 2, full: 3 } as const;

/** What an expansion changes, and how far it came. One object for many calls. */
export interface ExpansionRun {
  /** States known. */
  count: number;
  transitions: number;
  /** The first state that is not expanded. */
  position: number;
  /** unknownEdge: the node and the number of the answer. */
  missNode: number;
  missAnswer: number;
  /** unknownDecision: the property. */
  missProperty: number;
  /** The first state in which each property was found violated, or witnessed; -1 for none. See {@link Hit}. */
  readonly hits: Int32Array;
  /** Scratch of one state each, and of one node a vCPU each. */
  readonly current: Int32Array;
  /** The bits in which the state differs from its parent. */
  readonly moved: Int32Array;
  readonly nodeOf: Int32Array;
  readonly settled: Int32Array;
  /**
   * Where successors that the table does not hold are left for somebody else to insert: parent and packed words each,
   * and `~state` for a state which has to be expanded by somebody who has the model's code. Empty: insert them here.
   */
  readonly out: Int32Array;
  outLength: number;
  /** Successors that are not looked up yet: parent, hash and packed words each. */
  pending: Int32Array;
  /** Keeps the loads that only warm the cache from being optimised away. */
  warmed: number;
}

/** Makes a run for states of up to `slots` packed words. */
export function newExpansionRun(slots: number, vcpus: number, properties: number, out: Int32Array): ExpansionRun {
  return {
    count: 0,
    transitions: 0,
    position: 0,
    missNode: 0,
    missAnswer: 0,
    missProperty: 0,
    hits: new Int32Array(Hit.properties + properties).fill(-1),
    current: new Int32Array(slots),
    moved: new Int32Array(slots),
    nodeOf: new Int32Array(vcpus),
    settled: new Int32Array(vcpus),
    out,
    outLength: 0,
    pending: new Int32Array(0),
    warmed: 0,
  };
}

/** Enters a state that violates or witnesses something, unless a nearer one is entered. */
export function keepFirst(hits: Int32Array, hit: number, state: number): void {
  const first = hits[hit] as number;
  if (first < 0 || state < first) hits[hit] = state;
}
