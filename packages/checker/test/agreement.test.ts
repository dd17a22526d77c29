import fc from "fast-check";
import { expect, it } from "vitest";
import { type CheckResult, explore, replay } from "../src/index.ts";
import { buildRandomModel, randomModel, runsOf } from "./random-model.ts";
import { exploreByReference } from "./reference-explorer.ts";

const everything = { until: "every-property", reduction: "none" } as const;

function depthsOf(result: CheckResult): Record<string, number> {
  return Object.fromEntries(
    result.violations.filter(({ kind }) => kind !== "vacuous").map(({ property, depth }) => [property, depth]),
  );
}

const namesOf = (depths: Readonly<Record<string, number>>): string[] => Object.keys(depths).toSorted();

it("agrees with the reference on states, transitions, depth, verdicts and the length of every counterexample", () => {
  fc.assert(
    fc.property(randomModel, (random) => {
      const model = buildRandomModel(random);
      const reference = exploreByReference(model);
      // Exploring on until each property has its verdict may stop early, so counts come from a run without properties.
      const counted = explore(model, { ...everything, properties: [] });
      const result = explore(model, everything);
      expect(counted).toMatchObject({
        states: reference.states,
        transitions: reference.transitions,
        depth: reference.depth,
      });
      expect(depthsOf(result)).toEqual(reference.violated);
      const isOver = result.states === reference.states;
      if (isOver)
        expect(result.witnesses.map(({ depth }) => depth).length > 0).toBe("sometimes" in reference.witnessed);
    }),
    { numRuns: runsOf(400) },
  );
});

it.each(["choices", "independent"] as const)("finds with %s reduced exactly what it finds without", (reduction) => {
  fc.assert(
    fc.property(randomModel, fc.boolean(), (random, looksAtBits) => {
      const model = buildRandomModel(random, looksAtBits);
      const full = explore(model, everything);
      const reduced = explore(model, { ...everything, reduction });
      expect(namesOf(depthsOf(reduced))).toEqual(namesOf(depthsOf(full)));
      expect(reduced.verdict).toBe(full.verdict);
      for (const [name, depth] of Object.entries(depthsOf(full))) {
        expect(depthsOf(reduced)[name]).toBeGreaterThanOrEqual(depth);
      }
      expect(reduced.states).toBeLessThanOrEqual(full.states);
      const witnessed = ({ witnesses }: CheckResult): string[] => witnesses.map(({ property }) => property).toSorted();
      const sawAll = full.states === explore(model, { ...everything, properties: [] }).states;
      if (sawAll) expect(witnessed(reduced)).toEqual(witnessed(full));
    }),
    { numRuns: runsOf(500) },
  );
});

it("replays every counterexample and witness from its token", () => {
  fc.assert(
    fc.property(randomModel, (random) => {
      const model = buildRandomModel(random);
      const result = explore(model, { until: "every-property", reduction: "independent" });
      for (const { token, property } of result.violations) {
        if (token === undefined) continue;
        expect(replay(model, token).violated.map((violated) => violated.property)).toContain(property);
      }
      for (const { token, property } of result.witnesses) expect(replay(model, token).witnessed).toContain(property);
    }),
    { numRuns: runsOf(100) },
  );
});
