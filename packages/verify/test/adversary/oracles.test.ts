import { mfn, pteLo } from "@xsp/hypervisor";
import { describe, expect, test } from "vitest";
import { buildAdversaryMachine } from "../../src/adversary/adversary-machine.ts";
import { exclusionViolation } from "../../src/adversary/exclusion.ts";
import { adversaryGeometries } from "../../src/adversary/geometry.ts";
import { allocateGuardedWords } from "../../src/adversary/guarded-words.ts";
import { linearDepthViolation } from "../../src/adversary/linear-depth.ts";
import type { TraceMachine } from "../../src/replay/trace-machine.ts";

/*
 * What looks for holes must be able to see one. Each test stores an entry behind the hypervisor's back, as a hole would
 * let a guest do, and the oracle must name it; the machine as it was built has none.
 */

const RO = 5;
const RW = 7;
const PSE = 0x80;

const machine = (): TraceMachine =>
  buildAdversaryMachine({
    scheme: "sealed",
    version: "xen-4.9",
    superpagesAllowed: true,
    ...adversaryGeometries.small,
  });

function store(on: TraceMachine, table: number, slot: number, target: number, flags: number): void {
  on.host.memory.store(mfn(table), slot, pteLo(target, flags), 0);
}

describe("exclusion", () => {
  test("holds where tables show one another as they should, read-only linear ones among them", () => {
    const on = machine();
    const { g4, tl3, tl2, tl1 } = on.header.tables;
    for (const table of [g4, tl3, tl2]) store(on, table, 5, table, RO);
    store(on, tl1, 0, tl2, RO);
    store(on, tl1, 1, on.header.pool[0] ?? 0, RW);
    expect(exclusionViolation(on)).toBeUndefined();
  });

  test.each([
    ["a writable 4 KiB entry for a table", "tl1", "tl2", RW],
    ["a writable superpage entry over a table", "tl2", "g4", RW | PSE],
    ["a writable linear L2 table", "tl2", "tl2", RW],
    ["a writable linear L3 table", "tl3", "tl3", RW],
    ["a writable linear L4 table", "g4", "g4", RW],
    ["an L2 table that shows another of its level", "tl2b", "tl2", RW],
  ] as const)("is broken by %s", (_, table, target, flags) => {
    const on = machine();
    store(on, on.header.tables[table], 5, on.header.tables[target], flags);
    expect(exclusionViolation(on)).toMatchObject({ kind: "exclusion" });
  });

  test("is broken by a writable entry for a descriptor page", () => {
    const on = machine();
    store(on, on.header.tables.tl1, 0, on.guests[0]?.gdtFrame ?? 0, RW);
    expect(exclusionViolation(on)?.detail).toMatch(/^frame \d+ is a descriptor page in use and can be written/);
  });

  test("is not broken through tables that no CPU can walk, or entries that are not the guest's own", () => {
    const on = machine();
    const [plain = 0] = on.header.pool;
    store(on, plain, 0, on.header.tables.tl2, RW);
    store(on, on.header.tables.tl1, 0, on.header.tables.tl2, 3);
    expect(exclusionViolation(on)).toBeUndefined();
  });
});

describe("depth of linear page tables", () => {
  const { tl2, tl2b } = machine().header.tables;

  test("may be one, and a table may show itself", () => {
    const on = machine();
    store(on, tl2, 1, tl2b, RO);
    store(on, tl2, 2, tl2, RO);
    expect(linearDepthViolation(on)).toBeUndefined();
  });

  test("does not count superpages that begin with a table", () => {
    const on = machine();
    store(on, tl2, 1, tl2b, RO);
    store(on, tl2b, 1, tl2, RO | PSE);
    expect(linearDepthViolation(on)).toBeUndefined();
  });

  test("is too great for a circle of two", () => {
    const on = machine();
    store(on, tl2, 1, tl2b, RO);
    store(on, tl2b, 1, tl2, RO);
    expect(linearDepthViolation(on)?.detail).toBe(
      `linear page tables are nested: frame ${tl2} shows frame ${tl2b}, which shows frame ${tl2}`,
    );
  });
});

test("guarded words answer as plain ones do, and throw beyond their end and before their beginning", () => {
  const words = allocateGuardedWords(2, "type_info");
  words.store(1, 5);
  expect([words.load(0), words.load(1), words.compareAndSwap(1, 4, 9), words.compareAndSwap(1, 5, 9)]).toEqual([
    0, 5, 5, 5,
  ]);
  expect([words.load(1), words.waitWhile(1, 5), words.length]).toEqual([9, 9, 2]);
  for (const touch of [
    () => words.load(2),
    () => words.store(-1, 0),
    () => words.compareAndSwap(2 ** 40, 0, 1),
    () => words.waitWhile(2, 0),
  ]) {
    expect(touch).toThrow(/^type_info word -?\d+ is touched, of 2 that there are$/);
  }
  expect(() => words.waitWhile(0, 0)).toThrow(/deadlock/);
});
