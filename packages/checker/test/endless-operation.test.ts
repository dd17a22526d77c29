import { expect, it } from "vitest";
import { done, explore, type Model, type Program } from "../src/index.ts";

function oneOperation(name: string, step: () => void): Program {
  return {
    name,
    start: [1],
    step([left = 0]) {
      if (left === 0) return done;
      step();
      return [0];
    },
  };
}

it("ends at a limit all the same", () => {
  const model: Model = {
    name: "spins",
    setup(world) {
      const lock = world.allocate(1, "lock");
      lock.store(0, 1);
      const spins = oneOperation("spins", () => {
        while (lock.load(0) !== 0);
      });
      const looks = oneOperation("looks", () => void lock.compareAndSwap(0, 0, 2));
      return { programs: [spins, looks], properties: [] };
    },
  };
  const result = explore(model, { reduction: "independent", budget: { states: 100 } });
  expect(result).toMatchObject({ verdict: "incomplete", reason: "states" });
});
