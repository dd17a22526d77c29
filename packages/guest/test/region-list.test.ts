import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RegionList } from "../src/region-list.ts";

const LENGTH = 24;

type Operation = { readonly add: readonly [number, number] } | { readonly truncate: number };

const range = fc
  .tuple(fc.nat(LENGTH), fc.nat(LENGTH))
  .map(([a, b]): readonly [number, number] => [Math.min(a, b), Math.max(a, b)]);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ add: range }) },
  { weight: 1, arbitrary: fc.record({ truncate: fc.nat(LENGTH) }) },
);

function inRange(set: ReadonlySet<number>, from: number, to: number): number {
  return [...set].filter((index) => from <= index && index < to).length;
}

describe("a list of regions", () => {
  it("counts as a set of indices does, whatever was added and truncated", () => {
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 30 }),
        fc.array(range, { minLength: 3, maxLength: 3 }),
        (operations, asked) => {
          const list = new RegionList();
          const set = new Set<number>();
          for (const each of operations) {
            if ("add" in each) {
              const [from, to] = each.add;
              expect(list.chg(from, to)).toBe(to - from - inRange(set, from, to));
              list.add(from, to);
              for (let index = from; index < to; index++) set.add(index);
            } else {
              const gone = inRange(set, each.truncate, LENGTH);
              expect(list.truncate(each.truncate)).toBe(gone);
              for (const index of set) if (index >= each.truncate) set.delete(index);
            }
            for (const [from, to] of asked) expect(list.count(from, to)).toBe(inRange(set, from, to));
          }
        },
      ),
    );
  });

  it("joins neighbours, so that a file touched from begin to end is one range", () => {
    const list = new RegionList();
    for (const index of [0, 1, 2, 5, 4, 3, 7]) list.add(index, index + 1);
    expect(list["regions"]).toEqual([
      { from: 0, to: 6 },
      { from: 7, to: 8 },
    ]);
    list.add(6, 7);
    expect(list["regions"]).toEqual([{ from: 0, to: 8 }]);
  });
});
