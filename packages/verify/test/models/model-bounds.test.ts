import { describe, expect, test } from "vitest";
import { explainToken } from "../../src/models/explanation.ts";
import { type BoundsChange, BoundsProblem, withBounds } from "../../src/models/model-bounds.ts";
import { boundsOf, checkModel } from "../../src/models/model-check.ts";
import { modelByName, modelOfToken, modelUnderScheme, namedModels } from "../../src/models/model-list.ts";
import { boundsText } from "../../src/models/matrix-report.ts";

const small = { budget: { states: 20_000 } };

describe("a model with other bounds", () => {
  test("is the model itself where nothing differs, so that its tokens keep their meaning", () => {
    for (const model of namedModels) {
      const { vcpus, order, superpages, start } = boundsOf(model);
      expect(withBounds(model, {})).toBe(model);
      expect(withBounds(model, { vcpus, order, superpages, start })).toBe(model);
      expect(Object.keys(modelUnderScheme(model, "sealed").options ?? {})).not.toContain("superpages");
    }
  });

  test("repeats lists of operations and steps, and spreads vCPUs over the domains", () => {
    const bounds = boundsOf(withBounds(modelByName("foreign-map"), { vcpus: 3, superpages: 2, order: 2 }));
    expect(bounds).toMatchObject({ vcpus: 3, domains: 2, superpages: 2, order: 2, steps: [1, 2, 1] });
    expect(bounds.operations[2]).toEqual(bounds.operations[0]);
    expect(boundsText(bounds)).toMatch(/^3 vCPUs, 2 domains, 2 superpages of order 2, highmem start; vCPU 0 one of /);
    const three = withBounds(modelByName("mark-mark"), { vcpus: 3, domains: 3, steps: [1, 2, 3] });
    expect(three.options).toMatchObject({ vcpuDomains: [0, 1, 2], steps: [1, 2, 3] });
  });

  test.each<readonly [BoundsChange, string, readonly string[]]>([
    [{ superpages: 2, order: 0 }, "map-map-unmap", ["S3", "S1"]],
    [{ order: 0 }, "map-map-unmap", ["S3", "S1"]],
    [{ order: 2, steps: [1, 1] }, "unmark-mapped", []],
    [{ vcpus: 3, domains: 3, steps: 1 }, "foreign-unmark", ["S4", "S3"]],
  ])("%j of %s is found in xen-4.1, and the token alone tells how", (change, name, properties) => {
    const model = withBounds(modelByName(name), change);
    const { counterexamples } = checkModel(model, "xen-4.1", { budget: { states: 70_000 } });
    expect(counterexamples.map(({ property }) => property)).toEqual(properties);
    for (const { property, token } of counterexamples) {
      expect(modelOfToken(token).named).toEqual(model);
      expect(explainToken(token).violated.map((each) => each.property)).toContain(property);
    }
  });

  test.each<readonly [BoundsChange, string, number]>([
    [{ order: 0 }, "map-map-unmap", 1_384],
    [{ superpages: 2, steps: 1 }, "mark-mark", 1_323],
    [{ vcpus: 3, order: 0, steps: 1 }, "mark-mark", 128_989],
  ])("%j of %s is explored to its end under sealed, and holds", (change, name, states) => {
    const check = checkModel(withBounds(modelByName(name), change), "sealed");
    expect(check).toMatchObject({ verdict: "holds", reason: undefined, states });
  });

  test("says which superpage it is about where there are several", () => {
    const model = withBounds(modelByName("map-map-unmap"), { superpages: 2, order: 0 });
    const { counterexamples } = checkModel(model, "xen-4.1", { properties: ["S1"] });
    const { paragraph, columns, legend } = explainToken(counterexamples[0]?.token ?? "");
    expect(paragraph).toMatch(
      /^Before it begins, vCPU 0 has performed map-2m-rw on each superpage\. vCPU 0 \(d1\) begins/,
    );
    expect(paragraph).toMatch(/begins pin as L1 \(frame 0 of superpage [01]\) at step \d+/);
    expect(columns).toMatch(/▶ unmap 2M\(superpage [01]\)/);
    expect(legend).toContain("Frames: the superpages 1, 2;");
  });

  test("finds nothing under sealed, whatever the bounds, as far as it goes", () => {
    for (const change of [{ superpages: 2 }, { order: 3 }, { vcpus: 3 }, { order: 0, vcpus: 4 }]) {
      for (const name of ["map-unmark-pin", "small-pages", "stale-translation"]) {
        expect(checkModel(withBounds(modelByName(name), change), "sealed", small).counterexamples).toEqual([]);
      }
    }
  });
});

test.each<readonly [string, BoundsChange, keyof BoundsChange, RegExp]>([
  ["mark-mark", { vcpus: 0 }, "vcpus", /^vcpus: 0 given, expected a whole number from 1 to 8$/],
  ["mark-mark", { vcpus: 2.5 }, "vcpus", /2\.5 given/],
  ["mark-mark", { order: 10 }, "order", /from 0 to 9/],
  ["mark-mark", { domains: 3 }, "domains", /3 domains for 2 vCPUs, and each needs one, expected at most 2/],
  ["mark-mark", { steps: [1, 2, 3] }, "steps", /3 numbers of steps for 2 vCPUs/],
  ["mark-mark", { steps: [1, 0] }, "steps", /0 given/],
  ["foreign-map", { vcpus: 1 }, "vcpus", /has 2 domains, which cannot all run on 1 vCPU/],
  ["release", { domains: 1 }, "domains", /goes from one domain to another/],
  ["destroy", { vcpus: 3 }, "vcpus", /vCPU 2 would still run in it/],
  ["map-unmark-pin-lowmem", { start: "highmem" }, "start", /no direct map of the superpage in a highmem start/],
  ["stale-translation", { order: 4 }, "order", /36 frames, .* expected at most 31 frames$/],
])("%s refuses %j", (name, change, bound, message) => {
  const refused = (): unknown => withBounds(modelByName(name), change);
  expect(refused).toThrow(BoundsProblem);
  expect(refused).toThrow(message);
  expect(refused).toThrow(expect.objectContaining({ bound, remedy: expect.stringMatching(/\w/) as string }));
});
