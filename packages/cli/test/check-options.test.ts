import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkModel, modelByName } from "@xsp/verify";
import { afterAll, describe, expect, test } from "vitest";
import { xsp } from "./xsp-process.ts";

const folder = mkdtempSync(join(tmpdir(), "xsp-check-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const published = ["check", "map-map-unmap", "--scheme", "xen-4.1"];
const sound = ["check", "map-map-unmap", "--scheme", "sealed"];
const short = [...sound, "--states", "100"];

describe("xsp check --expect", () => {
  test.each([
    ["S1 of a check that violates S3 and S1", [...published, "--expect", "s1"], 0],
    ["violated of one that is", [...published, "--expect", "violated"], 0],
    ["holds of one that does", [...sound, "--expect", "holds"], 0],
    ["incomplete of one that is", [...short, "--expect", "incomplete"], 0],
    ["holds of one that is violated", [...published, "--expect", "holds"], 12],
    ["S2 of one that violates others", [...published, "--expect", "S2"], 12],
    ["holds of one that is incomplete", [...short, "--expect", "holds"], 3],
    ["S1 of one that holds", [...sound, "--expect", "S1"], 4],
    ["S1 of two of which one holds", [...published, "--scheme", "sealed", "--expect", "S1"], 4],
  ])("%s ends as it should", (_, args, expected) => {
    const { code, stderr } = xsp(...args);
    expect(code).toBe(expected);
    expect(stderr === "").toBe(expected === 0);
  });
});

describe("bounds", () => {
  test("are printed, and a token of them is replayed without being told", () => {
    const { code, stdout } = xsp(...published, "--superpages", "2", "--order", "0", "--property", "S1");
    expect(code).toBe(12);
    expect(stdout).toContain("bounds: 2 vCPUs, 1 domain, 2 superpages of order 0, ");
    const [, token = ""] = /xsp explain (\S+)/.exec(stdout) ?? [];
    expect(xsp("replay", token)).toMatchObject({
      code: 12,
      stdout: expect.stringMatching(
        /^map-map-unmap, xen-4\.1: replays, \d+ steps\n {2}bounds: .*2 superpages.*\n {2}S1 violated in its last state: frame 0 of superpage/,
      ) as string,
    });
  });

  test.each([
    ["more domains than vCPUs", ["--domains", "3"], /^xsp: --domains 3: 3 domains for 2 vCPUs, .*\n.*\n {2}do: \S/],
    ["no vCPU", ["--vcpus", "0"], /^xsp: --vcpus 0: 0 given\n {2}expected: a whole number from 1 to 8\n/],
    ["steps for others", ["--steps", "1,2,3"], /^xsp: --steps 1,2,3: 3 numbers of steps for 2 vCPUs\n/],
    ["no number", ["--order", "two"], /^xsp: option '--order <n>' argument 'two' is invalid\. expected a whole number/],
    ["an unknown start", ["--start", "midmem"], /Allowed choices are highmem, lowmem/],
    ["a size without a unit", ["--memory", "2"], /^xsp: --memory 2: is no size\n/],
    ["no time", ["--time", "soon"], /^xsp: --time soon: is no time above 0\n/],
    ["two times", ["--time", "1", "--budget", "1"], /both say how long/],
    ["no worker", ["--workers", "0"], /expected 1 or more/],
    ["an unknown outcome", ["--expect", "fine"], /^xsp: --expect fine: there is no such outcome\n/],
    ["an unknown export", ["--export", "x.itf"], /^xsp: --export x\.itf: .*\n {2}expected: .*\.itf\.json, .*\.jsonl\n/],
    ["an export to nowhere", ["--export", join(folder, "no", "x.html")], /no folder that can be written to/],
  ])("%s ends with 2 and tells what to do", (_, args, message) => {
    const { code, stdout, stderr } = xsp(...sound, ...args);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/\n {2}do: \S/);
    expect([code, stdout]).toEqual([2, ""]);
  });

  test.each([
    ["--export", "x.html"],
    ["--resume", "x"],
    ["--checkpoint", "x"],
  ])("%s is refused where there is more than one check", (...args) => {
    const { code, stderr } = xsp("check", "map-map-unmap", ...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^xsp: --\w+: is for a single check/) as string]);
  });
});

describe("limits", () => {
  test.each([
    ["states", ["--states", "100"]],
    ["memory", ["--memory", "200KiB"]],
    ["time", ["--time", "1ms"]],
  ])("on %s end in incomplete, by name", (limit, args) => {
    const { code, stdout, stderr } = xsp(...sound, ...args, "--format", "json");
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: "incomplete", token: null });
    expect(stderr).toBe(`map-map-unmap, sealed: incomplete: stopped by the limit on ${limit}\n`);
  });
});

describe("workers", () => {
  const results = (...args: string[]): unknown[] =>
    xsp("check", "map-map-unmap", "--scheme", "xen-4.1", "--scheme", "sealed", "--format", "json", ...args)
      .stdout.trim()
      .split("\n")
      .map((line): unknown => ({ ...(JSON.parse(line) as object), seconds: undefined }));
  const alone = results("--workers", "1");

  test("find in the same order what one finds", () => {
    expect(alone).toMatchObject([{ scheme: "xen-4.1" }, { scheme: "sealed" }]);
    expect(results("--workers", "2")).toEqual(alone);
  });

  test("that run out of their share of the memory do not make a check incomplete that fits into all of it", () => {
    const { bytes } = checkModel(modelByName("map-map-unmap"), "sealed");
    const memory = (share: number): string[] => ["--memory", `${Math.ceil(bytes * share)}B`];
    expect(results(...memory(0.8), "--workers", "1")[1]).toMatchObject({ verdict: "incomplete" });
    expect(results(...memory(1.6), "--workers", "1")[1]).toEqual(alone[1]);
    expect(results(...memory(1.6), "--workers", "2")).toEqual(results(...memory(1.6), "--workers", "1"));
  });

  test("share out the work of a single check", () => {
    const { stdout } = xsp(...sound, "--workers", "2", "--format", "json");
    expect({ ...(JSON.parse(stdout) as object), seconds: undefined }).toEqual(alone[1]);
  });
});

describe("a counterexample", () => {
  const file = (name: string): string => join(folder, name);
  const names = ["a.itf.json", "a.trace.json", "a.dot", "a.html", "a.jsonl"];
  const flags = (folderName: string): string[] => names.flatMap((name) => ["--export", file(`${folderName}${name}`)]);

  test("is written by check, explain and replay alike, in every format", () => {
    const checked = xsp(...published, "--property", "S1", "--format", "json", ...flags("check-"));
    expect(checked.stderr).toBe(names.map((name) => `written: ${file(`check-${name}`)}\n`).join(""));
    writeFileSync(file("race.json"), checked.stdout);
    const { token } = JSON.parse(checked.stdout) as { token: string };
    expect(xsp("explain", file("race.json"), ...flags("explain-")).code).toBe(0);
    expect(xsp("replay", token, ...flags("replay-")).code).toBe(12);
    for (const name of names) {
      const content = readFileSync(file(`check-${name}`), "utf8");
      expect(content.length).toBeGreaterThan(1000);
      for (const other of ["explain-", "replay-"]) expect(readFileSync(file(other + name), "utf8")).toBe(content);
    }
  });

  test("is not written where there is none, and that is said", () => {
    const { code, stderr } = xsp(...sound, "--export", file("none.html"));
    expect([code, stderr]).toEqual([0, "not written: there is no counterexample to export\n"]);
    expect(existsSync(file("none.html"))).toBe(false);
  });
});

describe("xsp replay and xsp explain", () => {
  const page = readFileSync(new URL("../../../docs/findings.md", import.meta.url), "utf8");
  const first = /^### \S+: (S\d),[^]*?(xsp1\.[\w-]+)/m.exec(page);
  const token = first?.[2] ?? "";

  test("replay a token that was published, and end with 12 as it says", () => {
    const { code, stdout, stderr } = xsp("replay", token, "--format", "json");
    expect([code, stderr]).toEqual([12, ""]);
    const replayed = JSON.parse(stdout) as { violated: { property: string }[] };
    expect(replayed).toMatchObject({ v: 1, token });
    expect(replayed.violated.map(({ property }) => property)).toContain(first?.[1]);
  });

  test("find the token in a file", () => {
    const notes = join(folder, "notes.md");
    writeFileSync(notes, `Look at this one:\n\n    ${token}\n`);
    expect(xsp("explain", notes).stdout).toBe(xsp("explain", token).stdout);
  });

  const empty = join(folder, "empty.txt");
  writeFileSync(empty, "nothing here\n");
  test.each([
    ["a file without a token", ["explain", empty], /empty\.txt: there is no token in this file\n/],
    ["no file", ["explain", join(folder, "none")], /none: is no token, and no file that can be read \(ENOENT/],
    ["a damaged token", ["replay", `${token.slice(0, -3)}AAA`], /^xsp: the token cannot be replayed: .*damaged/],
    ["two tokens", ["replay", token, token], /a token stands alone/],
    ["a token with an option for traces", ["replay", token, "--stop-at", "3"], /are for recorded traces/],
    ["a trace with an option for tokens", ["replay", empty, "--export", "x.html"], /--export: is for a token/],
  ])("%s ends with 2 and tells what to do", (_, args, message) => {
    const { code, stdout, stderr } = xsp(...args);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/\n {2}do: \S/);
    expect([code, stdout]).toEqual([2, ""]);
  });
});
