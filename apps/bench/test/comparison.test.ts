import { describe, expect, test } from "vitest";
import type { BenchResult } from "../src/bench-result.ts";
import { compareResults, ComparisonRefused } from "../src/comparison.ts";
import { samplesOf } from "../src/samples.ts";
import { smallResult } from "./small-result.ts";

const result = smallResult();

test("finds every ratio of a result with itself to be 1, and no change", () => {
  const changes = compareResults(result, result);
  expect(changes.length).toBeGreaterThan(30);
  for (const { ratio, low, high, verdict } of changes) {
    expect([ratio, verdict]).toEqual([1, "within the spread"]);
    expect(low).toBeLessThanOrEqual(1);
    expect(high).toBeGreaterThanOrEqual(1);
  }
});

function startupOf(...ns: readonly number[]): BenchResult {
  const { startup } = result;
  if (startup === undefined) throw new Error("start-up was measured");
  return { ...result, startup: { ...startup, xspNs: samplesOf(ns) } };
}

test.each([
  ["twice as fast", [100, 110, 120], [50, 55, 60], "faster", 0.5],
  ["twice as slow", [50, 55, 60], [100, 110, 120], "slower", 2],
  ["no further off than its spread", [50, 100, 150], [60, 110, 160], "within the spread", 1.1],
  ["a few per cent off, one sample each", [100], [108], "within the spread", 1.08],
  ["far off, one sample each", [100], [150], "slower", 1.5],
])("calls %s what it is", (_, before, after, verdict, ratio) => {
  const change = compareResults(startupOf(...before), startupOf(...after)).find(({ what }) => what === "xsp --help");
  expect(change?.verdict).toBe(verdict);
  expect(change?.ratio).toBeCloseTo(ratio, 9);
});

test("compares what both have, and nothing else", () => {
  const { micro: _, ...rest } = result;
  const names = compareResults(result, rest).map(({ what }) => what);
  expect(names).toContain("sealed: fork");
  expect(names.filter((name) => name.includes("mmu_update"))).toEqual([]);
});

describe("refuses", () => {
  const { machine } = result;
  test.each<[string, BenchResult, string]>([
    [
      "another processor",
      { ...result, machine: { ...machine, cpu: "another" } },
      `cpu: ${machine.cpu} then, another now`,
    ],
    ["more processors", { ...result, machine: { ...machine, cpus: 77 } }, "cpus: "],
    ["more memory", { ...result, machine: { ...machine, memoryBytes: 1 } }, "memory: "],
    ["another platform", { ...result, machine: { ...machine, platform: "plan9" } }, "platform: "],
    ["another major of Node", { ...result, machine: { ...machine, runtime: "Node v99.0.0" } }, "now"],
    ["another size", { ...result, size: "full" }, "size: smoke then, full now"],
  ])("%s", (_, other, message) => {
    expect(() => compareResults(result, other)).toThrow(ComparisonRefused);
    expect(() => compareResults(result, other)).toThrow(message);
  });
});

test("allows another minor of the same Node", () => {
  const of = (runtime: string): BenchResult => ({ ...result, machine: { ...result.machine, runtime } });
  expect(() => compareResults(of("Node v20.1.0"), of("Node v20.99.1"))).not.toThrow();
});
