import { describe, expect, test } from "vitest";
import { withBounds } from "../../src/models/model-bounds.ts";
import { CheckRun, checkModel } from "../../src/models/model-check.ts";
import { modelByName } from "../../src/models/model-list.ts";

const model = modelByName("unmark-unmark-pin");

function interrupted(batches: number): CheckRun {
  const run = new CheckRun(model, "sealed");
  run.advance(batches);
  return run;
}

describe("a check that is interrupted", () => {
  test("is incomplete, and no property of it holds", () => {
    const check = interrupted(20).result();
    expect(check).toMatchObject({ verdict: "incomplete", reason: "unfinished" });
    expect(new Set(check.properties.map(({ verdict }) => verdict))).toEqual(new Set(["incomplete"]));
  });

  test.each([1, 30, 60])("ends, gone on with after %i batches, as one that never stopped", (batches) => {
    const resumed = new CheckRun(model, "sealed", {}, interrupted(batches).checkpoint());
    while (!resumed.advance()) continue;
    // What properties have read is not saved, and read again only where it is needed: memory may be less.
    expect(resumed.result()).toEqual({ ...checkModel(model, "sealed"), bytes: expect.any(Number) as number });
  });

  const bytes = interrupted(5).checkpoint();
  test.each([
    [
      "model: unmark-unmark-pin there, mark-mark here",
      () => new CheckRun(modelByName("mark-mark"), "sealed", {}, bytes),
    ],
    ['option scheme: "sealed" there, "rfc" here', () => new CheckRun(model, "rfc", {}, bytes)],
    ["option order: 1 there, 2 here", () => new CheckRun(withBounds(model, { order: 2 }), "sealed", {}, bytes)],
    ["properties asked for: ", () => new CheckRun(model, "sealed", { properties: ["S1"] }, bytes)],
  ])("is not gone on with as another %s", (difference, resume) => {
    expect(resume).toThrow(`the checkpoint is of another ${difference}`);
  });
});

test("a check that is violated before a limit ends it says nothing of its other properties", () => {
  const check = checkModel(modelByName("map-unmark-pin"), "rfc", { budget: { states: 25_000 } });
  expect(check).toMatchObject({ verdict: "violated", reason: "states" });
  expect(check.properties.filter(({ verdict }) => verdict === "holds")).toEqual([]);
  expect(check.properties.find(({ name }) => name === "S2")).toEqual({ name: "S2", verdict: "incomplete" });
});

test("a check of one property ends with it, and is complete", () => {
  const check = checkModel(modelByName("map-map-unmap"), "xen-4.1", { properties: ["S1"] });
  expect(check).toMatchObject({ verdict: "violated", reason: undefined });
});
