import { describe, expect, it } from "vitest";
import { type ExpansionTables, newExpansionRun } from "../src/expansion-tables.ts";
import { takeIndependentSteps } from "../src/independent-steps.ts";
import { NODE_INTS, NodeField, NodeFlag, NodeKind } from "../src/node-record.ts";

/*
 * Which steps are taken at once, on tables made by hand. A step too many loses interleavings, a step too few only makes an
 * exploration larger: no verdict shows the second.
 *
 *   slot 0: words 0 to 3, 4 bits each        slot 1: the nodes of three vCPUs, 8 bits each        two ints before and after
 */

const QUIET: number = NodeFlag.quiet;
const WROTE: number = NodeFlag.quiet | NodeFlag.wrote;
const BASE = 2;
const [A, B, C] = [0, 1, 2];

/** A node: what it does next, and where each answer leads; its flags tell of the access that leads here. */
interface Node {
  readonly kind: number;
  readonly address?: number;
  readonly operand?: number;
  readonly desired?: number;
  readonly edges?: readonly number[];
  readonly flags?: number;
}

/** Words that a vCPU at a node may still touch, by their places. */
interface Touched {
  readonly node: number;
  readonly reads?: readonly number[];
  readonly writes?: readonly number[];
}

interface Story {
  readonly nodes: readonly Node[];
  /** Where the vCPUs are: the second and the third do nothing more, unless it is said. */
  readonly at?: readonly [number, (number | undefined)?, number?];
  readonly words?: readonly number[];
  readonly touched?: readonly Touched[];
  /** For each word its place in the sets. */
  readonly places?: readonly number[];
  /** Nodes that the sets know. */
  readonly known?: number;
}

interface Outcome {
  readonly words: number[];
  readonly at: number[];
  readonly missed?: readonly [number, number];
}

const DONE: Node = { kind: NodeKind.done };
const load = (address: number, edges: readonly number[], flags = QUIET): Node => {
  return { kind: NodeKind.load, address, edges, flags };
};
const store = (address: number, operand: number, next: number, flags = QUIET): Node => {
  return { kind: NodeKind.store, address, operand, edges: [next], flags };
};
const swap = (address: number, operand: number, desired: number, edges: readonly number[], flags = QUIET): Node => {
  return { kind: NodeKind.compareAndSwap, address, operand, desired, edges, flags };
};

function taken({ nodes, at, words = [], touched = [], places = [0, 1, 2, 3], known }: Story): Outcome {
  const records = new Int32Array((nodes.length + 1) * NODE_INTS);
  const edges: number[] = [];
  for (const [number, node] of [...nodes, DONE].entries()) {
    const record = records.subarray(number * NODE_INTS, (number + 1) * NODE_INTS);
    record[NodeField.kind] = node.kind;
    record[NodeField.address] = node.address ?? 0;
    record[NodeField.operand] = node.operand ?? 0;
    record[NodeField.desired] = node.desired ?? 0;
    record[NodeField.edgeBase] = edges.push(...(node.edges ?? [])) - (node.edges?.length ?? 0);
    record[NodeField.edgeCapacity] = node.edges?.length ?? 0;
    record[NodeField.flags] = node.flags ?? 0;
  }
  const idle = nodes.length;
  // Sets of two ints for what is read and two for what is written: places from 32 on are in the second of each.
  const sets = new Int32Array((nodes.length + 1) * 4);
  const enter = (first: number, place: number): void => {
    const int = first + (place >> 5);
    sets[int] = (sets[int] ?? 0) | (1 << (place & 31));
  };
  for (const { node, reads = [], writes = [] } of touched) {
    for (const place of reads) enter(node * 4, place);
    for (const place of writes) enter(node * 4 + 2, place);
  }
  const tables = {
    words: 4,
    vcpus: 3,
    slot: Int32Array.of(0, 0, 0, 0, 1, 1, 1),
    shift: Int32Array.of(0, 4, 8, 12, 0, 8, 16),
    mask: Int32Array.of(15, 15, 15, 15, 255, 255, 255),
    nodes: records,
    edges: Int32Array.from(edges),
    footprints: { places: Int32Array.from(places), sets, stride: 2, nodes: known ?? nodes.length + 1 },
  } as unknown as ExpansionTables;
  const [first, second = idle, third = idle] = at ?? [0];
  const packed = words.reduce((sum, word, index) => sum | (word << (4 * index)), 0);
  const state = Int32Array.of(-1, -1, packed, first | (second << 8) | (third << 16), -1, -1);
  const run = newExpansionRun(2, 3, 0, new Int32Array(0));
  const isDone = takeIndependentSteps(tables, run, state, BASE);
  expect([state[0], state[1], state[4], state[5]]).toEqual([-1, -1, -1, -1]);
  const [wordsAfter = 0, nodesAfter = 0] = state.subarray(BASE);
  return {
    words: [0, 4, 8, 12].map((shift) => (wordsAfter >>> shift) & 15),
    at: [0, 8, 16].map((shift) => (nodesAfter >>> shift) & 255).map((node) => (node === idle ? -1 : node)),
    ...(isDone ? {} : { missed: [run.missNode, run.missAnswer] }),
  };
}

describe("steps that nobody sees or disturbs", () => {
  it("are taken one after the other: loads, stores, swaps that succeed and swaps that fail", () => {
    const nodes = [
      load(1, [9, 9, 9, 1]),
      store(1, 5, 2),
      swap(1, 5, 6, [9, 9, 9, 9, 9, 3], WROTE),
      swap(1, 5, 7, [9, 9, 9, 9, 9, 9, 4], WROTE),
      { kind: NodeKind.waitWhile, address: 0, edges: [0], flags: QUIET },
    ];
    // A store is arrived at from node 1, a swap that wrote from node 2: the flags of nodes 2 and 3.
    expect(taken({ nodes, words: [15, 3, 15, 15] })).toEqual({ words: [15, 6, 15, 15], at: [4, -1, -1] });
  });

  it("of each vCPU are taken", () => {
    const nodes = [load(0, [1]), DONE, load(1, [3]), DONE, load(2, [5]), DONE].map((node) => ({
      ...node,
      flags: QUIET,
    }));
    expect(taken({ nodes, at: [0, 2, 4] }).at).toEqual([1, 3, 5]);
  });

  it.each([
    ["a wait", { kind: NodeKind.waitWhile, address: 0, operand: 5, edges: [1] }],
    ["a choice", { kind: NodeKind.choose, operand: 1, edges: [1] }],
    ["the end", DONE],
    ["an error", { kind: NodeKind.failed }],
  ])("end before %s", (_what, node: Node) => {
    expect(taken({ nodes: [node, { ...DONE, flags: QUIET }] })).toEqual({ words: [0, 0, 0, 0], at: [0, -1, -1] });
  });

  it("end before an access that a property can see", () => {
    const nodes = [load(0, [1]), store(0, 5, 2), load(0, [0, 0, 0, 0, 0, 0], NodeFlag.wrote)];
    expect(taken({ nodes })).toEqual({ words: [0, 0, 0, 0], at: [1, -1, -1] });
  });

  it("end after so many that there may be no end to them", () => {
    const circle = [load(0, [1]), load(0, [2]), load(0, [0])];
    expect(taken({ nodes: circle }).at).toEqual([512 % 3, -1, -1]);
    // Together: the second vCPU has none left.
    expect(taken({ nodes: [...circle, load(1, [4]), load(1, [3])], at: [0, 3] }).at).toEqual([512 % 3, 3, -1]);
  });
});

describe("a word that another vCPU may still touch", () => {
  const reader = [load(1, [1]), DONE].map((node) => ({ ...node, flags: QUIET }));
  const writer = [store(1, 5, 1), { ...DONE, flags: WROTE }];

  it.each<readonly [string, readonly Node[], Omit<Touched, "node">, number]>([
    ["read", reader, { reads: [1] }, B],
    ["read", reader, { writes: [1] }, A],
    ["read", reader, { reads: [0, 2, 3, 33], writes: [0, 2, 3, 33] }, B],
    ["written", writer, { reads: [1] }, A],
    ["written", writer, { writes: [1] }, A],
    ["written", writer, { reads: [0, 2, 3, 33], writes: [0, 2, 3, 33] }, B],
    ["written", writer, {}, B],
  ])("is %s (%j) while the other has left %j: node %i", (_what, nodes, touched, at) => {
    const idle = { node: nodes.length, ...touched };
    expect(taken({ nodes, touched: [idle] }).at[0]).toBe(at);
    // The second or the third: whoever it is.
    expect(taken({ nodes: [...nodes, DONE], at: [0, 2], touched: [{ ...idle, node: 2 }] }).at[0]).toBe(at);
    expect(taken({ nodes: [...nodes, DONE], at: [0, undefined, 2], touched: [{ ...idle, node: 2 }] }).at[0]).toBe(at);
  });

  it("counts only where another is, not where this one is", () => {
    expect(taken({ nodes: writer, touched: [{ node: 0, reads: [1], writes: [1] }] }).at[0]).toBe(B);
  });

  it("is found by its place in the sets, also beyond the first int", () => {
    const story = (place: number, touched: Omit<Touched, "node">): number | undefined =>
      taken({ nodes: writer, places: [0, place, 2, 3], touched: [{ node: writer.length, ...touched }] }).at[0];
    expect([story(33, { writes: [33] }), story(33, { reads: [33] }), story(33, { reads: [1] })]).toEqual([A, A, B]);
    expect([story(31, { writes: [31] }), story(32, { reads: [32] }), story(32, { reads: [0] })]).toEqual([A, A, B]);
  });

  it("is none that no program is known to touch", () => {
    const touched = [{ node: writer.length, reads: [0, 1, 31, 63], writes: [0, 1, 31, 63] }];
    expect(taken({ nodes: writer, places: [0, -1, 2, 3], touched }).at[0]).toBe(B);
  });

  it("is any, where the other is at a node newer than the sets", () => {
    expect(taken({ nodes: writer, known: writer.length }).at[0]).toBe(A);
    expect(taken({ nodes: writer, known: writer.length + 1 }).at[0]).toBe(B);
    expect(taken({ nodes: writer, known: writer.length, places: [0, -1, 2, 3] }).at[0]).toBe(A);
  });

  it("may be out of the other's reach once that has gone on: whoever stopped is asked again", () => {
    // vCPU 1 reads word 1 on its way from node 2 to node 3, and never again.
    const nodes = [...writer, load(1, [3]), { ...DONE, flags: QUIET }];
    const touched = [{ node: 2, reads: [1] }];
    expect(taken({ nodes, at: [0, 2], touched })).toEqual({ words: [0, 5, 0, 0], at: [1, 3, -1] });
    // The last of them all is as good.
    expect(taken({ nodes, at: [0, undefined, 2], touched }).at).toEqual([1, -1, 3]);
    expect(taken({ nodes, at: [nodes.length, 0, 2], touched }).at).toEqual([-1, 1, 3]);
  });
});

describe("an edge that is not known", () => {
  it("is asked for: the node and the answer", () => {
    const nodes = [load(0, [1]), load(2, [C, C, -1, C]), DONE];
    expect(taken({ nodes, words: [0, 0, 2] })).toMatchObject({ at: [1, -1, -1], missed: [1, 2] });
  });

  it("may lie beyond those that there is room for", () => {
    const nodes = [load(0, [C, C]), load(0, [C]), { ...DONE, flags: QUIET }];
    expect(taken({ nodes, words: [2] })).toMatchObject({ at: [0, -1, -1], missed: [0, 2] });
    expect(taken({ nodes, words: [1] })).toMatchObject({ at: [2, -1, -1] });
  });

  it("of a store has the number 0, whatever the word holds", () => {
    expect(taken({ nodes: [store(0, 5, -1)], words: [3] })).toMatchObject({ at: [0, -1, -1], missed: [0, 0] });
    expect(taken({ nodes: [store(0, 5, 1), { ...DONE, flags: WROTE }], words: [3] })).toMatchObject({
      words: [5, 0, 0, 0],
    });
  });
});
