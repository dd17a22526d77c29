import { schemeNames } from "@xsp/hypervisor";
import { explore } from "@xsp/checker";
import { describe, expect, test } from "vitest";
import { isPublished } from "../../src/models/explanation.ts";
import { checkMatrix } from "../../src/models/check-matrix.ts";
import { type ModelCheck, checkModel } from "../../src/models/model-check.ts";
import { modelByName } from "../../src/models/model-list.ts";
import { superpageModel } from "../../src/models/superpage-model.ts";
import { checkRows } from "./findings-page.ts";

interface Expected {
  /** Properties that the model examines. */
  readonly examined: string;
  /** What `sealed` witnesses. */
  readonly witnessed: readonly string[];
}

// The larger models are checked by `xsp check --all` alone, which makes docs/findings.md.
const quick: Readonly<Record<string, Expected>> = {
  "map-unmark-pin": {
    examined: "S1 S2 S3 S6",
    witnessed: [
      "a frame of the superpage is a page table",
      "a superpage is mapped writable",
      "the superpage is not marked any more",
    ],
  },
  "unmark-mapped": {
    examined: "S1 S2 S3 S6",
    witnessed: [
      "a frame of the superpage is a page table",
      "a superpage is unmapped",
      "the superpage is not marked any more",
    ],
  },
  "map-map-unmap": {
    examined: "S1 S2 S3 S6",
    witnessed: [
      "a frame of the superpage is a page table",
      "a superpage is mapped writable",
      "a superpage is unmapped",
    ],
  },
  "unmark-unmark-pin": {
    examined: "S1 S2 S3 S6",
    witnessed: ["a frame of the superpage is a page table", "the superpage is not marked any more"],
  },
  "read-only": {
    examined: "S1 S2 S3 S6",
    witnessed: [
      "a frame of the superpage is a page table",
      "a superpage is mapped read-only",
      "the superpage is not marked any more",
    ],
  },
  "small-pages": {
    examined: "S1 S2 S3 S6",
    witnessed: ["a frame of the superpage is a page table", "a superpage is mapped writable"],
  },
  "foreign-map": {
    examined: "S1 S2 S3 S4 S6",
    witnessed: ["a superpage is mapped writable", "the superpage is marked"],
  },
  "foreign-unmark": {
    examined: "S1 S2 S3 S4 S6",
    witnessed: ["a superpage is mapped writable", "the superpage is not marked any more"],
  },
  destroy: {
    examined: "S1 S2 S3 S4 S5 S6",
    witnessed: ["a domain is gone", "the superpage belongs to the other domain"],
  },
  "stale-translation": {
    examined: "S1 S2 S3 S6",
    witnessed: [
      "a CPU has cached the superpage entry",
      "a frame of the superpage is a page table",
      "a superpage is mapped writable",
      "a superpage is unmapped",
    ],
  },
  "preempted-map": {
    examined: "S1 S2 S3 S6",
    witnessed: [
      "a frame of the superpage is a page table",
      "a preempted hypercall has left more than the users need",
      "a superpage is mapped writable",
      "the superpage is marked",
    ],
  },
  "preempted-unmap": {
    examined: "S1 S2 S3 S6",
    witnessed: [
      "a frame of the superpage is a page table",
      "a preempted hypercall has left more than the users need",
      "a superpage is mapped writable",
      "a superpage is unmapped",
      "the superpage is not marked any more",
    ],
  },
  "preempted-destroy": {
    examined: "S1 S2 S3 S4 S5 S6",
    witnessed: [
      "a domain is gone",
      "a preempted hypercall has left more than the users need",
      "a superpage is unmapped",
      "the superpage belongs to the other domain",
      "the superpage is marked",
    ],
  },
  "unmark-at-last": {
    examined: "S1 S2 S3 S6",
    witnessed: ["a superpage is mapped read-only", "a superpage is mapped writable", "a superpage is unmapped"],
  },
  "unmark-at-last-lowmem": {
    examined: "S1 S2 S3 S6",
    witnessed: ["a superpage is mapped writable", "a superpage is unmapped"],
  },
  "every-operation-lowmem": {
    examined: "S1 S2 S3 S6",
    witnessed: [
      "a frame of the superpage is a page table",
      "a superpage is mapped read-only",
      "a superpage is mapped writable",
      "the superpage is marked",
    ],
  },
  "every-operation-held": {
    examined: "S1 S2 S3 S6",
    witnessed: [
      "a superpage is mapped read-only",
      "a superpage is mapped writable",
      "a superpage is unmapped",
      "the superpage is not marked any more",
    ],
  },
  "order-0": {
    examined: "S1 S2 S3 S6",
    witnessed: [
      "a frame of the superpage is a page table",
      "a superpage is mapped writable",
      "the superpage is not marked any more",
    ],
  },
  "destroy-mapped-by-other": {
    examined: "S1 S2 S3 S4 S5 S6",
    witnessed: ["a domain is gone", "the superpage belongs to the other domain"],
  },
};

/** Larger models, which our own schemes get through quickly all the same. */
const larger = [
  "map-unmark-pin-order-2",
  "mark-mark",
  "every-operation",
  "three-unmark-pin",
  "three-unmap-pin",
  "three-tables",
];

const violated = ({ properties }: ModelCheck): string =>
  properties.flatMap(({ name, verdict }) => (verdict === "violated" ? [name] : [])).join(" ");

const decide = (model: string, scheme: string): ModelCheck =>
  checkModel(modelByName(model), scheme, { searchesShortest: false });

/** What the page says of a check: states, transitions, depth and the properties that are violated. */
function asFound(model: string, scheme: string): Readonly<Record<string, unknown>> {
  const row = checkRows.find((each) => each.model === model && each.scheme === scheme);
  if (row === undefined) throw new Error(`docs/findings.md has no row for ${model} under ${scheme}`);
  const { states, transitions, depth } = row;
  return { states, transitions, depth, violated: row.violated };
}

describe.each(Object.entries(quick))("%s", (name, { examined, witnessed }) => {
  test.each(schemeNames)("is explored to its end under %s, and is what the page of findings says", (scheme) => {
    const found = decide(name, scheme);
    const { states, transitions, depth } = found;
    expect({ states, transitions, depth, violated: violated(found) }).toEqual(asFound(name, scheme));
    expect(found.verdict).toBe(violated(found) === "" ? "holds" : "violated");
    // Where something is violated, something else may never happen for it.
    if (found.verdict === "holds") expect(found).toMatchObject({ reason: undefined, vacuous: [] });
    const names = found.properties.map((property) => property.name).filter((each) => each !== "error");
    // A property that is broken without being examined counts too: rfc can lose the very frame.
    const counted = new Set([...examined.split(" "), ...violated(found).split(" ")].filter((each) => each !== ""));
    expect(names).toEqual([...counted].toSorted());
    if (scheme === "sealed") expect(found.witnessed.toSorted()).toEqual(witnessed);
    else expect(witnessed).toEqual(expect.arrayContaining([...found.witnessed]));
  });
});

describe.each(larger)("%s", (name) => {
  test.each(["sealed", "sealed-deferred"])("is explored to its end under %s, and holds", (scheme) => {
    const found = decide(name, scheme);
    const { states, transitions, depth } = found;
    expect(found).toMatchObject({ verdict: "holds", reason: undefined, vacuous: [] });
    expect({ states, transitions, depth, violated: "" }).toEqual(asFound(name, scheme));
  });
});

describe("over all models", () => {
  const brokenOf = (scheme: string): string[] => {
    const all = checkRows.filter((row) => row.scheme === scheme).flatMap((row) => row.violated.split(" "));
    return [...new Set(all)].filter((name) => name !== "").toSorted();
  };

  test.each(schemeNames.filter((scheme) => !isPublished(scheme)))("%s breaks nothing", (scheme) => {
    expect(brokenOf(scheme)).toEqual([]);
  });

  // The broken twins: the same models find what is wrong with the schemes as published.
  test.each([
    ["rfc", ["S1", "S2", "S3", "S4", "S5"]],
    ["rfc-busy-over-1", ["S1", "S3", "S4", "S5", "S6"]],
    ["rfc-busy-over-2", ["S1", "S2", "S3", "S4", "S5", "S6"]],
    ["xen-4.1", ["S1", "S2", "S3", "S4", "S5"]],
  ])("%s breaks what it breaks", (scheme, properties) => {
    expect(brokenOf(scheme)).toEqual(properties);
  });

  test.each(["rfc", "rfc-busy-over-1", "rfc-busy-over-2"])(
    "%s lets a guest write a page table after an unmark, in both starts",
    (scheme) => {
      const broken = (model: string): string =>
        checkRows.find((row) => row.model === model && row.scheme === scheme)!.violated;
      expect(broken("map-unmark-pin")).toContain("S1");
      expect(broken("map-unmark-pin-lowmem")).toContain("S1");
    },
  );
});

test("a cached superpage translation is seen: without the flush where XSA-401 has it, it writes to a page table", () => {
  const { name, options } = modelByName("stale-translation");
  const model = superpageModel(name, { ...options, scheme: "sealed", unfixed: ["XSA-401"] });
  const { violations } = explore(model, { reduction: "independent", properties: ["S1"] });
  expect(violations[0]?.message).toMatch(/a stale translation in CPU 0's TLB$/);
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
      models: [modelByName("destroy"), modelByName("stale-translation")],
      schemes: ["per-frame", "sealed"],
      onProgress: (progress) => done.push(progress.done),
      onCheck: ({ model: name, scheme }) => seen.push(`${name} ${scheme}`),
    });
    expect(seen).toEqual([
      "destroy per-frame",
      "destroy sealed",
      "stale-translation per-frame",
      "stale-translation sealed",
    ]);
    expect(checks).toHaveLength(4);
    expect([done.at(0), done.at(-1)]).toEqual([0, 3]);
  });
});
