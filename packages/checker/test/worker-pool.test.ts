import { createWorkerPool } from "@xsp/checker/node";
import { expect, it } from "vitest";
import { explore, type ExploreOptions, type Model } from "../src/index.ts";
import { superpage } from "./models/superpage.ts";

async function withThreads(threads: number, model: Model, options: ExploreOptions) {
  const pool = createWorkerPool(threads);
  try {
    return explore(model, { ...options, pool });
  } finally {
    await pool.close();
  }
}

it.each([1, 3])("finds with %i threads exactly what one finds without a pool", async (threads) => {
  const model = superpage({ vcpus: 2, frames: 2, steps: 3 });
  for (const options of [
    {},
    { reduction: "none" },
    { reduction: "independent" },
    { reduction: "independent", decisionLimit: 5 },
  ] as const) {
    expect(await withThreads(threads, model, options)).toEqual(explore(model, options));
  }
});

it("finds the same counterexample, states and transitions when something is violated far away", async () => {
  const model = superpage({ vcpus: 3, frames: 2, steps: 2 });
  const far: Model = {
    ...model,
    setup(world) {
      const { programs } = model.setup(world);
      const holds: import("../src/index.ts").Property["holds"] = (state) => {
        return !(state.vcpu(0).done && state.vcpu(1).local[0] === 0 && state.vcpu(2).local[0] === 0);
      };
      return { programs, properties: [{ kind: "always", name: "far", holds }] };
    },
  };
  const alone = explore(far);
  expect(alone.verdict).toBe("violated");
  expect(alone.states).toBeGreaterThan(10_000);
  expect(await withThreads(2, far, {})).toEqual(alone);
});

it("stops at a budget in the same state", async () => {
  const model = superpage({ vcpus: 3, frames: 2, steps: 2 });
  const options = { budget: { states: 100_000 } };
  const result = await withThreads(2, model, options);
  expect(result).toEqual(explore(model, options));
  expect(result.verdict).toBe("incomplete");
});

it("refuses a pool without a thread", () => {
  expect(() => createWorkerPool(0)).toThrow("a pool of 0 threads: expected 1 or more");
});
