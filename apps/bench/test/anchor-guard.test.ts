import { schemeNames } from "@xsp/hypervisor";
import { expect, test } from "vitest";
import { anchorBreaks } from "../src/anchor-guard.ts";
import { anchorTask, type MicroResult } from "../src/micro-result.ts";
import { microTasks } from "../src/micro-task.ts";
import { samplesOf } from "../src/samples.ts";
import { buildBenchHost } from "../src/superpage-bench-host.ts";

function taking(task: string, ...overBare: readonly number[]): MicroResult {
  return { task, unit: "hugepage", operations: 1, calls: 1, ns: samplesOf([1]), overBare: samplesOf(overBare) };
}

test.each(schemeNames)("every task of %s has a limit", (scheme) => {
  const results = microTasks(scheme, buildBenchHost(scheme, 512)).map(({ name }) => taking(name, 0.01));
  expect(results.length).toBeGreaterThan(4);
  expect(anchorBreaks({ [scheme]: [...results, taking(anchorTask, 1)] })).toEqual([]);
});

test("a disturbed round breaks nothing while one round is good", () => {
  expect(anchorBreaks({ sealed: [taking("scheme function, map + unmap", 90, 0.02, 400)] })).toEqual([]);
});

test("names a task that takes many times its usual in every round", () => {
  expect(anchorBreaks({ "per-frame": [taking("mmu_update by 32, map + unmap", 108, 103, 240)] })).toEqual([
    "per-frame, mmu_update by 32, map + unmap: at least 103 times bare increments, expected at most 70",
  ]);
});

test("asks for a limit of a task that has none", () => {
  expect(anchorBreaks({ rfc: [taking("a new task", 1)] })).toEqual([
    "rfc, a new task: has no limit over bare increments, expected one",
  ]);
});
