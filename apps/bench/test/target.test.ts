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
});

test("one superpage for all threads has no target: what it costs is a finding", () => {
  expect(result.threads?.points.map(({ overlap }) => overlap)).toEqual(["one", "same"]);
  expect(
    targetsOf(result)
      .filter(({ what }) => what.includes("threads"))
      .map(({ what }) => what),
  ).toEqual(["two threads over one, same superpages, sealed"]);
});
