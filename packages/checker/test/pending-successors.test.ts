import { expect, it } from "vitest";
import { allocateInts } from "../src/edge-arena.ts";
import { type ExpansionTables, newExpansionRun } from "../src/expansion-tables.ts";
import { lookUpPending } from "../src/pending-successors.ts";
import { StateLayout } from "../src/state-layout.ts";
import { StateStore } from "../src/state-store.ts";

const HASH = 0x1234_5678;

it("keeps states apart that differ in one packed word only, even when their hashes are equal", () => {
  const slots = 3;
  const none = new Int32Array(0);
  const store = new StateStore(new StateLayout({ slots, slot: none, shift: none, mask: none }), allocateInts);
  store.reserve(10);
  const states = [
    [1, 2, 3],
    [1, 2, 4],
    [1, 5, 3],
    [6, 2, 3],
    [1, 2, 3],
    [6, 2, 3],
  ];
  const run = newExpansionRun(slots, 1, 0, none);
  run.pending = Int32Array.from(states.flatMap((words, parent) => [parent, HASH, ...words]));
  const { slabs, table } = store;
  lookUpPending({ slots, slabs, table } as unknown as ExpansionTables, run, run.pending.length);
  expect(run.count).toBe(4);
  expect([...(slabs[0]?.subarray(0, 16) ?? [])]).toEqual([1, 2, 3, 0, 1, 2, 4, 1, 1, 5, 3, 2, 6, 2, 3, 3]);
});
