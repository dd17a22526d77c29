import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { xsp } from "./xsp-process.ts";

const folder = mkdtempSync(join(tmpdir(), "xsp-replay-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const trace = fileURLToPath(new URL("../../verify/test/fixtures/small-sealed.jsonl", import.meta.url));
/** The same trace with the first answer 0 of a pin told as −EBUSY. */
const altered = join(folder, "altered.jsonl");
writeFileSync(altered, readFileSync(trace, "utf8").replace(/("op":"pin".*?"rc":)0/, "$1-16"));

describe("xsp replay", () => {
  test("tells for each file how much agrees, and ends with 0 when all does", () => {
    const { code, stdout, stderr } = xsp("replay", trace);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^agrees .*small-sealed\.jsonl: (\d+) of \1 answers, (\d+) of \2 states\n1 files: .* operations\/s\n$/,
    );
  });

  test("ends with 12 on a mismatch, and shows it", () => {
    const { code, stdout } = xsp("replay", altered);
    expect(code).toBe(12);
    expect(stdout).toContain("DIFFERS");
    expect(stdout).toContain("expected -EBUSY (-16)");
    expect(stdout).toMatch(/caf=.* taf=/);
  });

  test("prints JSON with exactly the fields that programs read", () => {
    const { stdout } = xsp("replay", "--format", "json", trace, altered);
    const report = JSON.parse(stdout) as { v: number; files: Record<string, unknown>[] };
    expect(report.v).toBe(1);
    expect(report.files.map((file) => Object.keys(file))).toEqual(
      Array.from({ length: 2 }, () => ["file", "ops", "rcAgree", "states", "stateAgree", "firstMismatch"]),
    );
    expect(report.files[0]).toMatchObject({ file: trace, firstMismatch: null });
    expect(report.files[1]).toMatchObject({ firstMismatch: { what: "rc", expected: "-EBUSY (-16)" } });
  });

  test("stops where it is told, and explains", () => {
    const { stdout } = xsp("replay", "--stop-at", "3", "--explain", trace);
    expect(stdout).toContain("4 of 4 answers");
    expect(stdout).toMatch(/stopped after operation 3: .*\n {2}(refused by|nothing was refused)/);
  });

  test.each([
    [["replay"], /missing required argument 'token-or-file'/],
    [["replay", join(folder, "none.jsonl")], /cannot be read/],
    [["replay", "--format", "xml", trace], /--format xml: there is no such format/],
    [["replay", "--stop-at", "soon", trace], /expected the number of an operation/],
    [["replay", fileURLToPath(new URL("../package.json", import.meta.url))], /package\.json:1: expected a JSON object/],
  ])("%j is wrong usage", (args, message) => {
    const { code, stderr } = xsp(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe("xsp fuzz", () => {
  test("finds nothing under sealed, and says how fast it was", () => {
    const { code, stdout, stderr } = xsp("fuzz", "--ops", "4000", "--scheme", "sealed");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^sealed: 4000 operations in 2 episodes, \d+ operations\/s: nothing found\n$/);
  });

  test("reports findings as published under rfc, with traces that replay", () => {
    const { code, stdout } = xsp("fuzz", "--ops", "4000", "--scheme", "rfc", "--traces", folder);
    expect(code).toBe(0);
    expect(stdout).toMatch(/findings?, as published/);
    const written = [...stdout.matchAll(/^ {4}(.*\.jsonl)$/gm)].map(([, file]) => file ?? "");
    expect(written.length).toBeGreaterThan(0);
    expect(xsp("replay", ...written).code).toBe(0);
  });

  test("finds the hole of an advisory that is unfixed, which is no failure, with a trace that replays", () => {
    const { code, stdout } = xsp(
      "fuzz",
      "--ops",
      "4000",
      "--scheme",
      "sealed",
      "--unfixed",
      "XSA-167",
      "--traces",
      folder,
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sealed: 4000 operations in \d+ episodes, .*: \d findings, with XSA-167 unfixed\n/);
    expect(stdout).toContain("superpage word 20 is touched, of 20 that there are\n");
    const written = [...stdout.matchAll(/^ {4}(.*\.jsonl)$/gm)].map(([, file]) => file ?? "");
    expect(written.length).toBeGreaterThan(0);
    expect(xsp("replay", ...written).code).toBe(0);
  });

  test("records a trace whatever comes of it", () => {
    const { stdout } = xsp("fuzz", "--ops", "100", "--scheme", "per-frame", "--record", folder);
    const file = /recorded: (.*)/.exec(stdout)?.[1] ?? "";
    expect(xsp("replay", file).code).toBe(0);
  });

  test.each([
    [["fuzz", "--scheme", "nonsense"], /--scheme nonsense: there is no scheme of that name/],
    [["fuzz", "--geometry", "huge"], /--geometry huge: there is none of that name/],
    [["fuzz", "--seed", "x"], /expected a whole number/],
    [["fuzz", "--vcpus", "3"], /--vcpus 3: guests cannot have so many\n {2}expected: 1 or 2\n/],
    [
      ["fuzz", "--unfixed", "XSA-7"],
      /--unfixed XSA-7: there is no .*\n {2}expected: one of XSA-148, XSA-167, .*XSA-401\n/,
    ],
  ])("%j is wrong usage", (args, message) => {
    const { code, stderr } = xsp(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
