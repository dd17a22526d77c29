import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ScenarioResult } from "@xsp/scenario";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { small, xsp, type Outcome } from "./xsp-process.ts";

const folder = mkdtempSync(join(tmpdir(), "xsp-run-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("xsp run --format json", () => {
  let outcome: Outcome;
  let result: ScenarioResult;
  beforeAll(() => {
    outcome = xsp("run", "fork-64g", ...small, "--scheme", "per-frame", "--scheme", "sealed", "--format", "json");
    result = JSON.parse(outcome.stdout) as ScenarioResult;
  });

  test("ends well and says nothing on stderr", () => {
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
  });

  test("says what was run, how it was priced and where", () => {
    expect(result).toMatchObject({ v: 1, scenario: "fork-64g", profile: "xeon-x5570-2009" });
    expect(result.machine).toEqual({
      runtime: `Node ${process.version}`,
      platform: `${process.platform} ${process.arch}`,
      cpu: expect.any(String) as string,
      cpus: expect.any(Number) as number,
      memoryBytes: expect.any(Number) as number,
    });
    expect(result.runs.map(({ scheme }) => scheme)).toEqual(["per-frame", "sealed"]);
  });

  test("has the fields that it promises", () => {
    const events = Object.fromEntries(
      [
        "hypercalls",
        "pteWrites",
        "frameGets",
        "framePuts",
        "typeGets",
        "typePuts",
        "superpageGets",
        "superpagePuts",
        "tlbFlushes",
      ].map((name) => [name, expect.any(Number) as number]),
    );
    const operation = {
      wallNs: expect.any(Number) as number,
      modelledNs: expect.any(Number) as number,
      events: expect.objectContaining(events) as object,
    };
    for (const run of result.runs) {
      expect(run).toMatchObject({
        boot: { wallNs: expect.any(Number) as number },
        pool: { hugepages: 32, marked: run.scheme === "sealed" ? 32 : 0, wallNs: expect.any(Number) as number },
        fork: operation,
        exec: operation,
        logins: { offered: 3, inTime: 3, deadlineNs: 60e9, lastModelledNs: expect.any(Number) as number },
        audit: { differences: 0 },
        peakRssBytes: expect.any(Number) as number,
      });
    }
  });

  test("counts each frame under per-frame and each superpage under sealed", () => {
    const [perFrame, sealed] = result.runs;
    expect(perFrame?.fork.events).toMatchObject({ frameGets: 16_384, typeGets: 16_384, superpageGets: 0 });
    expect(sealed?.fork.events).toMatchObject({ frameGets: 0, typeGets: 0, superpageGets: 32 });
  });

  test("measures the memory of each scheme's own process", () => {
    for (const { peakRssBytes } of result.runs) {
      expect(peakRssBytes).toBeGreaterThan(30 * 2 ** 20);
      expect(peakRssBytes).toBeLessThan(300 * 2 ** 20);
    }
  });
});

describe("xsp run", () => {
  let outcome: Outcome;
  const exports = ["result.json", "result.md", "result.csv", "result.svg"].map((name) => join(folder, name));
  beforeAll(() => {
    const flags = exports.flatMap((file) => ["--export", file]);
    outcome = xsp("run", "fork-64g", ...small, "--scheme", "per-frame", "--scheme", "xen-4.1", ...flags);
  });

  test("shows the schemes side by side, who timed out, and the command", () => {
    const { code, stdout } = outcome;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^fork-64g: 64 MiB shared in 32 hugepages, 3 logins at once, deadline 60 s\n/);
    expect(stdout).toMatch(/\n +per-frame +xen-4\.1\n/);
    expect(stdout).toMatch(/\n {2}frames: general refs taken +16,384 +0\n/);
    expect(stdout).toMatch(/\n {2}logins in time +3 of 3 +3 of 3\n/);
    expect(stdout).toContain("per-frame and xen-4.1: all 3 logins in time");
    expect(stdout).toContain("Every audit found every count right");
    expect(stdout).toContain("\nxsp run fork-64g --scheme per-frame --scheme xen-4.1 --set host.memory=512MiB ");
  });

  test("has no colours in a pipe", () => {
    expect(outcome.stdout).not.toContain("\u001B");
  });

  test("writes every export and still prints the report", () => {
    const [json = "", markdown = "", csv = "", svg = ""] = exports.map((file) => readFileSync(file, "utf8"));
    expect((JSON.parse(json) as ScenarioResult).runs).toHaveLength(2);
    expect(markdown).toContain("| first fork | per-frame | xen-4.1 |");
    expect(csv.split("\n")[0]).toBe("scheme,phase,measure,unit,value");
    expect(csv).toContain("\nper-frame,fork,frameGets,count,16384\n");
    expect(svg).toMatch(/^<svg .*<\/svg>\n$/s);
    expect(svg).toContain("prefers-color-scheme: dark");
    for (const file of exports) expect(outcome.stderr).toContain(`written: ${file}\n`);
  });

  test("names those who timed out", () => {
    const sets = [...small, "--set", "deadline=4ms"];
    const { code, stdout } = xsp("run", "fork-64g", ...sets, "--scheme", "per-frame", "--scheme", "sealed");
    expect(code).toBe(0);
    expect(stdout).toContain("per-frame: 2 of 3 logins timed out after 4 ms");
    expect(stdout).toContain("sealed: all 3 logins in time");
  });

  test("runs a file", () => {
    const file = join(folder, "mine.yaml");
    const shipped = xsp("scenario", "show", "fork-64g").stdout;
    writeFileSync(file, shipped.replace("name: fork-64g", "name: mine"));
    const { code, stdout } = xsp("run", file, ...small, "--scheme", "rfc", "--format", "csv");
    expect(code).toBe(0);
    expect(stdout).toContain("\nrfc,fork,superpageGets,count,32\n");
  });

  test("shows progress where it is asked to", () => {
    const { stderr } = xsp("run", "fork-64g", ...small, "--scheme", "sealed", "--progress");
    expect(stderr.split("\n")).toContain("sealed: first fork");
  });
});
