import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocateInts } from "../src/edge-arena.ts";
import { placeFields, StateLayout } from "../src/state-layout.ts";
import { hashPacked } from "../src/packed-hash.ts";
import { StateStore } from "../src/state-store.ts";

/** States in a slab, and places of the smallest table. */
const SLAB = 16_384;
const SMALLEST = 4096;

/** Two packed words: a state of five fields, one of which never changed. */
const layout = (): StateLayout => new StateLayout(placeFields([3, 70_000, 0, 1 << 20, 9], allocateInts));
const wider = (): StateLayout => new StateLayout(placeFields([3, 70_000, 5, 1 << 24, 1 << 10], allocateInts));

function packed(by: StateLayout, fields: readonly number[]): Int32Array {
  const words = new Int32Array(by.slots);
  by.pack(Int32Array.from(fields), words, 0);
  return words;
}

/** The states of a store in order, each with its parent. */
function statesOf(store: StateStore): number[][] {
  const fields = new Int32Array(5);
  return Array.from({ length: store.count }, (_, state) => {
    store.read(state, fields);
    return [...fields, store.parent(state)];
  });
}

/** The n-th of many states that differ, in fields that lie in different packed words. */
const numbered = (n: number): number[] => [n & 3, (n * 7) % 70_000, 0, n + 1, n % 10];

function filled(states: number): StateStore {
  const store = new StateStore(layout(), allocateInts);
  for (let n = 0; n < states; n++) {
    store.reserve(1);
    store.insert(packed(store.layout, numbered(n)), 0, n - 1);
  }
  return store;
}

describe("a store of states", () => {
  it("keeps each once, in the order found, with the parent that it was found from first", () => {
    const state = fc.tuple(fc.nat(3), fc.constantFrom(0, 1, 69_999), fc.constant(0), fc.nat(3), fc.nat(9));
    fc.assert(
      fc.property(fc.array(state, { maxLength: 200, size: "max" }), (found) => {
        const store = new StateStore(layout(), allocateInts);
        store.reserve(found.length);
        const known = new Map<string, number[]>();
        for (const [parent, fields] of found.entries()) {
          // Packed somewhere in the middle of other numbers.
          const many = Int32Array.of(-1, -1, ...packed(store.layout, fields), -1);
          store.insert(many, 2, parent - 1);
          if (!known.has(fields.join())) known.set(fields.join(), [...fields, parent - 1]);
        }
        expect(statesOf(store)).toEqual([...known.values()]);
      }),
    );
  });

  it("finds all of them again when its table has grown and there is a second slab", () => {
    const states = SLAB + 1000;
    const store = filled(states);
    const before = statesOf(store);
    expect(before).toEqual(Array.from({ length: states }, (_, n) => [...numbered(n), n - 1]));
    for (let n = 0; n < states; n++) store.insert(packed(store.layout, numbered(n)), 0, 0);
    expect(store.count).toBe(states);
    store.insert(packed(store.layout, numbered(states)), 0, 5);
    expect(statesOf(store)).toEqual([...before, [...numbered(states), 5]]);
  });

  it.each([100, SLAB, SLAB + 300])("keeps %i states when they are packed by a wider layout", (states) => {
    const store = filled(states);
    const before = statesOf(store);
    store.reserve(1);
    store.repack(wider());
    expect(statesOf(store)).toEqual(before);
    for (let n = 0; n < states; n++) store.insert(packed(store.layout, numbered(n)), 0, 0);
    expect(store.count).toBe(states);
    store.insert(packed(store.layout, [3, 70_000, 5, 1 << 24, 1 << 10]), 0, 0);
    expect(statesOf(store)).toEqual([...before, [3, 70_000, 5, 1 << 24, 1 << 10, 0]]);
  });

  it("keeps two apart that have the same hash", () => {
    const seen = new Map<number, Int32Array>();
    let pair: readonly [Int32Array, Int32Array] | undefined;
    for (let n = 1; pair === undefined; n++) {
      const words = Int32Array.of(Math.imul(n, 0x9e37_79b1), Math.imul(n, 0x85eb_ca6b));
      const other = seen.get(hashPacked(words, 0, 2));
      if (other !== undefined) pair = [other, words];
      seen.set(hashPacked(words, 0, 2), words);
    }
    const store = new StateStore(layout(), allocateInts);
    expect(store.layout.slots).toBe(2);
    store.reserve(2);
    for (const words of [...pair, ...pair]) store.insert(words, 0, -1);
    expect(store.count).toBe(2);
    expect([...(store.slabs[0]?.subarray(0, 6) ?? [])]).toEqual([...pair[0], -1, ...pair[1], -1]);
  });

  it("has an entry in its table for each, and no other, however often that is filled anew", () => {
    const store = filled(2900);
    const entries = (): number => store.table.reduce((sum, entry) => sum + (entry === 0 ? 0 : 1), 0);
    expect([store.table.length, entries()]).toEqual([4 * SMALLEST, 2900]);
    store.repack(wider());
    expect(entries()).toBe(2900);
    store.repack(wider());
    expect(entries()).toBe(2900);
    // None of them is the one that has only zeros, which all that is not a state yet is made of.
    store.insert(packed(store.layout, [0, 0, 0, 0, 0]), 0, 7);
    expect([store.count, entries(), store.parent(2900)]).toEqual([2901, 2901, 7]);
  });

  it("knows none after it was cleared, and takes those to come by the new layout", () => {
    const store = filled(100);
    store.clear(wider());
    expect([store.count, store.slabs.length, store.layout.slots]).toEqual([0, 0, wider().slots]);
    store.reserve(1);
    store.insert(packed(store.layout, numbered(1)), 0, -1);
    expect(statesOf(store)).toEqual([[...numbered(1), -1]]);
  });
});

describe("the room of a store", () => {
  it("is what fits into its slabs and 70 % of its table, which grows fourfold", () => {
    const store = new StateStore(layout(), allocateInts);
    expect([store.room, store.table.length]).toEqual([0, SMALLEST]);
    store.reserve(1);
    expect([store.room, store.table.length, store.slabs.length]).toEqual([2867, SMALLEST, 1]);
    store.reserve(2867);
    expect([store.room, store.table.length]).toEqual([2867, SMALLEST]);
    store.reserve(2868);
    expect([store.room, store.table.length, store.slabs.length]).toEqual([11_468, 4 * SMALLEST, 1]);
    store.reserve(SLAB);
    expect([store.room, store.table.length, store.slabs.length]).toEqual([SLAB, 16 * SMALLEST, 1]);
    store.reserve(SLAB + 1);
    expect([store.room, store.table.length, store.slabs.length]).toEqual([2 * SLAB, 16 * SMALLEST, 2]);
  });

  it("is counted from the states that are there", () => {
    const store = filled(2867);
    expect(store.table.length).toBe(SMALLEST);
    store.reserve(0);
    expect(store.table.length).toBe(SMALLEST);
    store.reserve(1);
    expect(store.table.length).toBe(4 * SMALLEST);
  });

  it("is told in bytes, before it is made and after", () => {
    const store = new StateStore(layout(), allocateInts);
    const words = store.layout.slots + 1;
    expect(words).toBe(3);
    expect([store.bytes, store.bytesFor(0)]).toEqual([4 * SMALLEST, 4 * SMALLEST]);
    for (const states of [1, 2867, 2868, SLAB, SLAB + 1, 60_000]) {
      const before = store.bytesFor(states);
      store.reserve(states);
      expect(store.bytes).toBe(before);
      expect(store.bytes).toBe(4 * (words * SLAB * store.slabs.length + store.table.length));
    }
    // What is there already is not given back.
    expect(store.bytesFor(1)).toBe(store.bytes);
  });

  it("grows twofold where the table is large", () => {
    const store = new StateStore(layout(), allocateInts);
    const tableFor = (states: number): number =>
      store.bytesFor(states) / 4 - (store.layout.slots + 1) * SLAB * Math.ceil(states / SLAB);
    expect(tableFor(Math.floor(0.7 * 2 ** 24))).toBe(2 ** 24);
    expect(tableFor(Math.floor(0.7 * 2 ** 24) + 1)).toBe(2 ** 25);
    expect(tableFor(Math.floor(0.7 * 2 ** 25) + 1)).toBe(2 ** 26);
  });

  it("ends where a table has no more numbers", () => {
    const lengths: number[] = [];
    const store = new StateStore(layout(), (length) => {
      lengths.push(length);
      return new Int32Array(length > SMALLEST ? 0 : length);
    });
    const most = Math.floor(0.7 * 2 ** 30);
    expect(() => store.reserve(most + 1)).toThrow(`${most + 1} states are more than a table can number`);
    expect(store.table.length).toBe(SMALLEST);
    store.reserve(most);
    expect(lengths.at(-1)).toBe(2 ** 30);
  });

  it("is made when the table before is gone: there are never two", () => {
    const seen: number[] = [];
    const store: StateStore = new StateStore(layout(), (length) => {
      if (length === 4 * SMALLEST) seen.push(store.table.length);
      return new Int32Array(length);
    });
    store.reserve(2868);
    expect(seen).toEqual([0]);
  });
});
