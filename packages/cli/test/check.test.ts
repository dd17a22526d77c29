import { describe, expect, test } from "vitest";
import { xsp } from "./xsp-process.ts";

describe("xsp check", () => {
  test("lists the models with what they examine and their bounds", () => {
    const { code, stdout } = xsp("check", "--list");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^map-unmark-pin\n {2}Whether .*\n {2}2 vCPUs, 1 domain, 1 superpage of order 1, highmem/);
  });

  test("ends with 0 when the model holds, and prints the bounds", () => {
    const { code, stdout, stderr } = xsp("check", "map-map-unmap", "--scheme", "sealed");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^map-map-unmap, sealed: holds within these bounds\n {2}bounds: 2 vCPUs, /);
    expect(stdout).toContain("2,533 states");
  });

  test("ends with 12 on a counterexample, whose token xsp explain replays", () => {
    const { code, stdout } = xsp(
      "check",
      "map-map-unmap",
      "--scheme",
      "xen-4.1",
      "--property",
      "S1",
      "--format",
      "json",
    );
    expect(code).toBe(12);
    const check = JSON.parse(stdout) as { token: string; depth: number };
    expect(check).toMatchObject({ v: 1, scheme: "xen-4.1", verdict: "violated", property: "S1", depth: 68 });
    const explained = xsp("explain", check.token);
    expect(explained).toMatchObject({ code: 0, stderr: "" });
    expect(explained.stdout).toContain(
      "S1 (exclusion: no page table is writable by a guest) is violated in the scheme as",
    );
    expect(explained.stdout).toContain("* swap superpage[1] dynamic 1 → dynamic 2");
    expect(JSON.parse(xsp("explain", check.token, "--format", "json").stdout)).toMatchObject({
      v: 1,
      scheme: "xen-4.1",
    });
  });

  test("ends with 3 when a budget ends it", () => {
    const { code, stdout } = xsp("check", "map-unmark-pin", "--scheme", "sealed", "--states", "1000");
    expect(code).toBe(3);
    expect(stdout).toContain("incomplete: stopped by the limit on states\n");
  });
});

test.each([
  ["no model", ["check"], /^xsp: xsp check: what to check is not clear\n/],
  ["a model and --all", ["check", "destroy", "--all"], /what to check is not clear/],
  [
    "an unknown model",
    ["check", "map"],
    /^xsp: map: there is no model of that name\n {2}expected: one of map-unmark-pin, /,
  ],
  ["an unknown scheme", ["check", "destroy", "--scheme", "seald"], /^xsp: --scheme seald: there is no scheme/],
  ["an unknown property", ["check", "destroy", "--property", "S9"], /^xsp: --property S9: there is no property/],
  ["a format of --all only", ["check", "destroy", "--format", "md"], /^xsp: --format md: there is no such format here/],
  ["a damaged token", ["explain", "xsp1.AAAA"], /^xsp: the token cannot be replayed: /],
])("%s ends with 2 and tells what to do", (_, args, message) => {
  const { code, stdout, stderr } = xsp(...args);
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/\n {2}do: \S/);
  expect([code, stdout]).toEqual([2, ""]);
});
