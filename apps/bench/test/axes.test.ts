import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { linearAxis } from "../src/report/charts/linear-axis.ts";
import { logAxis } from "../src/report/charts/log-axis.ts";

const values = fc.array(fc.double({ min: 1e-3, max: 1e12, noNaN: true }), { minLength: 1, maxLength: 20 });

describe.each([
  ["linear", linearAxis],
  ["decimal", logAxis],
  ["binary", (of: readonly number[], from: number, to: number) => logAxis(of, from, to, 2)],
] as const)("a %s axis", (_, axisOf) => {
  test("holds every value between its ends, in their order, between a few ticks", () => {
    fc.assert(
      fc.property(values, (of) => {
        const { at, ticks } = axisOf(of, 100, 500);
        const sorted = of.toSorted((a, b) => a - b);
        const places = sorted.map(at);
        expect(places).toEqual(places.toSorted((a, b) => a - b));
        expect(Math.min(...places)).toBeGreaterThan(100 - 0.1);
        expect(Math.max(...places)).toBeLessThan(500 + 0.1);
        expect(ticks.length).toBeGreaterThan(1);
        expect([ticks[0] ?? 0, ticks.at(-1) ?? 0].map(at).map(Math.round)).toEqual([100, 500]);
      }),
    );
  });
});
