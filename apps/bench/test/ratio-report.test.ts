import { thisMachine } from "@xsp/cli";
import {
  parseOverride,
  readLoginStorm,
  runScenario,
  scenarioResult,
  shippedScenario,
  type ScenarioResult,
  type SchemeName,
} from "@xsp/scenario";
import { expect, test } from "vitest";
import { ratioByRunCells, ratioOverWorkCells, ratioReport, ratioSentences } from "../src/ratio-report.ts";

function smallResult(...schemes: readonly SchemeName[]): ScenarioResult {
  const sets = [
    "host.memory=512MiB",
    "guest.memory=256MiB",
    "pool.hugepages=32",
    "process.region=64MiB",
    "workload.logins=2",
  ];
  const overrides = sets.map((set) => parseOverride(set, "--set")).filter((override) => override !== undefined);
  const settings = readLoginStorm(shippedScenario("fork-64g") ?? "", { file: "fork-64g", overrides });
  let ns = 0;
  const runs = schemes.map((scheme) => runScenario(settings, { scheme, now: () => (ns += 1000) }));
  return scenarioResult(settings, thisMachine(), runs);
}

test("counts 1,024 references for each superpage operation", () => {
  const report = ratioReport(smallResult("per-frame", "sealed", "rfc"));
  expect(report?.byRun.map(({ scheme, countingOperations }) => [scheme, countingOperations])).toEqual([
    ["sealed", 1024],
    ["rfc", 1024],
  ]);
});

test("tells the price of a frame at which the storm would be met, from counted frames alone", () => {
  const report = ratioReport(smallResult("per-frame", "sealed"));
  // 32 hugepages of 512 frames, taken and given back for each of two logins, in 60 s.
  expect(report?.breakEvenFrameNs).toBe(60e9 / (2 * 32 * 512 * 2));
});

test("has nothing to compare without per-frame", () => {
  expect(ratioReport(smallResult("sealed"))).toBeUndefined();
});

test("prints tables of even rows and whole sentences", () => {
  const result = smallResult("per-frame", "xen-4.1");
  const report = ratioReport(result);
  if (report === undefined) throw new Error("per-frame was run");
  for (const cells of [ratioByRunCells(report), ratioOverWorkCells(report, result.profile)]) {
    expect(new Set(cells.map((row) => row.length)).size).toBe(1);
  }
  for (const sentence of ratioSentences(report, result)) expect(sentence).toMatch(/^[A-Z].*\.$/);
});
