import { expect, test } from "vitest";
import { profileRatios } from "../src/profile-ratio.ts";
import { runRatios, spreadRatio } from "../src/run-ratio.ts";
import { smallScenario } from "./small-result.ts";

test("counts 1,024 references for each superpage operation", () => {
  const ratios = runRatios(smallScenario("per-frame", "sealed", "rfc"));
  expect(ratios?.byScheme.map(({ scheme, countingOperations }) => [scheme, countingOperations])).toEqual([
    ["sealed", 1024],
    ["rfc", 1024],
  ]);
});

test("tells the price of a frame at which the storm would be met, from counted frames alone", () => {
  // 32 hugepages of 512 frames, taken and given back for each of five logins, in 10 ms.
  expect(runRatios(smallScenario("per-frame", "sealed"))?.breakEvenFrameNs).toBe(10e6 / (2 * 32 * 512 * 5));
});

test("has nothing to compare without per-frame", () => {
  expect(runRatios(smallScenario("sealed"))).toBeUndefined();
});

test("gives a ratio the spread that the quartiles of both sides leave", () => {
  expect(spreadRatio([10, 20, 30, 40, 50], [1, 2, 3, 4, 5])).toEqual({ ratio: 10, low: 20 / 4, high: 40 / 2 });
});

test("keeps sourced and assumed constants apart, and loses none", () => {
  for (const { sourced, assumed, curve, named, workAtNamedNs } of profileRatios()) {
    expect(new Set(sourced.map(({ kind }) => kind))).toEqual(new Set(["sourced"]));
    expect(new Set(assumed.map(({ kind }) => kind))).toEqual(new Set(["assumed"]));
    const below = curve.find(({ ratio }) => ratio < named);
    const above = curve.findLast(({ ratio }) => ratio > named);
    expect(above?.ns).toBeLessThan(workAtNamedNs);
    expect(below?.ns).toBeGreaterThan(workAtNamedNs);
  }
});
