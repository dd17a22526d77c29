import { expect, test } from "vitest";
import { benchOptions, helpText } from "../src/bench-options.ts";
import { partNames } from "../src/bench-result.ts";

test("runs everything in full when nothing is asked for", () => {
  expect(benchOptions([], "results")).toEqual({
    size: "full",
    long: false,
    help: false,
    parts: partNames,
    schemes: [],
    out: "results",
    compare: undefined,
    with: undefined,
  });
});

test("takes every option that the help names", () => {
  const args = [
    "--quick",
    "--help",
    "--only",
    "micro",
    "--only",
    "checker",
    "--scheme",
    "./mine.js",
    "--out",
    "elsewhere",
    "--compare",
    "a",
    "--with",
    "b",
  ];
  expect(benchOptions(args, "results")).toEqual({
    size: "quick",
    long: false,
    help: true,
    parts: ["micro", "checker"],
    schemes: ["./mine.js"],
    out: "elsewhere",
    compare: "a",
    with: "b",
  });
  const named = [...helpText.matchAll(/^ {2}(--\w+)/gm)].map(([, name]) => name);
  expect(named.toSorted()).toEqual(
    [...args.filter((arg) => arg.startsWith("--")), "--long", "--smoke"]
      .filter((name, at, all) => all.indexOf(name) === at)
      .toSorted(),
  );
});

test("takes the mark that a script puts before its own arguments", () => {
  expect(benchOptions(["--", "--quick"], "results").size).toBe("quick");
});

test.each([
  ["a part, without a folder", ["--only", "micro"]],
  ["the smoke size, without a folder", ["--smoke"]],
])("writes nothing for %s", (_, args) => {
  expect(benchOptions(args, "results").out).toBeUndefined();
});

test.each([
  ["an unknown part", ["--only", "all"], "--only all: expected one of scenario, micro"],
  ["an unknown option", ["--fast"], "--fast"],
  ["two sizes at once", ["--quick", "--smoke"], "expected one of them"],
  ["a newer result without an older one", ["--with", "new.json"], "--with new.json: expected --compare"],
])("refuses %s", (_, args, message) => {
  expect(() => benchOptions(args, "results")).toThrow(message);
});
