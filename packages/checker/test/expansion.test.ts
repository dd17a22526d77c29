import { describe, expect, it } from "vitest";
import { allocateInts } from "../src/edge-arena.ts";
import { expand } from "../src/expansion.ts";
import {
  ExpansionEnd,
  type ExpansionRun,
  type ExpansionTables,
  newExpansionRun,
  PropertyCode,
} from "../src/expansion-tables.ts";
import {
  type Context,
  done,
  explore,
  type LocalState,
  type Model,
  type Program,
  type Reduction,
} from "../src/index.ts";
import { NODE_INTS, NodeField, NodeFlag } from "../src/node-record.ts";
import { SLAB_MASK, SLAB_SHIFT } from "../src/packed-hash.ts";
import { PENDING, PENDING_HEAD } from "../src/pending-successors.ts";
import { superpage } from "./models/superpage.ts";

/** An operation that is done once. */
const stepOnce =
  (act: (context: Context) => void): Program["step"] =>
  ([end = 0]: LocalState, context) => {
    if (end === 1) return done;
    act(context);
    return [1];
  };

/** The tables of the first batch of an exploration that is large enough for several threads, and its states. */
const { tables, from, to } = firstBatch();

function firstBatch(): { tables: ExpansionTables; from: number; to: number } {
  const found: { tables: ExpansionTables; from: number; to: number }[] = [];
  const pool = {
    allocate: allocateInts,
    expand(given: ExpansionTables, first: number, end: number): never {
      found.push({ tables: given, from: first, to: end });
      throw new Error("that is all that is wanted");
    },
  };
  expect(() => explore(superpage({ vcpus: 3, frames: 1, steps: 2 }), { reduction: "none", pool })).toThrow("all that");
  const [batch] = found;
  if (batch === undefined) throw new Error("a batch was expected");
  return batch;
}

const stride = tables.slots + 1;
/** The most successors that a state can have. */
const most = tables.widest * tables.vcpus;

const int = (of: Int32Array | undefined, at: number): number => of?.[at] ?? 0;

interface Expanded {
  readonly end: number;
  readonly run: ExpansionRun;
  /** Parent and packed words of each successor that is new, or `~state` and whatever is there. */
  readonly out: readonly number[][];
  /** The store afterwards, where it was inserted. */
  readonly store?: Pick<ExpansionTables, "slabs" | "table">;
}

/** Expands states as a thread does: what is new goes out, of which there are so many ints. */
function shared(
  first: number,
  end: number,
  ints = (end - first + 1) * most * stride,
  given: Partial<ExpansionTables> = {},
): Expanded {
  const run = newExpansionRun(tables.slots, tables.vcpus, tables.codes.length, new Int32Array(ints));
  const ended = expand({ ...tables, ...given }, run, first, end);
  expect(run.count).toBe(0);
  const successors = Array.from({ length: run.outLength / stride }, (_, each) => [
    ...run.out.subarray(each * stride, (each + 1) * stride),
  ]);
  return { end: ended, run, out: successors };
}

/** Expands states as the exploration does, on a copy of its store that may hold so many states. */
function inserted(first: number, end: number, room = to + 1000, given: Partial<ExpansionTables> = {}): Expanded {
  const run = newExpansionRun(tables.slots, tables.vcpus, tables.codes.length, new Int32Array(0));
  run.count = to;
  const slabs = tables.slabs.map((slab) => slab.slice());
  const table = tables.table.slice();
  const ended = expand({ ...tables, slabs, table, room, ...given }, run, first, end);
  const successors = Array.from({ length: run.count - to }, (_, each) => {
    const base = ((to + each) & SLAB_MASK) * stride;
    const slab = slabs[(to + each) >>> SLAB_SHIFT] ?? new Int32Array(0);
    return [int(slab, base + tables.slots), ...slab.subarray(base, base + tables.slots)];
  });
  return { end: ended, run, out: successors, store: { slabs, table } };
}

/** The nodes that the vCPUs are at in a state. */
function nodesOf(at: number): number[] {
  const { words, vcpus, slot, shift, mask } = tables;
  return Array.from({ length: vcpus }, (_, vcpu) => {
    const field = words + vcpu;
    const packed = int(tables.slabs[at >>> SLAB_SHIFT], (at & SLAB_MASK) * stride + int(slot, field));
    return (packed >>> int(shift, field)) & int(mask, field);
  });
}

/** What flags the nodes of a state have, all of them. */
const flagsOf = (at: number): number =>
  nodesOf(at).reduce((flags, node) => flags & int(tables.nodes, node * NODE_INTS + NodeField.flags), -1);

/** So many states in a row whose edges are all known, with some ways each; and the state after them. */
function knownStates(count: number): [first: number, end: number] {
  for (let first = from; first + count < to; first++) {
    const { out, run } = shared(first, first + count);
    if (out.every(([parent = -1]) => parent >= 0) && run.transitions >= 2 * count) return [first, first + count];
  }
  throw new Error(`${count} states whose edges are known were expected`);
}

const [state] = knownStates(2);
const ways = shared(state, state + 1).run.transitions;

describe("an expansion", () => {
  it("makes every step of every state, in order, and leaves out what the table holds", () => {
    const all = shared(from, to);
    expect([all.end, all.run.position]).toEqual([ExpansionEnd.complete, to]);
    const each = Array.from({ length: to - from }, (_, at) => shared(from + at, from + at + 1));
    expect(all.out.map(([parent]) => parent)).toEqual(each.flatMap(({ out }) => out.map(([parent]) => parent)));
    const words = (out: readonly number[][]): number[][] => out.filter(([parent = -1]) => parent >= 0);
    expect(words(all.out)).toEqual(words(each.flatMap(({ out }) => out)));
    expect(all.run.transitions).toBe(each.reduce((sum, { run }) => sum + run.transitions, 0));
    // More than are looked up together.
    expect(all.run.transitions).toBeGreaterThan(4 * PENDING);
  });

  it("inserts each of them once, with the parent that it was found from first", () => {
    const end = state + 2;
    const once = new Map<string, number[]>();
    for (const successor of shared(state, end).out) {
      const words = successor.slice(1).join();
      if (!once.has(words)) once.set(words, successor);
    }
    const { end: ended, run, out } = inserted(state, end);
    expect([ended, run.position, run.transitions]).toEqual([
      ExpansionEnd.complete,
      end,
      shared(state, end).run.transitions,
    ]);
    expect(out).toEqual([...once.values()]);
  });

  it("keeps its room for successors that wait, as long as that is enough", () => {
    const { run } = shared(state, state + 1);
    const { pending } = run;
    expect(pending).toHaveLength((most + PENDING) * (tables.slots + PENDING_HEAD));
    expand(tables, run, state, state + 1);
    expect(run.pending).toBe(pending);
    run.pending = new Int32Array(pending.length - 1);
    expand(tables, run, state, state + 1);
    expect(run.pending).toHaveLength(pending.length);
  });
});

describe("room for what an expansion finds", () => {
  it("is that for all that a state may have, among those that go out", () => {
    expect(shared(state, state + 1, most * stride)).toMatchObject({ end: ExpansionEnd.complete });
    const little = shared(state, state + 1, most * stride - 1);
    expect([little.end, little.run.position, little.out]).toEqual([ExpansionEnd.full, state, []]);
  });

  it("is counted with those that wait", () => {
    expect(shared(state, state + 2, (ways + most) * stride)).toMatchObject({ end: ExpansionEnd.complete });
    const little = shared(state, state + 2, (ways + most) * stride - 1);
    expect([little.end, little.run.position]).toEqual([ExpansionEnd.full, state + 1]);
    expect(little.out).toEqual(shared(state, state + 1).out);
    expect(little.run.transitions).toBe(ways);
    // Also with those that turn out to be known, for they are looked up together.
    const { store } = inserted(state, state + 1);
    const known = shared(state, state + 2, (ways + most) * stride - 1, store);
    expect([known.end, known.run.position, known.out]).toEqual([ExpansionEnd.full, state + 1, []]);
    // So it is of many states.
    const [many, end] = knownStates(4);
    const all = shared(many, end).run.transitions;
    expect(all).toBeLessThan(PENDING);
    const atOnce = shared(many, end + 1, (all + most) * stride - 1, inserted(many, end).store);
    expect([atOnce.end, atOnce.run.position, atOnce.out]).toEqual([ExpansionEnd.full, end, []]);
  });

  it("is counted with those that are out already", () => {
    const run = newExpansionRun(tables.slots, tables.vcpus, tables.codes.length, new Int32Array((most + 5) * stride));
    run.outLength = 5 * stride;
    expect(expand(tables, run, state, state + 1)).toBe(ExpansionEnd.complete);
    run.outLength = 5 * stride + 1;
    expect(expand(tables, run, state, state + 1)).toBe(ExpansionEnd.full);
  });

  it("is that of the store, where they are inserted", () => {
    expect(inserted(state, state + 1, to + most)).toMatchObject({ end: ExpansionEnd.complete });
    const little = inserted(state, state + 1, to + most - 1);
    expect([little.end, little.run.position, little.out]).toEqual([ExpansionEnd.full, state, []]);
    expect(inserted(state, state + 2, to + ways + most)).toMatchObject({ end: ExpansionEnd.complete });
    const less = inserted(state, state + 2, to + ways + most - 1);
    expect([less.end, less.run.position, less.out]).toEqual([
      ExpansionEnd.full,
      state + 1,
      inserted(state, state + 1).out,
    ]);
  });
});

describe("a state for which code is needed", () => {
  const edges = tables.edges.map(() => -1);

  it("ends an expansion, which tells the edge and counts nothing of it", () => {
    const { end, run, out } = inserted(state, state + 2, undefined, { edges });
    expect([end, run.position, run.transitions, out]).toEqual([ExpansionEnd.unknownEdge, state, 0, []]);
    const base = int(tables.nodes, run.missNode * NODE_INTS + NodeField.edgeBase);
    expect(int(tables.edges, base + run.missAnswer)).toBeGreaterThanOrEqual(0);
  });

  it("is left to whoever has the code, by threads, which go on", () => {
    const { end, run, out } = shared(state, state + 2, undefined, { edges });
    expect([end, run.position, run.transitions]).toEqual([ExpansionEnd.complete, state + 2, 0]);
    expect(out.map(([parent]) => parent)).toEqual([~state, ~(state + 1)]);
  });

  it("or a property is, likewise", () => {
    const given = { roots: tables.roots.map(() => -1), codes: tables.codes.map(() => PropertyCode.always) };
    const looked = tables.looked.map(() => -1);
    const readBits = tables.readBits.map(() => -1);
    const { end, run, out } = inserted(state, state + 1, undefined, { ...given, looked, readBits });
    expect([end, run.position, run.missProperty, out]).toEqual([ExpansionEnd.unknownDecision, state, 0, []]);
    expect(shared(state, state + 1, undefined, { ...given, looked, readBits }).out[0]?.[0]).toBe(~state);
    // Unless nothing moved that one looks at.
    const none = tables.looked.map(() => 0);
    expect(flagsOf(state) & NodeFlag.resting).toBe(0);
    expect(inserted(state, state + 1, undefined, { ...given, looked: none, readBits }).end).toBe(ExpansionEnd.complete);
    // Where all rest it is looked at, for the sake of those that are looked at then only.
    const resting =
      Array.from({ length: to }, (_, at) => at).find((at) => at > 0 && (flagsOf(at) & NodeFlag.resting) !== 0) ?? 0;
    expect(resting).toBeGreaterThan(0);
    expect(inserted(resting, resting + 1, undefined, { ...given, looked: none, readBits }).end).toBe(
      ExpansionEnd.unknownDecision,
    );
  });
});

describe("a state that differs from its parent", () => {
  it("is evaluated where it differs in what a property looks at, and only there", () => {
    const unknown = {
      roots: tables.roots.map(() => -1),
      codes: tables.codes.map(() => PropertyCode.always),
      readBits: tables.readBits.map(() => -1),
    };
    const states = [1, 2, 3, ...Array.from({ length: 20 }, (_, each) => state + each)];
    for (const at of states.filter((each) => (flagsOf(each) & NodeFlag.resting) === 0)) {
      const [base, slab] = [(at & SLAB_MASK) * stride, tables.slabs[at >>> SLAB_SHIFT]];
      // Its own parent, and as if it had been found from the initial state.
      for (const parent of [int(slab, base + tables.slots), 0]) {
        const slabs = tables.slabs.map((each) => each.slice());
        slabs[at >>> SLAB_SHIFT]?.fill(parent, base + tables.slots, base + tables.slots + 1);
        const moved = Int32Array.from({ length: tables.slots }, (_, k) => {
          return int(slab, base + k) ^ int(tables.slabs[parent >>> SLAB_SHIFT], (parent & SLAB_MASK) * stride + k);
        });
        const ends = [moved, moved.map((bits) => ~bits)].map((looked) => {
          return inserted(at, at + 1, undefined, { ...unknown, looked, slabs }).end === ExpansionEnd.unknownDecision;
        });
        expect(ends).toEqual([true, false]);
      }
    }
  });
});

describe("a choice that nobody can see", () => {
  /** A state whose vCPUs are at nodes of their own, each with one way on. */
  const at = (() => {
    for (let each = from; each < to; each++) {
      const { out, run } = shared(each, each + 1);
      if (run.transitions === 3 && out.every(([parent = -1]) => parent >= 0) && new Set(nodesOf(each)).size === 3)
        return each;
    }
    throw new Error("a state in which all three can move was expected");
  })();
  const [first = 0, second = 0, third = 0] = nodesOf(at);

  /** The nodes with some flags more. */
  function flagged(...added: readonly (readonly [node: number, flag: number])[]): Int32Array {
    const nodes = tables.nodes.slice();
    for (const [node, flag] of added) {
      const place = node * NODE_INTS + NodeField.flags;
      nodes[place] = int(nodes, place) | flag;
    }
    return nodes;
  }

  /** Which vCPUs have moved in the successors of the state. */
  function movers(given: Partial<ExpansionTables>): number[] {
    const { run, end } = shared(at, at + 1, undefined, {
      ...given,
      slabs: tables.slabs,
      table: new Int32Array(1 << 12),
    });
    expect(end).toBe(ExpansionEnd.complete);
    const nodes = nodesOf(at);
    return Array.from({ length: run.outLength / stride }, (_, each) => {
      return nodes.findIndex((node, vcpu) => {
        const field = tables.words + vcpu;
        const packed = int(run.out, each * stride + 1 + int(tables.slot, field));
        return ((packed >>> int(tables.shift, field)) & int(tables.mask, field)) !== node;
      });
    });
  }

  it("goes first, alone: the first vCPU's that has one", () => {
    const [one, two] = [[second, NodeFlag.local] as const, [third, NodeFlag.local] as const];
    expect(movers({ choicesFirst: true })).toEqual([0, 1, 2]);
    expect(movers({ choicesFirst: true, nodes: flagged(one) })).toEqual([1]);
    expect(movers({ choicesFirst: true, nodes: flagged(two) })).toEqual([2]);
    expect(movers({ choicesFirst: true, nodes: flagged(one, two) })).toEqual([1]);
    expect(movers({ choicesFirst: false, nodes: flagged(one, two) })).toEqual([0, 1, 2]);
  });

  it("waits until it is known whether one before it is such a choice", () => {
    const local = [second, NodeFlag.local] as const;
    const before = { choicesFirst: true, nodes: flagged(local, [first, NodeFlag.unready]) };
    const { end, run } = inserted(at, at + 1, undefined, before);
    expect([end, run.missNode, run.missAnswer]).toEqual([ExpansionEnd.unknownEdge, first, 0]);
    expect(movers({ choicesFirst: true, nodes: flagged(local, [third, NodeFlag.unready]) })).toEqual([1]);
  });

  it("is not looked for where a property has to be run first, nor is any step made", () => {
    const given = {
      roots: tables.roots.map(() => -1),
      codes: tables.codes.map(() => PropertyCode.always),
      readBits: tables.readBits.map(() => -1),
      looked: tables.looked.map(() => -1),
      choicesFirst: true,
    };
    for (const more of [{ nodes: flagged([first, NodeFlag.unready]) }, { edges: tables.edges.map(() => -1) }]) {
      expect(inserted(at, at + 1, undefined, { ...given, ...more }).end).toBe(ExpansionEnd.unknownDecision);
    }
  });

  it("makes an exploration smaller by what is not tried before it", () => {
    const model: Model = {
      name: "chooses",
      setup(world) {
        const [word, own] = [world.allocate(1, "word"), world.allocate(1, "own")];
        const once = (name: string, act: (context: Context) => void): Program => ({
          name,
          start: [0],
          step: stepOnce(act),
        });
        const chooses = once("chooses", (context) => own.store(0, context.choose(3)));
        const looks = once("looks", () => [1, 2, 3].forEach(() => word.load(0)));
        return { programs: [chooses, looks], properties: [] };
      },
    };
    // Before the choice 1, then 3, then 3; beside each the other may have looked 0 to 3 times, but not before a choice.
    const statesWith = (reduction: Reduction): number => explore(model, { reduction }).states;
    expect([statesWith("none"), statesWith("choices")]).toEqual([7 * 4, 6 * 4 + 1]);
  });
});

describe("independent steps that need code to be run", () => {
  it("end an expansion like any other", () => {
    const [at, nodes] = (() => {
      for (let each = from; each < to; each++) {
        const reached = nodesOf(each);
        if (new Set(reached).size === 3 && shared(each, each + 1).run.transitions === 3) return [each, reached];
      }
      throw new Error("a state in which all three can move was expected");
    })();
    const [first = 0, , third = 0] = nodes;
    // Only the first vCPU moves, by an edge that is known; then the third is asked whether it has independent steps.
    const local = tables.nodes.slice();
    local[first * NODE_INTS + NodeField.flags] = NodeFlag.local;
    const edges = tables.edges.slice();
    const base = int(local, third * NODE_INTS + NodeField.edgeBase);
    edges.fill(-1, base, base + int(local, third * NODE_INTS + NodeField.edgeCapacity));
    const given = { nodes: local, edges, choicesFirst: true };
    expect(inserted(at, at + 1, undefined, given).end).toBe(ExpansionEnd.complete);
    const { end, run, out } = inserted(at, at + 1, undefined, { ...given, independentSteps: true });
    expect([end, run.missNode, out]).toEqual([ExpansionEnd.unknownEdge, third, []]);
  });
});
