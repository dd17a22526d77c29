import { expect, test } from "vitest";
import { targetsOf } from "../src/target.ts";
import { smallResult } from "./small-result.ts";

const result = smallResult();

test("has a figure for every part that was run, and none for a part that was not", () => {
  const all = targetsOf(result);
  expect(all.length).toBeGreaterThan(12);
  expect(targetsOf({})).toEqual([]);
  const { startup, checker } = result;
  if (startup === undefined || checker === undefined) throw new Error("both were run");
  expect(targetsOf({ startup }).map(({ what }) => what)).toEqual(["xsp --help, start to end"]);
  expect(targetsOf({ checker })).toHaveLength(2);
});

test("a target is missed by as many times as it is off, whichever way it is meant", () => {
  for (const { sense, limit, found, met, miss } of targetsOf(result)) {
    expect(miss).toBe(sense === "at most" ? found / limit : limit / found);
    expect(met).toBe(sense === "at most" ? found <= limit : found >= limit);
  }
  // What is told of the made-up threads: one hot superpage has no target, it is known to collapse.
  expect(targetsOf(result).filter(({ what }) => what.includes("threads"))).toEqual([]);
});
