import fc from "fast-check";
import { expect, test } from "vitest";
import { growthOf } from "../src/power-law.ts";

test("finds the exponent of any power law", () => {
  const exponent = fc.double({ min: -2, max: 3, noNaN: true });
  const factor = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
  fc.assert(
    fc.property(exponent, factor, (b, a) => {
      const growth = growthOf([1, 4, 16, 64].map((x) => [x, a * x ** b] as const));
      expect(growth?.exponent).toBeCloseTo(b, 6);
    }),
  );
});

test("tells what one more costs, a constant part left aside", () => {
  expect(growthOf([1, 2, 8].map((x) => [x, 100 + 7 * x] as const))?.perUnit).toBeCloseTo(7, 9);
});

test.each([
  ["one point", [[1, 1]]],
  [
    "two at the same size",
    [
      [2, 1],
      [2, 3],
    ],
  ],
  [
    "a value of zero",
    [
      [1, 0],
      [2, 3],
    ],
  ],
] as const)("has no slope for %s", (_, points) => {
  expect(growthOf(points)).toBeUndefined();
});
