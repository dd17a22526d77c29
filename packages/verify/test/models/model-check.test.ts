import { schemeNames } from "@xsp/hypervisor";
import { describe, expect, test } from "vitest";
import { isPublished } from "../../src/models/explanation.ts";
import { checkMatrix } from "../../src/models/check-matrix.ts";
import { type ModelCheck, checkModel } from "../../src/models/model-check.ts";
import { modelByName } from "../../src/models/model-list.ts";

/** What one scheme is found to be: states, transitions, and the properties that are violated. */
type Found = readonly [states: number, transitions: number, violated: string];

interface Expected {
  /** Properties that the model examines. */
  readonly examined: string;
  /** What `sealed` witnesses. */
  readonly witnessed: readonly string[];
  readonly found: Readonly<Record<string, Found>>;
}

// Exact: an access more or less on a path of the hypervisor shows here. The larger models are checked by
// `xsp check --all`, whose figures are in docs/findings.md.
const quick: Readonly<Record<string, Expected>> = {
  "map-unmark-pin": {
    examined: "S1 S2 S3 S6",
    witnessed: [
      "the superpage is not marked any more",
      "a superpage is mapped writable",
      "a frame of the superpage is a page table",
    ],
    found: {
      "per-frame": [253_244, 492247, ""],
      rfc: [365_731, 698261, "S1 S3"],
      "rfc-busy-over-1": [365_231, 697301, "S1 S3"],
      "rfc-busy-over-2": [365_731, 698261, "S1 S3"],
      "xen-4.1": [691_397, 1319500, "S1 S3"],
      sealed: [133_555, 255671, ""],
      "sealed-deferred": [133_854, 256223, ""],
    },
  },
  "unmark-mapped": {
    examined: "S1 S2 S3 S6",
    witnessed: [
      "a superpage is unmapped",
      "the superpage is not marked any more",
      "a frame of the superpage is a page table",
    ],
    found: {
      "per-frame": [5_866, 11148, ""],
      rfc: [578_798, 1113123, "S1 S2 S3"],
      "rfc-busy-over-1": [2_004, 3805, ""],
      "rfc-busy-over-2": [578_798, 1113123, "S1 S2 S3"],
      "xen-4.1": [5_236, 10029, ""],
      sealed: [1_004, 1876, ""],
      "sealed-deferred": [10_419, 20149, ""],
    },
  },
  "map-map-unmap": {
    examined: "S1 S2 S3 S6",
    witnessed: [
      "a superpage is mapped writable",
      "a superpage is unmapped",
      "a frame of the superpage is a page table",
    ],
    found: {
      "per-frame": [49_144, 94131, ""],
      rfc: [49_344, 94526, ""],
      "rfc-busy-over-1": [49_344, 94526, ""],
      "rfc-busy-over-2": [49_344, 94526, ""],
      "xen-4.1": [78_686, 150549, "S1 S3"],
      sealed: [32_369, 62308, ""],
      "sealed-deferred": [32_369, 62308, ""],
    },
  },
  "unmark-unmark-pin": {
    examined: "S1 S2 S3 S6",
    witnessed: ["the superpage is not marked any more", "a frame of the superpage is a page table"],
    found: {
      "per-frame": [189, 312, ""],
      rfc: [222_843, 422463, ""],
      "rfc-busy-over-1": [222_843, 422463, ""],
      "rfc-busy-over-2": [222_843, 422463, ""],
      "xen-4.1": [222_850, 422475, ""],
      sealed: [58_347, 111019, ""],
      "sealed-deferred": [58_347, 111019, ""],
    },
  },
  "read-only": {
    examined: "S1 S2 S3 S6",
    witnessed: [
      "the superpage is not marked any more",
      "a superpage is mapped read-only",
      "a frame of the superpage is a page table",
    ],
    found: {
      "per-frame": [4_324, 8297, ""],
      rfc: [24_090, 47027, "S3"],
      "rfc-busy-over-1": [24_090, 47027, "S3"],
      "rfc-busy-over-2": [24_090, 47027, "S3"],
      "xen-4.1": [657_006, 1252171, "S3"],
      sealed: [20_473, 39880, ""],
      "sealed-deferred": [21_113, 41094, ""],
    },
  },
  "small-pages": {
    examined: "S1 S2 S3 S6",
    witnessed: ["a frame of the superpage is a page table", "a superpage is mapped writable"],
    found: {
      "per-frame": [334_950, 657631, ""],
      rfc: [335_190, 658110, ""],
      "rfc-busy-over-1": [335_190, 658110, ""],
      "rfc-busy-over-2": [335_190, 658110, ""],
      "xen-4.1": [338_530, 664679, ""],
      sealed: [262_303, 515349, ""],
      "sealed-deferred": [262_303, 515349, ""],
    },
  },
  "foreign-map": {
    examined: "S1 S2 S3 S4 S6",
    witnessed: ["the superpage is marked", "a superpage is mapped writable"],
    found: {
      "per-frame": [15_116, 29806, ""],
      rfc: [41_381, 81777, "S4"],
      "rfc-busy-over-1": [41_381, 81777, "S4"],
      "rfc-busy-over-2": [41_381, 81777, "S4"],
      "xen-4.1": [43_287, 85395, "S4"],
      sealed: [67_325, 133478, ""],
      "sealed-deferred": [67_325, 133478, ""],
    },
  },
  "foreign-unmark": {
    examined: "S1 S2 S3 S4 S6",
    witnessed: ["the superpage is not marked any more", "a superpage is mapped writable"],
    found: {
      "per-frame": [15_116, 29806, ""],
      rfc: [78_336, 154459, "S3 S4"],
      "rfc-busy-over-1": [77_896, 153599, "S3 S4"],
      "rfc-busy-over-2": [78_336, 154459, "S3 S4"],
      "xen-4.1": [137_938, 271296, "S3 S4"],
      sealed: [4_383, 8356, ""],
      "sealed-deferred": [4_383, 8356, ""],
    },
  },
  destroy: {
    examined: "S1 S2 S3 S4 S5 S6",
    witnessed: ["the superpage belongs to the other domain", "a domain is gone"],
    found: {
      "per-frame": [16_113, 31093, ""],
      rfc: [16_540, 31930, ""],
      "rfc-busy-over-1": [16_540, 31930, ""],
      "rfc-busy-over-2": [16_540, 31930, ""],
      "xen-4.1": [16_531, 31913, ""],
      sealed: [16_558, 31964, ""],
      "sealed-deferred": [16_558, 31964, ""],
    },
  },
  "stale-tlb": {
    examined: "S1 S2 S3 S6",
    witnessed: [
      "a CPU has cached the superpage entry",
      "a superpage is unmapped",
      "a frame of the superpage is a page table",
    ],
    found: {
      "per-frame": [20_019, 38779, ""],
      rfc: [20_063, 38863, ""],
      "rfc-busy-over-1": [20_063, 38863, ""],
      "rfc-busy-over-2": [20_063, 38863, ""],
      "xen-4.1": [20_107, 38947, ""],
      sealed: [42_695, 83355, ""],
      "sealed-deferred": [42_695, 83355, ""],
    },
  },
  "preempted-map": {
    examined: "S1 S2 S3 S6",
    witnessed: [
      "a frame of the superpage is a page table",
      "a preempted hypercall has left more than the users need",
      "the superpage is marked",
      "a superpage is mapped writable",
    ],
    found: {
      "per-frame": [222_043, 425639, ""],
      rfc: [324_947, 616565, "S3"],
      "rfc-busy-over-1": [324_947, 616565, "S3"],
      "rfc-busy-over-2": [324_947, 616565, "S3"],
      "xen-4.1": [1_038_825, 2017406, ""],
      sealed: [637_380, 1249132, ""],
      "sealed-deferred": [637_380, 1249132, ""],
    },
  },
  "preempted-unmap": {
    examined: "S1 S2 S3 S6",
    witnessed: [
      "a superpage is mapped writable",
      "a superpage is unmapped",
      "the superpage is not marked any more",
      "a preempted hypercall has left more than the users need",
      "a frame of the superpage is a page table",
    ],
    found: {
      "per-frame": [47_714, 93491, ""],
      rfc: [308_183, 598038, "S1 S2 S3 S4"],
      "rfc-busy-over-1": [15_328, 28608, "S3"],
      "rfc-busy-over-2": [308_327, 598301, "S1 S2 S3 S4"],
      "xen-4.1": [80_125, 152775, "S3"],
      sealed: [517_485, 1018597, ""],
      "sealed-deferred": [1_046_282, 2066259, ""],
    },
  },
  "preempted-destroy": {
    examined: "S1 S2 S3 S4 S5 S6",
    witnessed: [
      "the superpage is marked",
      "a superpage is unmapped",
      "a preempted hypercall has left more than the users need",
      "a domain is gone",
      "the superpage belongs to the other domain",
    ],
    found: {
      "per-frame": [7_341, 10044, ""],
      rfc: [8_214, 11275, "S3 S5"],
      "rfc-busy-over-1": [8_214, 11275, "S3 S5"],
      "rfc-busy-over-2": [8_214, 11275, "S3 S5"],
      "xen-4.1": [7_611, 10454, ""],
      sealed: [38_128, 61391, ""],
      "sealed-deferred": [38_128, 61391, ""],
    },
  },
};

const violated = ({ properties }: ModelCheck): string =>
  properties.flatMap(({ name, verdict }) => (verdict === "violated" ? [name] : [])).join(" ");

describe.each(Object.entries(quick))("%s", (name, { examined, witnessed, found }) => {
  const model = modelByName(name);

  test.each(Object.entries(found))("is explored to its end under %s", (scheme, expected) => {
    const check = checkModel(model, scheme);
    expect([check.states, check.transitions, violated(check)]).toEqual(expected);
    expect(check).toMatchObject({ reason: undefined, vacuous: [] });
    expect(check.verdict).toBe(violated(check) === "" ? "holds" : "violated");
    const names = check.properties.map((property) => property.name).filter((each) => each !== "error");
    // A property that is broken without being examined counts too: rfc can lose the very frame.
    const counted = new Set([...examined.split(" "), ...violated(check).split(" ")].filter((each) => each !== ""));
    expect(names).toEqual([...counted].toSorted());
    if (scheme === "sealed") expect(check.witnessed).toEqual(witnessed);
    else expect(witnessed).toEqual(expect.arrayContaining([...check.witnessed]));
  });

  test("is expected of every scheme", () => {
    expect(Object.keys(found)).toEqual(schemeNames);
  });
});

describe("over the quick models", () => {
  const brokenOf = (scheme: string): string[] => {
    const all = Object.values(quick).flatMap(({ found }) => found[scheme]?.[2].split(" ") ?? []);
    return [...new Set(all)].filter((name) => name !== "").toSorted();
  };

  test.each(schemeNames.filter((scheme) => !isPublished(scheme)))("%s breaks nothing", (scheme) => {
    expect(brokenOf(scheme)).toEqual([]);
  });

  // The broken twins: the same models find what is wrong with the schemes as published.
  test.each([
    ["rfc", ["S1", "S2", "S3", "S4", "S5"]],
    ["rfc-busy-over-1", ["S1", "S3", "S4", "S5"]],
    ["rfc-busy-over-2", ["S1", "S2", "S3", "S4", "S5"]],
    ["xen-4.1", ["S1", "S3", "S4"]],
  ])("%s breaks what it breaks", (scheme, properties) => {
    expect(brokenOf(scheme)).toEqual(properties);
  });
});

describe("a check", () => {
  const model = modelByName("map-unmark-pin");

  test("that runs out of states is incomplete, and no property of it holds", () => {
    const check = checkModel(model, "sealed", { budget: { states: 1000 } });
    expect(check).toMatchObject({ verdict: "incomplete", reason: "states" });
    expect(new Set(check.properties.map(({ verdict }) => verdict))).toEqual(new Set(["incomplete"]));
  });

  test("of some properties says nothing about the others", () => {
    const check = checkModel(model, "rfc", { properties: ["S2", "S6"] });
    expect(check.verdict).toBe("holds");
    expect(check.properties.map(({ name }) => name)).toEqual(["S2", "S6"]);
  });

  test("of an unknown scheme is refused", () => {
    expect(() => checkModel(model, "rfd")).toThrow(RangeError);
  });

  test("is reported as it goes, and each pair once", () => {
    const seen: string[] = [];
    const done: number[] = [];
    const checks = checkMatrix({
      models: [modelByName("destroy"), modelByName("stale-tlb")],
      schemes: ["per-frame", "sealed"],
      onProgress: (progress) => done.push(progress.done),
      onCheck: ({ model: name, scheme }) => seen.push(`${name} ${scheme}`),
    });
    expect(seen).toEqual(["destroy per-frame", "destroy sealed", "stale-tlb per-frame", "stale-tlb sealed"]);
    expect(checks).toHaveLength(4);
    expect([done.at(0), done.at(-1)]).toEqual([0, 3]);
  });
});
