import { describe, expect, test } from "vitest";
import { expectedLines, expectedRefusal, printsLine, type Step } from "../src/index.ts";

describe("an expected line", () => {
  test.each<[string, string, boolean]>([
    ["HugePages_Total: 64", "HugePages_Total:      64", true],
    ["HugePages_Total: 6", "HugePages_Total:      64", false],
    ["HugePages_Total:", "HugePages_Total:      64", false],
    ["HugePages_*: 64", "HugePages_Total:      64", true],
    ["*64", "HugePages_Total:      64", true],
    ["HugePages*", "HugePages_Total:      64", true],
    ["*", "", true],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "a-c", false],
    ["ab*ba", "aba", false],
    ["* 0 errors", "  12 warnings,  0 errors", true],
    ["a.c", "abc", false],
  ])("%j describes %j: %j", (pattern, line, described) => {
    expect(printsLine(pattern, line)).toBe(described);
  });
});

const step: Step = { commands: ["touch 1 m1"], prints: ["m1"], refused: "SIGBUS" };

test("what a step is expected to do holds under every scheme", () => {
  expect(expectedRefusal(step, "rfc")).toBe("SIGBUS");
  expect(expectedLines(step, "rfc")).toEqual(["m1"]);
});

test("what a step is expected to do under some schemes does not hold under the others", () => {
  const some: Step = { ...step, under: ["sealed"] };
  expect([expectedRefusal(some, "sealed"), expectedRefusal(some, "rfc")]).toEqual(["SIGBUS", undefined]);
  expect([expectedLines(some, "sealed"), expectedLines(some, "rfc")]).toEqual([["m1"], []]);
});
