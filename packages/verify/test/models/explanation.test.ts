import { describe, expect, test } from "vitest";
import { checkJson } from "../../src/models/check-json.ts";
import { explainToken } from "../../src/models/explanation.ts";
import { matrixMarkdown, matrixText } from "../../src/models/matrix-report.ts";
import { checkModel } from "../../src/models/model-check.ts";
import { modelByName, modelOfToken } from "../../src/models/model-list.ts";

const published = checkModel(modelByName("map-map-unmap"), "xen-4.1");
const sound = checkModel(modelByName("map-map-unmap"), "sealed");
const tokenOf = (property: string): string =>
  published.counterexamples.find((each) => each.property === property)!.token;

describe("an explanation", () => {
  const { model, scheme, violated, paragraph, columns, legend, trace } = explainToken(tokenOf("S1"));

  test("finds the model and the scheme by the token alone", () => {
    expect({ model, scheme }).toEqual({ model: "map-map-unmap", scheme: "xen-4.1" });
    expect(trace.steps).toHaveLength(68);
    expect(violated.map(({ property }) => property)).toEqual(["S1"]);
  });

  test("tells who did what in which order", () => {
    expect(paragraph).toBe(
      "Before it begins, vCPU 0 has performed map-2m-rw. " +
        "vCPU 0 (d1) begins unmap 2M at step 3; it is still under way when the property breaks. " +
        "vCPU 1 (d1) begins map 2M RW at step 15, while vCPU 0 is in its unmap 2M; it ends at step 32 with 0. " +
        "vCPU 1 (d1) begins pin as L1 (frame 1) at step 48, while vCPU 0 is in its unmap 2M; " +
        "it is still under way when the property breaks. " +
        "Then S1 (exclusion: no page table is writable by a guest) is violated in the scheme as published: frame 1 of " +
        "the superpage is a validated page table and can be written through the superpage entry in vCPU 1's L2 table.",
    );
  });

  test("prints words decoded, and marks those that changed", () => {
    expect(columns).toContain("* swap superpage[1] dynamic 1 → dynamic 2");
    expect(columns).toContain("  swap superpage[1] fails: expected dynamic 1, sees dynamic 2");
    expect(columns).toContain("* swap page memory[20] empty → frame 2 RW 2M");
    expect(legend).toMatch(/^Frames: the superpage 2–3; vCPU 0 \(d1\): L2 table 4, L1 table 6; /);
  });

  test("is refused for a token of another model, and for a damaged one", () => {
    expect(() => explainToken(`${tokenOf("S1").slice(0, -2)}AA`)).toThrow(/damaged/);
    expect(() => modelOfToken("xsp1.ybDCxQAEAAEBAQABAQGZYQ")).toThrow(/none of the models/);
  });
});

describe("JSON of a check", () => {
  const fields = [
    ["v", "model", "scheme", "bounds", "verdict", "property", "states", "transitions"],
    ["depth", "seconds", "schedule", "token", "steps"],
  ].flat();

  test("has the fields that programs read, and the nearest counterexample", () => {
    const json = checkJson(published);
    expect(Object.keys(json)).toEqual(fields);
    expect(json).toMatchObject({ v: 1, verdict: "violated", property: "S3", depth: 53, token: tokenOf("S3") });
    expect([json.schedule?.length, json.steps?.length]).toEqual([53, 53]);
  });

  test("has none where the model holds", () => {
    const json = checkJson(sound);
    expect(Object.keys(json)).toEqual(fields);
    expect(json).toMatchObject({
      verdict: "holds",
      property: null,
      depth: 43,
      schedule: null,
      token: null,
      steps: null,
    });
  });
});

describe("a report of the matrix", () => {
  test("leaves open what no model examines", () => {
    expect(matrixText([published, sound])).toMatch(
      /^scheme +S1 +S2 +S3 +S6\nxen-4\.1 +violated +holds +violated +holds\n/,
    );
  });

  test("gives each counterexample with its token, as found in the scheme as published", () => {
    const markdown = matrixMarkdown([published, sound], "a test");
    expect(markdown).toContain("Made by `a test`");
    expect(markdown).toContain("| sealed | holds | holds | holds | holds |");
    expect(markdown).toContain("### xen-4.1: S1, in `map-map-unmap`");
    expect(markdown).toContain(`xsp explain ${tokenOf("S1")}`);
    expect(markdown).toContain("in the scheme as published");
  });
});
