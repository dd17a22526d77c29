import { readFileSync } from "node:fs";
import { readLoginStorm, shippedScenario } from "@xsp/scenario";
import { expect, test } from "vitest";
import { partNames } from "../src/bench-result.ts";
import { benchSizes, longSize, type BenchSize } from "../src/bench-size.ts";
import { scalingFits } from "../src/scaling-result.ts";
import { neededBytes, runScaling, scalingSets } from "../src/scaling-run.ts";
import { overridesOf, runCommand } from "../src/scenario-run.ts";
import { smallResult } from "./small-result.ts";

const sizes: readonly BenchSize[] = [...Object.values(benchSizes), longSize];
const hosts = [...new Set(sizes.flatMap(({ scaling }) => scaling.hosts.map(({ hostBytes }) => hostBytes)))];
const GiB = 2 ** 30;

test.each(hosts)("a host of %d bytes is a scenario that can be played, most of it in the region", (hostBytes) => {
  const overrides = overridesOf(scalingSets(hostBytes, 9));
  const { host, process, pool } = readLoginStorm(shippedScenario("fork-64g") ?? "", { file: "fork-64g", overrides });
  expect(host.memoryBytes).toBe(hostBytes);
  expect(process.regionBytes).toBe(pool.hugepages * 2 ** 21);
  expect(process.regionBytes).toBeGreaterThanOrEqual(hostBytes / 2);
});

test("a host that the machine has no memory for is left out, and told of", async () => {
  const size: BenchSize = {
    ...benchSizes.smoke,
    scaling: { hosts: [{ hostBytes: 2 ** 60, schemes: ["sealed"], runs: 1 }], logins: 1 },
  };
  const told: string[] = [];
  const { points, fits, leftOut } = await runScaling(size, (what) => told.push(what));
  expect([points, fits, told]).toEqual([[], [], []]);
  expect(leftOut).toMatchObject([{ hostBytes: 2 ** 60, scheme: "sealed", neededBytes: neededBytes(2 ** 60) }]);
});

test("asks for 16 GiB of memory at most for a host of 1 TiB", () => {
  expect(neededBytes(1024 * GiB)).toBeLessThan(16 * GiB);
});

test("counting grows with the hugepages, by 1,024 each or by one", () => {
  const fits = scalingFits(smallResult().scaling?.points ?? []);
  for (const { scheme, what, exponent, perUnit } of fits) {
    if (what !== "counting operations of a fork") continue;
    expect(exponent).toBeCloseTo(1, 9);
    expect(perUnit).toBeCloseTo(scheme === "per-frame" ? 1024 : 1, 9);
  }
  expect(new Set(fits.map(({ scheme }) => scheme))).toEqual(new Set(["per-frame", "sealed"]));
});

test("the page on the benchmark names every part, and the command that runs 1 TiB", () => {
  const page = readFileSync(new URL("../../../docs/benchmarks.md", import.meta.url), "utf8");
  for (const part of partNames) expect(page).toContain(`| \`${part}\` |`);
  expect(page.replaceAll(/ \\\n\s*/g, " ")).toContain(runCommand(scalingSets(1024 * GiB, 9), ["sealed"]));
});
