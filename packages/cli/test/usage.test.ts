import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { xsp } from "./xsp-process.ts";

const folder = mkdtempSync(join(tmpdir(), "xsp-usage-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("help", () => {
  test.each([
    [["--help"]],
    [["run", "--help"]],
    [["scenario", "--help"]],
    [["profile", "--help"]],
    [["check", "--help"]],
    [["explain", "--help"]],
    [["replay", "--help"]],
    [["lab", "--help"]],
    [["shell", "--help"]],
  ])("xsp %j ends well and has examples", (args) => {
    const { code, stdout, stderr } = xsp(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Examples:\n  xsp ");
  });

  test("xsp --help tells what it is about and what the exit codes mean", () => {
    const { stdout } = xsp("--help");
    expect(stdout).toContain("33,554,432");
    expect(stdout).toMatch(/Exit codes: 0 .* 1 .* 2 .*\n3 .* 4 .* refused .*\n.* 12 .* 130 /);
  });

  test("xsp without arguments prints the help as an error", () => {
    const { code, stdout, stderr } = xsp();
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("Usage: xsp");
  });

  test("xsp --version prints a version", () => {
    expect(xsp("--version")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string });
  });
});

const yaml = join(folder, "wrong.yaml");
writeFileSync(yaml, "name: wrong\nhost:\n  memory: 68gb\n");

const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["an unknown command", ["rnu"], /^xsp: unknown command 'rnu'\n/],
  ["no scenario", ["run"], /^xsp: missing required argument 'scenario'\n/],
  [
    "an unknown flag",
    ["run", "fork-64g", "--schem", "rfc"],
    /^xsp: unknown option '--schem'\n\(Did you mean --scheme\?\)/,
  ],
  [
    "an unknown scenario",
    ["run", "fork-46g"],
    /^xsp: fork-46g: there is neither .*\n {2}expected: .*\n {2}do: did you mean fork-64g\?\n/,
  ],
  [
    "an unknown scheme",
    ["run", "fork-64g", "--scheme", "seald"],
    /^xsp: --scheme seald: .*\n {2}expected: one of per-frame, .*\n {2}do: did you mean sealed\?\n/,
  ],
  [
    "an unknown profile",
    ["run", "fork-64g", "--profile", "modem"],
    /^xsp: --profile modem: .*\n.*\n {2}do: did you mean modern\?\n/,
  ],
  [
    "an unknown format",
    ["run", "fork-64g", "--format", "yaml"],
    /^xsp: --format yaml: .*\n {2}expected: one of text, json, md, csv\n/,
  ],
  [
    "a --set without a value",
    ["run", "fork-64g", "--set", "deadline"],
    /^xsp: --set deadline: has no path and value\n/,
  ],
  [
    "a --set of an unknown field",
    ["run", "fork-64g", "--set", "deadlin=1s"],
    /^xsp: --set deadlin=1s: there is no field deadlin\n.*\n {2}do: did you mean deadline\?\n/,
  ],
  [
    "a --set of a wrong value",
    ["run", "fork-64g", "--set", "process.region=1gb"],
    /^xsp: --set process\.region=1gb: process\.region is "1gb"\n.*\n {2}do: did you mean 1GiB\?\n/,
  ],
  [
    "a --set that fits nothing else",
    ["run", "fork-64g", "--set", "host.memory=1GiB"],
    /^xsp: --set host\.memory=1GiB: a guest of 66 GiB does not fit a host of 1 GiB\n/,
  ],
  ["a wrong file", ["run", yaml], /wrong\.yaml:3:11: host\.memory is "68gb"\n.*\n {2}do: did you mean 68GiB\?\n/],
  ["a folder in place of a file", ["run", folder], /: cannot be read \(EISDIR\)\n/],
  [
    "an export of no format",
    ["run", "fork-64g", "--export", "a.pdf"],
    /^xsp: --export a\.pdf: .*\n {2}expected: a file ending in \.json, /,
  ],
  [
    "an export to no folder",
    ["run", "fork-64g", "--export", join(folder, "no", "a.json")],
    /^xsp: --export .*a\.json: .* no folder that can be written to\n.*\n {2}do: make it first: mkdir -p /,
  ],
  ["an unknown profile to show", ["profile", "xeon"], /^xsp: xeon: there is no cost profile of that name\n/],
  [
    "an unknown scenario to show",
    ["scenario", "show", "fork"],
    /^xsp: fork: there is no shipped scenario of that name\n/,
  ],
];

describe("wrong usage", () => {
  test.each(wrong)("%s ends with 2 and tells what to do", (_, args, message) => {
    const { code, stdout, stderr } = xsp(...args);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/\n {2}do: \S/);
    expect([code, stdout]).toEqual([2, ""]);
  });
});

describe("looking things up", () => {
  test("xsp scenario list names what is shipped", () => {
    expect(xsp("scenario", "list").stdout).toMatch(/^fork-64g {2,}\S/);
  });

  test("xsp scenario fields lists every field with its default", () => {
    const { stdout } = xsp("scenario", "fields");
    expect(stdout).toContain("process.region\n");
    expect(stdout).toContain("default: 60s");
  });

  test("xsp profile shows each constant as sourced or assumed", () => {
    const { code, stdout } = xsp("profile", "xeon-x5570-2009");
    expect(code).toBe(0);
    const constants = stdout.split("\n").filter((line) => /^ {2}\S/.test(line));
    expect(constants.length).toBeGreaterThan(25);
    for (const line of constants) expect(line).toMatch(/^ {2}\w+ +[\d.,]+ ns {2}(sourced|assumed): \S/);
  });
});
