import { describe, expect, it } from "vitest";
import { explore, type Model, replay } from "../src/index.ts";
import { counter } from "./models/counters.ts";
import { dekker, peterson } from "./models/mutual-exclusion.ts";
import { stack } from "./models/stack.ts";
import { superpage } from "./models/superpage.ts";
import { twoLocks } from "./models/two-locks.ts";
import { exploreByReference } from "./reference-explorer.ts";

interface Case {
  readonly name: string;
  readonly model: Model;
  readonly states: number;
  readonly transitions: number;
  /** The violated properties and the lengths of their counterexamples; none: it holds. */
  readonly violated: Readonly<Record<string, number>>;
}

const cases: readonly Case[] = [
  // By hand: nobody has stored in 4 states, one has in 6, both have in 2.
  { name: "two stores", model: counter(2, 1, false), states: 12, transitions: 14, violated: { "nothing is lost": 4 } },
  { name: "Peterson's mutex", model: peterson(false), states: 258, transitions: 480, violated: {} },
  {
    name: "Peterson's mutex, turn before flag",
    model: peterson(true),
    states: 489,
    transitions: 908,
    violated: { exclusion: 9 },
  },
  { name: "Dekker's mutex", model: dekker(false), states: 331, transitions: 578, violated: {} },
  {
    name: "Dekker's mutex, look before flag",
    model: dekker(true),
    states: 217,
    transitions: 350,
    violated: { exclusion: 6 },
  },
  { name: "a counter by swaps", model: counter(3, 2, true), states: 485, transitions: 1140, violated: {} },
  {
    name: "a counter by stores",
    model: counter(3, 2, false),
    states: 904,
    transitions: 1977,
    violated: { "nothing is lost": 12 },
  },
  { name: "two locks in one order", model: twoLocks(false), states: 32, transitions: 38, violated: {} },
  {
    name: "two locks in opposite orders",
    model: twoLocks(true),
    states: 60,
    transitions: 74,
    violated: { deadlock: 4 },
  },
  { name: "a stack with generations", model: stack(false), states: 426, transitions: 723, violated: {} },
  {
    name: "a stack without generations",
    model: stack(true),
    states: 419,
    transitions: 715,
    violated: { "no taken cell is in the stack": 16 },
  },
  {
    name: "a superpage",
    model: superpage({ vcpus: 2, frames: 2, steps: 2 }),
    states: 8437,
    transitions: 15588,
    violated: {},
  },
  {
    name: "a superpage of three",
    model: superpage({ vcpus: 3, frames: 2, steps: 1 }),
    states: 16754,
    transitions: 40296,
    violated: {},
  },
  {
    name: "a superpage that keeps nobody out",
    model: superpage({ vcpus: 2, frames: 2, steps: 1, broken: true }),
    states: 565,
    transitions: 1062,
    violated: { "a mapped superpage holds its frames": 8 },
  },
];

describe.each(cases)("$name", ({ model, states, transitions, violated }) => {
  const options = { until: "every-property", reduction: "none" } as const;
  const result = explore(model, options);

  it("has exactly these violations, with shortest counterexamples of these lengths", () => {
    expect(Object.fromEntries(result.violations.map(({ property, depth }) => [property, depth]))).toEqual(violated);
    expect(result.verdict).toBe(Object.keys(violated).length === 0 ? "holds" : "violated");
  });

  it("has exactly these states and transitions", () => {
    const counted = explore(model, { ...options, properties: [] });
    expect({ states: counted.states, transitions: counted.transitions }).toEqual({ states, transitions });
  });

  it("looks the same to the reference", () => {
    const reference = exploreByReference(model);
    expect(reference).toMatchObject({ states, transitions, violated });
    expect(result.witnesses.map(({ property, depth }) => [property, depth])).toEqual(
      Object.entries(reference.witnessed),
    );
  });

  it.each(["choices", "independent"] as const)("comes to the same verdict with %s reduced", (reduction) => {
    const reduced = explore(model, { until: "every-property", reduction });
    expect(reduced.violations.map(({ property }) => property).toSorted()).toEqual(Object.keys(violated).toSorted());
    for (const { token, property, message } of reduced.violations) {
      expect(replay(model, token ?? "").violated).toContainEqual({ property, message });
    }
  });
});
