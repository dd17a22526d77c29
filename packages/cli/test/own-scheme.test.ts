import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { chooseSchemes } from "../dist/index.js";
import { small, xsp } from "./xsp-process.ts";

/*
 * A scheme in a file of its own goes wherever a scheme is named. Sound is the example; broken is the same with a lock that
 * locks nothing.
 */

const example = fileURLToPath(new URL("../../../examples/per-gigabyte-scheme", import.meta.url));
const source = readFileSync(join(example, "scheme.js"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "xsp-scheme-"));
symlinkSync(join(example, "node_modules"), join(folder, "node_modules"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const sound = join(example, "scheme.js");
const broken = file(
  "broken.js",
  source.replace('name: "per-gigabyte"', 'name: "broken"').replace("compareAndSwap(at, x, x | LOCK)", "load(at)"),
);

describe("a sound scheme", () => {
  test("runs a scenario beside XSP's own, in a process of its own", () => {
    const { code, stdout, stderr } = xsp(
      "run",
      "fork-64g",
      ...small,
      "--scheme",
      "sealed",
      "--scheme",
      sound,
      "--format",
      "json",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { runs } = JSON.parse(stdout) as { runs: { scheme: string; fork: { events: { superpageGets: number } } }[] };
    expect(runs.map(({ scheme, fork }) => [scheme, fork.events.superpageGets])).toEqual([
      ["sealed", 32],
      ["per-gigabyte", 32],
    ]);
  });

  test("is checked by the threads of a matrix and in a thread of ours", () => {
    const several = xsp(
      "check",
      "mark-mark",
      "--scheme",
      "sealed",
      "--scheme",
      sound,
      "--workers",
      "2",
      "--format",
      "json",
    );
    expect({ code: several.code, stderr: several.stderr }).toEqual({ code: 0, stderr: "" });
    const checks = several.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { scheme: string; verdict: string });
    expect(checks.map(({ scheme, verdict }) => [scheme, verdict])).toEqual([
      ["sealed", "holds"],
      ["per-gigabyte", "holds"],
    ]);
    expect(xsp("check", "mark-mark", "--scheme", pathToFileURL(sound).href)).toMatchObject({ code: 0 });
  });

  test("is played with in the shell", () => {
    expect(xsp("shell", "fork-64g", ...small, "--scheme", sound, "--run")).toMatchObject({ code: 0 });
  });
});

describe("a scheme that throws", () => {
  const throwing = file(
    "throwing.js",
    source
      .replace('name: "per-gigabyte"', 'name: "throwing"')
      .replace("map(vcpu, domain, head, writable) {", '$& throw new Error("out of luck");'),
  );

  test.each([
    ["run", ["run", "fork-64g", ...small, "--no-progress"]],
    ["shell", ["shell", "fork-64g", ...small, "--run"]],
  ])("is told as such by xsp %s, and not as a bug of ours", (_, args) => {
    const { code, stderr } = xsp(...args, "--scheme", throwing);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^xsp: --scheme .*throwing\.js: has thrown: .*out of luck/);
    expect(stderr).toMatch(/throwing\.js:\d+:\d+/);
    expect(stderr).toMatch(/expected: functions that return 0 or a negated errno/);
    expect(stderr).not.toMatch(/bug of XSP/);
  });

  test("is violated in the checker", () => {
    const { code, stdout } = xsp("check", "map-unmark-pin", "--scheme", throwing);
    expect([code, stdout.includes("error violated")]).toEqual([12, true]);
  });

  test("holds nothing where errors are not asked for", () => {
    const { code, stdout } = xsp("check", "map-unmark-pin", "--scheme", throwing, "--property", "S1");
    expect(code).toBe(3);
    expect(stdout).toMatch(/incomplete: an operation threw.*\n {2}incomplete: S1\n/);
  });
});

describe("a broken scheme", () => {
  const found = xsp("check", "map-map-unmap", "--scheme", broken, "--property", "S1", "--format", "json");
  const { scheme, token } = JSON.parse(found.stdout) as { scheme: string; token: string };

  test("is found out by the checker, and by nobody else under its name", () => {
    expect([found.code, scheme]).toEqual([12, "broken"]);
    expect(token).toMatch(/^xsp1\./);
  });

  test.each(["explain", "replay", "stress"])("xsp %s of its token asks for the file", (command) => {
    const { code, stderr } = xsp(command, token);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /made with the scheme broken, which is not known here\n {2}expected: .*\n {2}do: add --scheme/,
    );
  });

  test("the command that is printed with a counterexample names the file", () => {
    const { stdout } = xsp("check", "map-map-unmap", "--scheme", broken, "--property", "S1");
    expect(stdout).toContain(`     xsp explain ${token} --scheme ${broken}\n`);
    const matrix = xsp("check", "--all", "--states", "3000", "--scheme", broken, "--property", "S3");
    expect(matrix.stdout).toMatch(
      /\ncounterexamples:\nbroken: S3 in [\w-]+ after \d+ steps\n {2}xsp explain xsp1\.[\w-]+ --scheme /,
    );
    expect(matrix.stdout).not.toContain("as published");
  });

  test("its counterexample is explained and replayed with the file", () => {
    const explained = xsp("explain", token, "--scheme", broken);
    expect(explained.code).toBe(0);
    // The scheme's own words for its words.
    expect(explained.stdout).toMatch(/entries 1/);
    expect(xsp("replay", token, "--scheme", broken)).toMatchObject({ code: 12 });
  });

  test("its operations run on real threads, for some rounds", () => {
    const of = (...args: string[]): number | null => xsp("stress", token, "--rounds", "20", ...args).code;
    expect([0, 12]).toContain(of("--scheme", broken));
    expect(of("--scheme", "sealed")).toBe(2);
    expect(of("--scheme", broken, "--scheme", "sealed")).toBe(0);
    expect(of("--scheme", broken, "--scheme", sound)).toBe(0);
  });
});

describe("what is no scheme is refused, with the file", () => {
  test.each<[string, string, RegExp]>([
    ["no file", join(folder, "none.js"), /none\.js: there is no such file\n {2}expected: an ES module/],
    ["a folder", `${folder}/`, /: is a folder\n {2}expected: an ES module/],
    ["a file of another machine", "file://elsewhere/mine.js", /mine\.js: is no file of this machine/],
    [
      "a syntax error",
      file("syntax.mjs", "export default {\n  name: ,\n};\n"),
      /syntax\.mjs: cannot be loaded \(.*syntax\.mjs:2: Unexpected token/,
    ],
    ["a lost import", file("lost.mjs", 'import "nowhere-to-be-found";\n'), /lost\.mjs: cannot be loaded \(.*nowhere/],
    ["no export", file("empty.mjs", "export {};\n"), /empty\.mjs: exports no scheme \(nothing\)/],
    [
      "a scheme without map",
      file("half.mjs", 'export default { name: "half", marks: true, wordsPerSuperpage: 1 };\n'),
      /half\.mjs: map is missing\n {2}expected: the function map/,
    ],
    [
      "the name of another",
      file("rfc.mjs", source.replace('name: "per-gigabyte"', 'name: "rfc"')),
      /rfc\.mjs: name is "rfc", and there is/,
    ],
    [
      "types that Node may not strip",
      file("typed.ts", "export default {};\n"),
      /typed\.ts: (this Node|name is missing)/,
    ],
    [
      "a name that is none",
      "per-frme",
      /per-frme: there is no scheme.*\n.*or a file of your own.*\n {2}do: did you mean per/,
    ],
  ])("%s", async (_, path, message) => {
    await expect(chooseSchemes("--scheme", [path])).rejects.toThrow(message);
  });

  test.each([
    ["run", "fork-64g"],
    ["check", "mark-mark"],
    ["fuzz", ""],
    ["shell", "fork-64g"],
  ])("by xsp %s, with exit code 2", (command, what) => {
    const args = [command, what].filter((word) => word !== "");
    const { code, stdout, stderr } = xsp(...args, "--scheme", join(folder, "none.js"));
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^xsp: --scheme .*none\.js: there is no such file/);
  });
});
