import { expect, it } from "vitest";
import { type Context, done, type Model, type Program, type Property, replay } from "../src/index.ts";

function once(name: string, step: (context: Context) => void): Program {
  return {
    name,
    start: [0],
    step([end = 0], context) {
      if (end === 1) return done;
      step(context);
      return [1];
    },
  };
}

const steps = (...vcpus: readonly number[]) => vcpus.map((vcpu) => ({ vcpu, choice: 0 }));

it("tells of each kind of step where it was made, on what, and what was answered", () => {
  const model: Model = {
    name: "kinds",
    setup(world) {
      const [first, second] = [world.allocate(2, "first"), world.allocate(3, "second")];
      second.store(1, 4);
      const program = once("all kinds", (context) => {
        context.choose(3);
        first.load(1);
        second.store(2, 7);
        second.compareAndSwap(1, 4, 5);
        second.compareAndSwap(1, 4, 6);
        second.waitWhile(2, 1);
      });
      return { programs: [program], properties: [] };
    },
  };
  const trace = replay(model, [{ vcpu: 0, choice: 2 }, ...steps(0, 0, 0, 0, 0)]);
  const said = trace.steps.map(({ kind, region, index, before, after, value, desired, answer }) => {
    return [kind, region, index, before, after, value, desired, answer];
  });
  expect(said).toEqual([
    ["choose", "", -1, 0, 0, 3, 0, 2],
    ["load", "first", 1, 0, 0, 0, 0, 0],
    ["store", "second", 2, 0, 7, 7, 0, 0],
    ["compareAndSwap", "second", 1, 4, 5, 4, 5, 4],
    ["compareAndSwap", "second", 1, 5, 5, 4, 6, 5],
    ["waitWhile", "second", 2, 7, 7, 1, 0, 7],
  ]);
  expect({ ...trace, steps: [] }).toEqual({
    model: "kinds",
    options: {},
    regions: [
      { name: "first", base: 0, length: 2 },
      { name: "second", base: 2, length: 3 },
    ],
    programs: ["all kinds"],
    initial: Int32Array.of(0, 0, 0, 4, 0),
    steps: [],
    violated: [],
    witnessed: [],
  });
});

it("names the options of a model that has any", () => {
  const programs = [once("nothing", () => {})];
  const model: Model = { name: "of", options: { n: 3 }, setup: () => ({ programs, properties: [] }) };
  expect(replay(model, []).options).toEqual({ n: 3 });
});

it("tells what is wrong in the last state: an error first, then properties in their order, in their words", () => {
  const model: Model = {
    name: "wrong",
    setup(world) {
      const word = world.allocate(1, "word");
      const throws = once("throws", () => {
        if (word.load(0) === 1) throw new Error("one is too many");
      });
      const property = (name: string, more: Partial<Property>): Property => {
        return { kind: "always", name, holds: () => word.load(0) === 0, ...more };
      };
      return {
        programs: [once("stores", () => word.store(0, 1)), throws],
        properties: [
          property("is 0", { explain: () => `it is ${word.load(0)}` }),
          property("is 1, once", { kind: "sometimes", holds: () => word.load(0) === 1 }),
          property("is 2, once", { kind: "sometimes", holds: () => word.load(0) === 2 }),
          property("is 0 as well", {}),
          property("is 0 in the end", { kind: "finally" }),
        ],
      };
    },
  };
  const always = [
    { property: "is 0", message: "it is 1" },
    { property: "is 0 as well", message: "is 0 as well does not hold" },
  ];
  expect(replay(model, steps(0))).toMatchObject({ violated: always, witnessed: ["is 1, once"] });
  const error = { property: "error", message: "vCPU 1: one is too many" };
  expect(replay(model, steps(0, 1))).toMatchObject({ violated: [error, ...always], witnessed: ["is 1, once"] });
  const atTheEnd = { property: "is 0 in the end", message: "is 0 in the end does not hold" };
  expect(replay(model, steps(1, 0))).toMatchObject({ violated: [...always, atTheEnd] });
  expect(replay(model, [])).toMatchObject({ violated: [], witnessed: [] });
});

it("tells who waits for what in a deadlock, and nothing of who is done", () => {
  const model: Model = {
    name: "stuck",
    setup(world) {
      const words = world.allocate(2, "words");
      const waits = (index: number): Program => once("waits", () => void words.waitWhile(index, 0));
      return { programs: [waits(1), once("loads", () => void words.load(0)), waits(0)], properties: [] };
    },
  };
  expect(replay(model, []).violated).toEqual([]);
  const message = "vCPU 0 waits for words[1] to leave 0; vCPU 2 waits for words[0] to leave 0";
  expect(replay(model, steps(1)).violated).toEqual([{ property: "deadlock", message }]);
});
