import { AccessCounter } from "@xsp/words";
import { describe, expect, it } from "vitest";
import type { Advisory } from "../src/index.ts";
import { getPageType, putPageType } from "../src/page-types.ts";
import { PGT_l1_page_table, PGT_l2_page_table, PGT_shared_page, PGT_writable_page } from "../src/type-info.ts";
import { type SmallGuest, oneGuest } from "./small-host.ts";

/*
 * How often a type reference touches memory that others share. The domain never ran, so no translation can be stale.
 */

interface Counted extends SmallGuest {
  /** Loads, stores and swaps that something needs. */
  readonly costs: (act: () => void) => [number, number, number];
}

function counted(unfixed: readonly Advisory[] = []): Counted {
  const counter = new AccessCounter();
  return {
    ...oneGuest({ allocate: counter.allocate, unfixed }),
    costs: (act) => {
      counter.reset();
      act();
      const { loads, stores, swaps, failedSwaps, waits } = counter.counts();
      expect([failedSwaps, waits]).toEqual([0, 0]);
      return [loads, stores, swaps];
    },
  };
}

describe.each([
  ["writable", PGT_writable_page],
  ["shared", PGT_shared_page],
] as const)("a %s reference", (_name, type) => {
  it("is a load and a swap wherever the frame is validated, and so is its put where it is not the last", () => {
    const { vcpu, start, costs } = counted();
    getPageType(vcpu, start, type, false);
    expect(costs(() => getPageType(vcpu, start, type, false))).toEqual([1, 0, 1]);
    expect(costs(() => putPageType(vcpu, start, false))).toEqual([1, 0, 1]);
    putPageType(vcpu, start, false);
    expect(costs(() => getPageType(vcpu, start, type, false))).toEqual([1, 0, 1]);
  });

  it("of a frame that was something else sees that no CPU ran its owner, and asks for no time of a flush", () => {
    const { host, vcpu, start, costs } = counted();
    // The word twice, once for each swap; the owner, and where it ran.
    expect(costs(() => getPageType(vcpu, start, type, false))).toEqual([4, 0, 2]);
    expect(host.perf.validations).toBe(0);
  });

  it("is validated by the swap that takes it without the fix of XSA-401: nothing was to be done between", () => {
    const { host, vcpu, start, costs } = counted(["XSA-401"]);
    expect(costs(() => getPageType(vcpu, start, type, false))).toEqual([3, 0, 1]);
    expect(host.perf.validations).toBe(0);
    expect(costs(() => getPageType(vcpu, start, type, false))).toEqual([1, 0, 1]);
  });
});

it.each<readonly [string, readonly Advisory[]]>([
  ["with", []],
  ["without", ["XSA-401"]],
])("a table is validated by a swap of its own, after its scan, %s the fix of XSA-401", (_with, unfixed) => {
  const { host, vcpu, start, costs } = counted(unfixed);
  // The word twice; the owner, for the flush and for the scan, and where it ran.
  expect(costs(() => getPageType(vcpu, start, PGT_l1_page_table, false))).toEqual([5, 0, 2]);
  expect(host.perf.validations).toBe(1);
});

it("the first reference of a table resets its note only if something stands there", () => {
  const { host, vcpu, start, costs } = counted();
  host.memory.materialize(start);
  const stores = (): number => costs(() => getPageType(vcpu, start, PGT_l2_page_table, false))[1];
  expect(stores()).toBe(0);
  putPageType(vcpu, start, false);
  // What the put left there: how far the entries were given back.
  expect(stores()).toBe(1);
});

it("the last reference of a table looks at no other table's word where no linear entry goes", () => {
  const { host, vcpu, start, costs } = counted();
  host.memory.materialize(start);
  const put = (): [number, number, number] => {
    getPageType(vcpu, start, PGT_l1_page_table, false);
    return costs(() => putPageType(vcpu, start, false));
  };
  put();
  // Its word twice, the note, four entries, the clock and the stamp; the note; the two swaps of its word.
  expect(put()).toEqual([9, 1, 2]);
});
