import { describe, expect, it } from "vitest";
import { explore, Exploration, type ExploreOptions, type Model } from "../src/index.ts";
import { counter } from "./models/counters.ts";
import { superpage } from "./models/superpage.ts";

const options = { vcpus: 2, frames: 2, steps: 2 };

function interrupted(model: Model, batches: number, how: ExploreOptions = {}): Uint8Array {
  const exploration = new Exploration(model, how);
  exploration.advance(batches);
  return exploration.checkpoint();
}

it.each([0, 1, 7, 20, 33])("goes on from a checkpoint after %i batches as if nothing had happened", (batches) => {
  const model = superpage(options);
  const resumed = Exploration.resume(model, {}, interrupted(model, batches));
  while (!resumed.advance()) continue;
  expect(resumed.result()).toEqual(explore(model));
  expect(resumed.checkpoint()).toEqual(interrupted(model, 1000));
});

it.each([0, 1, 5, 12, 25])("knows after %i batches what was learned of independent steps", (batches) => {
  const model = superpage(options);
  const independent = { reduction: "independent" } as const;
  const resumed = Exploration.resume(model, independent, interrupted(model, batches, independent));
  while (!resumed.advance()) continue;
  expect(resumed.result()).toEqual(explore(model, independent));
});

it.each([0, 1, 3, 8])("finds after %i batches a violation that lay behind them", (batches) => {
  // What properties read on ways that were gone before has to be known: states are compared with their parents by it.
  const model = superpage({ ...options, broken: true });
  const resumed = Exploration.resume(model, {}, interrupted(model, batches));
  while (!resumed.advance()) continue;
  expect(resumed.result()).toEqual(explore(model));
});

it("keeps a violation found before it", () => {
  const model = superpage({ ...options, broken: true });
  const resumed = Exploration.resume(model, {}, interrupted(model, 1000));
  expect(resumed.advance()).toBe(true);
  expect(resumed.result()).toEqual(explore(model));
});

describe("a checkpoint", () => {
  const bytes = interrupted(superpage(options), 5);

  it.each([
    ["model: superpage there, counter here", counter(2, 1, true), {}],
    ["option frames: 2 there, 3 here", superpage({ ...options, frames: 3 }), {}],
    ["reduction: choices there, none here", superpage(options), { reduction: "none" } as const],
    ["properties asked for: deadlock,error,", superpage(options), { properties: ["deadlock"] }],
    ["until: first-violation there, every-property here", superpage(options), { until: "every-property" } as const],
  ])("is refused as one of another %s", (message, model, others) => {
    expect(() => Exploration.resume(model, others, bytes)).toThrow(`the checkpoint is of another ${message}`);
  });

  it("is refused when the code does something else than it did", () => {
    const changed = superpage({ ...options, broken: true });
    const disguised: Model = { ...changed, options: superpage(options).options ?? {} };
    expect(() => Exploration.resume(disguised, {}, bytes)).toThrow("the code under check behaves differently");
  });

  it("is refused when it is cut off or something else", () => {
    expect(() => Exploration.resume(superpage(options), {}, bytes.subarray(0, bytes.length - 9))).toThrow("too early");
    expect(() => Exploration.resume(superpage(options), {}, new Uint8Array(100))).toThrow(
      "this is no xsp-checkpoint-3",
    );
  });
});
