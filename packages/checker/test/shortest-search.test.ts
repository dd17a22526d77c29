import type { Words } from "@xsp/words";
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  done,
  explore,
  type Model,
  type Program,
  type Property,
  shortestCounterexamples,
  ShortestSearch,
} from "../src/index.ts";
import { counter } from "./models/counters.ts";
import { superpage } from "./models/superpage.ts";
import { buildRandomModel, randomModel, runsOf } from "./random-model.ts";

/** One vCPU comes to write a nine by either of two ways: a long one of which little is seen, or a short one that is all seen. */
function twoWays(long: number, short: number, beside: (word: Words) => Program): Model {
  return {
    name: "two ways",
    setup(world) {
      const [word, own] = [world.allocate(1, "word"), world.allocate(1, "own")];
      const walker: Program = {
        name: "takes one of two ways",
        start: [0],
        step([end = 0], context) {
          if (end === 1) return done;
          const isLong = context.choose(2) === 0;
          word.load(0);
          for (let i = 0; i < (isLong ? long : 0); i++) own.store(0, i);
          for (let i = 0; i < (isLong ? 0 : short); i++) word.store(0, i);
          word.store(0, 9);
          return [1];
        },
      };
      const holds = (): boolean => word.load(0) !== 9;
      return { programs: [walker, beside(word)], properties: [{ kind: "always", name: "nine", holds }] };
    },
  };
}

/** Makes so many choices, then looks at the word. */
const looker =
  (choices: number) =>
  (word: Words): Program => ({
    name: "looks",
    start: [0],
    step([end = 0], context) {
      if (end === 1) return done;
      for (let i = 0; i < choices; i++) context.choose(2);
      word.load(0);
      return [1];
    },
  });

it("is as long as the one that an unreduced exploration finds", () => {
  fc.assert(
    fc.property(randomModel, (random) => {
      const model = buildRandomModel(random);
      const found = explore(model, { until: "every-property", reduction: "independent" });
      const near = explore(model, { until: "every-property", reduction: "none" });
      const shortest = shortestCounterexamples(model, found.violations);
      expect(shortest.map(({ violation }) => violation.property)).toEqual(
        found.violations.map((each) => each.property),
      );
      for (const { violation, isShortest } of shortest) {
        if (violation.schedule === undefined) continue;
        const there = near.violations.find(({ property }) => property === violation.property);
        expect([violation.depth, isShortest]).toEqual([there?.depth, true]);
      }
    }),
    { numRuns: runsOf(300) },
  );
});

it("is found where fewer visible steps make a longer way", () => {
  const model = twoWays(9, 3, looker(0));
  const [violation] = explore(model, { reduction: "independent" }).violations;
  if (violation === undefined) throw new Error("a nine was expected");
  const [found] = shortestCounterexamples(model, [violation]);
  expect([violation.depth, found?.violation.depth, found?.isShortest]).toEqual([12, 6, true]);
});

it("is not claimed when the budget does not suffice to know", () => {
  const model = counter(3, 2, false);
  const [violation] = explore(model).violations;
  if (violation === undefined) throw new Error("a lost update was expected");
  const unknown = shortestCounterexamples(model, [violation], { budget: { states: 10 } });
  expect(unknown).toEqual([{ violation, isShortest: false }]);
  expect(shortestCounterexamples(model, [violation])).toEqual([{ violation, isShortest: true }]);
});

it("is the one that was there, where the other is as long", () => {
  const model = counter(3, 2, false);
  const [found] = explore(model).violations;
  if (found === undefined) throw new Error("a lost update was expected");
  const given = { ...found, message: "in the words of whoever found it" };
  // A second one, further away, so that the search goes on far enough to find the first itself.
  const far = { ...found, property: "deadlock", depth: found.depth + 1 };
  const [near] = shortestCounterexamples(model, [given, far]);
  expect(near?.violation).toBe(given);
  expect(near?.isShortest).toBe(true);
});

it("is looked for among all that is nearer, and no further", () => {
  const model = superpage({ vcpus: 2, frames: 1, steps: 2, broken: true });
  const [found] = explore(model, { reduction: "none" }).violations;
  if (found === undefined) throw new Error("a violation was expected");
  const search = new ShortestSearch(model, [found]);
  while (!search.advance());
  const { states, depth } = search.progress();
  const budget = { depth: found.depth - 1 };
  const unlooked = { reduction: "none", properties: [] } as const;
  expect([states, depth]).toEqual([explore(model, { ...unlooked, budget }).states, found.depth]);
  expect(states).toBeLessThan(explore(model, unlooked).states);
  expect(search.result()).toEqual([{ violation: found, isShortest: true }]);
});

it("is asked for nothing that has no schedule", () => {
  const model = counter(3, 2, false);
  const [found] = explore(model).violations;
  if (found === undefined) throw new Error("a lost update was expected");
  const vacuous = { ...found, schedule: undefined, token: undefined, property: "never seen", depth: 1000 };
  const search = new ShortestSearch(model, [found, vacuous]);
  while (!search.advance()) expect(search.progress().depth).toBeLessThanOrEqual(found.depth);
  expect(search.result()[0]).toEqual({ violation: found, isShortest: true });
  expect(search.result()[1]?.violation).toBe(vacuous);
});

it("is known of each violation by itself", () => {
  // The sum of the digits is reached by one way only, and long after the first store.
  const model: Model = {
    name: "near and far",
    setup(world) {
      const word = world.allocate(1, "word");
      const counts: Program = {
        name: "counts",
        start: [0],
        step([n = 0]) {
          if (n === 9) return done;
          word.store(0, n + 1);
          return [n + 1];
        },
      };
      const idles: Program = {
        ...counts,
        name: "looks",
        step: ([n = 0]) => (word.load(0) > 9 || n === 9 ? done : [n + 1]),
      };
      const reaches = (most: number): Property => {
        return { kind: "always", name: `below ${most}`, holds: () => word.load(0) < most };
      };
      return { programs: [counts, idles], properties: [reaches(2), reaches(7)] };
    },
  };
  const { violations } = explore(model, { until: "every-property", reduction: "independent" });
  expect(violations.map(({ depth }) => depth)).toEqual([2, 7]);
  const found = shortestCounterexamples(model, violations);
  expect(found.map(({ isShortest }) => isShortest)).toEqual([true, true]);
  const few = shortestCounterexamples(model, violations, { budget: { states: 10 } });
  expect(few.map(({ isShortest }) => isShortest)).toEqual([true, false]);
});

it("does not count what vCPUs do that have nothing to do with it", () => {
  // Beside the two ways a vCPU that has three choices to make before anything else.
  const model = twoWays(4, 2, looker(3));
  const { violations } = explore(model, { reduction: "independent" });
  const [found] = shortestCounterexamples(model, violations);
  const [shortest] = explore(model, { reduction: "none" }).violations;
  expect([violations[0]?.depth, found?.violation.depth, found?.isShortest]).toEqual([7, shortest?.depth, true]);
});
