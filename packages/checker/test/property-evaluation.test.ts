import { describe, expect, it } from "vitest";
import {
  type ExpansionRun,
  type ExpansionTables,
  Hit,
  newExpansionRun,
  PropertyCode,
} from "../src/expansion-tables.ts";
import { NODE_INTS, NodeField, NodeFlag } from "../src/node-record.ts";
import { compareWithParent, evaluateProperties } from "../src/property-evaluation.ts";
import { Verdict } from "../src/property-forest.ts";

/*
 * Which properties are looked at in a state, and which have the verdict of its parent. Leaving one out cannot be seen in a
 * verdict as long as the parent was looked at; so it is looked at here, on tables made by hand:
 *
 *   slot 0: node of the one vCPU (bits 4 to 7), word 0 (bits 0 to 3)        slot 1: word 1 (bits 0 to 3)
 */

const NODE = { at: 0, shift: 4 };
const NEVER_RUN = -1;

/** Decisions: 0 is true, 1 is false; 2 and 3 ask whether word 0 or word 1 is 0; 4 asks for the vCPU's view. */
const decisions = Int32Array.from(
  [
    [Verdict.true, 0, 0, 0],
    [Verdict.false, 0, 0, 0],
    [0, 0, 2, 0],
    [1, 0, 2, 0],
    [2, 2, 2, 0],
  ].flat(),
);
/** 0: yes, 1: no; of a view only 1 is known, and it is a yes. */
const decisionEdges = Int32Array.of(0, 1, NEVER_RUN, 0);
const [yes, no, isWord0Zero, isWord1Zero, isView1] = [0, 1, 2, 3, 4];

interface Looked {
  readonly code: number;
  readonly root: number;
  /** The bits that it is known to read, in either slot. */
  readonly reads?: readonly [number, number];
}

function tablesOf(properties: readonly Looked[], looked: readonly number[] = [0, 0]): ExpansionTables {
  const nodes = new Int32Array(4 * NODE_INTS);
  for (let node = 0; node < 4; node++) nodes[node * NODE_INTS + NodeField.view] = node;
  return {
    words: 2,
    slots: 2,
    slot: Int32Array.of(0, 1, NODE.at),
    shift: Int32Array.of(0, 0, NODE.shift),
    mask: Int32Array.of(15, 15, 15),
    nodes,
    decisions,
    decisionEdges,
    roots: Int32Array.from(properties, ({ root }) => root),
    codes: Int32Array.from(properties, ({ code }) => code),
    readBits: Int32Array.from(properties.flatMap(({ reads }) => reads ?? [0, 0])),
    looked: Int32Array.from(looked),
  } as unknown as ExpansionTables;
}

interface Looking {
  readonly state?: number;
  readonly words?: readonly [number, number];
  readonly node?: number;
  /** The bits in which the state differs from its parent; what comes after the two slots is of another time. */
  readonly moved?: readonly number[];
  readonly flags?: number;
}

/** Evaluates, with places for more properties than there are, and tells the hits of all. */
function evaluated(properties: readonly Looked[], looking: Looking): { hits: number[]; missed: number | undefined } {
  const { state = 7, words = [0, 0], node = 0, moved = [-1, -1], flags = 0 } = looking;
  const run = newExpansionRun(4, 1, properties.length + 1, new Int32Array(0));
  run.current.set([words[0] | (node << NODE.shift), words[1]]);
  run.moved.set(moved);
  const isDone = evaluateProperties(tablesOf(properties), run, state, flags);
  return { hits: [...run.hits.subarray(Hit.properties)], missed: isDone ? undefined : run.missProperty };
}

const always = (root: number, reads: readonly [number, number] = [15, 15]): Looked => {
  return { code: PropertyCode.always, root, reads };
};

describe("what differs from the parent", () => {
  function compared(parent: readonly number[] | undefined, looked: readonly number[], base = 0) {
    const run: ExpansionRun = newExpansionRun(4, 1, 0, new Int32Array(0));
    run.current.set([0b0110_0011, 5, 9]);
    const tables = tablesOf([], looked);
    const isTouched = compareWithParent(tables, run, parent && Int32Array.from(parent), base);
    return { isTouched, moved: [...run.moved] };
  }

  it("is all of the initial state, which has none", () => {
    expect(compared(undefined, [0, 0])).toEqual({ isTouched: true, moved: [-1, -1, 0, 0] });
  });

  it("is told bit by bit, slot by slot, from where the parent lies", () => {
    const parent = [0b0101_0011, 4, 0];
    expect(compared(parent, [0, 0])).toEqual({ isTouched: false, moved: [0b0011_0000, 1, 0, 0] });
    expect(compared([7, 7, 7, ...parent], [0, 0], 3)).toEqual({ isTouched: false, moved: [0b0011_0000, 1, 0, 0] });
  });

  it.each([
    ["a bit of the first slot", [0b0001_0000, 0], true],
    ["a bit of the second", [0, 1], true],
    ["bits that are the same", [0b0100_1111, 0b1110], false],
  ])("touches a property that reads %s, or does not", (_what, looked, isTouched) => {
    expect(compared([0b0101_0011, 4, 0], looked).isTouched).toBe(isTouched);
  });
});

describe("a property", () => {
  it.each([
    ["always", PropertyCode.always, 0, yes, -1],
    ["always", PropertyCode.always, 0, no, 7],
    ["sometimes", PropertyCode.sometimes, 0, yes, 7],
    ["sometimes", PropertyCode.sometimes, 0, no, -1],
    ["quiescent", PropertyCode.quiescent, 0, no, -1],
    ["quiescent", PropertyCode.quiescent, NodeFlag.resting, no, 7],
    ["quiescent", PropertyCode.quiescent, NodeFlag.resting, yes, -1],
    ["finally", PropertyCode.finally, NodeFlag.resting, no, -1],
    ["finally", PropertyCode.finally, NodeFlag.done, no, 7],
    ["finally", PropertyCode.finally, NodeFlag.done, yes, -1],
    ["skipped", PropertyCode.skip, NodeFlag.done | NodeFlag.resting, no, -1],
  ])(
    "(%s, numbered %i, where all vCPUs have the flags %i, tree %i) is entered: %i",
    (_kind, code, flags, root, hit) => {
      const property = { code, root, reads: [15, 15] } as const;
      expect(evaluated([property], { flags })).toEqual({ hits: [hit, -1], missed: undefined });
    },
  );

  it("has the verdict of the parent where it read nothing of what differs", () => {
    const reads: [number, number][] = [
      [15, 0],
      [0, 15],
      [240, 1],
    ];
    const hitsWith = (...moved: number[]): number[] =>
      evaluated(
        reads.map((each) => always(no, each)),
        { moved },
      ).hits.slice(0, 3);
    expect(hitsWith(0, 0)).toEqual([-1, -1, -1]);
    expect(hitsWith(8, 0)).toEqual([7, -1, -1]);
    expect(hitsWith(0, 8)).toEqual([-1, 7, -1]);
    expect(hitsWith(16, 0)).toEqual([-1, -1, 7]);
    // What lies after the state's slots is none of it, and the next property's bits are not this one's.
    expect(hitsWith(0, 0, -1)).toEqual([-1, -1, -1]);
  });

  it("is looked at in the initial state, even if it reads nothing", () => {
    expect(evaluated([always(no, [0, 0])], { state: 0, moved: [-1, -1] }).hits).toEqual([0, -1]);
    expect(evaluated([always(no, [0, 0])], { state: 1, moved: [-1, -1] }).hits).toEqual([-1, -1]);
  });

  it("at rest or at the end is looked at whatever differs", () => {
    const property = { code: PropertyCode.quiescent, root: no };
    expect(evaluated([property], { moved: [0, 0], flags: NodeFlag.resting }).hits).toEqual([7, -1]);
  });

  it("goes down its tree by the words and by the view of a vCPU's node", () => {
    const of = (root: number, looking: Looking): unknown => {
      const { hits, missed } = evaluated([always(root)], looking);
      return missed === undefined ? hits[0] : `missed ${missed}`;
    };
    expect([of(isWord0Zero, { words: [0, 1] }), of(isWord0Zero, { words: [1, 0] })]).toEqual([-1, 7]);
    expect([of(isWord1Zero, { words: [0, 1] }), of(isWord1Zero, { words: [1, 0] })]).toEqual([7, -1]);
    expect(of(isView1, { node: 1 })).toBe(-1);
  });

  it.each([
    ["it was never run", NEVER_RUN, {}],
    ["an edge is not known", isView1, { node: 0 }],
    ["a number is beyond its edges", isView1, { node: 2 }],
    ["a value is beyond its edges", isWord0Zero, { words: [2, 0] }],
  ] as const)("is asked for where %s; those before it are entered", (_why, root, looking) => {
    expect(evaluated([always(no), always(root), always(no)], looking)).toEqual({ hits: [7, -1, -1, -1], missed: 1 });
  });
});
