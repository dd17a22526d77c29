import { expect, test } from "vitest";
import { benchOptions, helpText } from "../src/bench-options.ts";

test("runs everything when nothing is asked for", () => {
  expect(benchOptions([], "results")).toEqual({ smoke: false, help: false, only: undefined, out: "results" });
});

test("takes every option that the help names", () => {
  const args = ["--smoke", "--help", "--only", "micro", "--out", "elsewhere"];
  expect(benchOptions(args, "results")).toEqual({ smoke: true, help: true, only: "micro", out: "elsewhere" });
  for (const name of args.filter((arg) => arg.startsWith("--"))) expect(helpText).toContain(name);
});

test("refuses an unknown part and an unknown option", () => {
  expect(() => benchOptions(["--only", "all"], "results")).toThrow("--only all: expected scenario or micro");
  expect(() => benchOptions(["--fast"], "results")).toThrow("--fast");
});
