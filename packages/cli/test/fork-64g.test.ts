import type { ScenarioResult } from "@xsp/scenario";
import { beforeAll, describe, expect, test } from "vitest";
import { xsp } from "./xsp-process.ts";

describe("xsp run fork-64g at its real size", () => {
  let result: ScenarioResult;
  beforeAll(() => {
    const schemes = ["--scheme", "per-frame", "--scheme", "sealed"];
    const { stdout } = xsp("run", "fork-64g", ...schemes, "--set", "workload.logins=1", "--format", "json");
    result = JSON.parse(stdout) as ScenarioResult;
  }, 120_000);

  test("stays below 1 GiB of resident memory for each scheme", () => {
    for (const { peakRssBytes } of result.runs) expect(peakRssBytes).toBeLessThan(2 ** 30);
  });

  test("serves the same 32,768 hugepages at 33,554,432 references or as many superpage operations", () => {
    const [perFrame, sealed] = result.runs.map(({ fork }) => fork.events);
    expect((perFrame?.frameGets ?? 0) + (perFrame?.typeGets ?? 0)).toBe(33_554_432);
    expect(sealed).toMatchObject({ frameGets: 0, typeGets: 0, superpageGets: 32_768, superpagePuts: 0 });
  });
});
