import { expect, it } from "vitest";
import {
  done,
  explore,
  type LocalState,
  type Model,
  movesToEndOfOperation,
  nextSteps,
  type Program,
  replay,
} from "../src/index.ts";
import { counter } from "./models/counters.ts";
import { twoLocks } from "./models/two-locks.ts";

it("tells of every state on the way what the vCPU that moves next then does", () => {
  const model = counter(2, 2, false);
  const { schedule = [] } = explore(model).violations[0] ?? {};
  const { steps } = replay(model, schedule);
  expect(steps.length).toBeGreaterThan(4);
  for (const [at, step] of steps.entries()) {
    const next = nextSteps(model, schedule.slice(0, at))[step.vcpu];
    const { kind, region, index, value, desired, operation, before } = step;
    expect(next).toMatchObject({ state: "ready", kind, region, index, value, desired, operation, word: before });
  }
  expect(nextSteps(model, schedule).map(({ state }) => state)).toEqual(["done", "done"]);
});

it("tells which word each vCPU of a deadlock waits for", () => {
  const model = twoLocks(true);
  const { token } = explore(model).violations[0] as { token: string };
  expect(nextSteps(model, token)).toMatchObject([
    { vcpu: 0, state: "waits", kind: "waitWhile", region: "locks", index: 1, word: 1, value: 1 },
    { vcpu: 1, state: "waits", kind: "waitWhile", region: "locks", index: 0, word: 1, value: 1 },
  ]);
});

function oneOperation(operation: () => void): Program {
  return {
    name: "once",
    start: [1],
    step([left = 0]) {
      if (left === 0) return done;
      operation();
      return [0];
    },
  };
}

const chooser: Model = {
  name: "chooser",
  setup(world) {
    const word = world.allocate(1, "word");
    return {
      programs: [
        {
          name: "chooser",
          start: [1],
          step([left = 0]: LocalState, context) {
            if (left === 0) return done;
            if (context.choose(3) === 2) throw new Error("the third way is a bug");
            context.begin("takes", "one of the first two ways");
            word.store(0, 1);
            return [0];
          },
        },
      ],
      properties: [],
    };
  },
};

it("names what each choice leads to, as far as it is announced", () => {
  const takes = "takes(one of the first two ways)";
  expect(nextSteps(chooser, [])).toMatchObject([
    { state: "ready", kind: "choose", choices: [takes, takes, undefined] },
  ]);
});

it("tells nothing of a word where there is none, and the place in its region where there is one", () => {
  const none = { region: "", index: -1, word: 0, value: 0, desired: 0 };
  const takes = "takes(one of the first two ways)";
  const vcpu = { vcpu: 0, program: "chooser" };
  expect(nextSteps(chooser, [])).toEqual([
    { ...vcpu, state: "ready", operation: undefined, kind: "choose", ...none, choices: [takes, takes, undefined] },
  ]);
  const ended = { ...vcpu, state: "done", operation: undefined, kind: undefined, ...none, choices: [] };
  const one = { vcpu: 0, choice: 0 };
  expect(nextSteps(chooser, [one, one])).toEqual([ended]);

  const second: Model = {
    name: "second region",
    setup(world) {
      world.allocate(3, "first");
      const words = world.allocate(2, "second");
      words.store(1, 7);
      const swaps = oneOperation(() => void words.compareAndSwap(1, 7, 8));
      return { programs: [swaps], properties: [] };
    },
  };
  const swap = { kind: "compareAndSwap", region: "second", index: 1, value: 7, desired: 8 };
  expect(nextSteps(second, [])).toEqual([
    { vcpu: 0, program: "once", state: "ready", operation: undefined, ...swap, word: 7, choices: [] },
  ]);
  expect(replay(second, [one]).steps).toMatchObject([{ ...swap, before: 7 }]);
});

it("ends an operation before its end where something is wrong", () => {
  const model: Model = {
    name: "wrong in between",
    setup(world) {
      const word = world.allocate(1, "word");
      const counts = oneOperation(() => {
        for (let value = 1; value <= 5; value++) word.store(0, value);
      });
      const holds = (): boolean => word.load(0) !== 3;
      return { programs: [counts], properties: [{ kind: "always", name: "never three", holds }] };
    },
  };
  expect(movesToEndOfOperation(model, [], 0)).toHaveLength(3);
});

it("tells of a vCPU whose code has thrown that it has failed", () => {
  expect(nextSteps(chooser, [{ vcpu: 0, choice: 2 }])).toMatchObject([{ state: "failed", kind: undefined }]);
});

it("refuses a token of another model", () => {
  const { token } = explore(twoLocks(true)).violations[0] as { token: string };
  expect(() => nextSteps(chooser, token)).toThrow(RangeError);
});

it("lets a vCPU go on until something is announced, or it has to wait or to choose, or something is wrong", () => {
  const counting = counter(2, 2, false);
  const moves = movesToEndOfOperation(counting, [], 1);
  expect(replay(counting, moves).steps.map(({ kind, notes }) => [kind, notes.length])).toEqual([
    ["load", 0],
    ["store", 1],
  ]);
  const locks = twoLocks(true);
  const one = movesToEndOfOperation(locks, [], 0);
  expect(nextSteps(locks, one)[0]).toMatchObject({ state: "done" });
  // Another holds the lock: it waits.
  const held = [{ vcpu: 1, choice: 0 }];
  const waits = movesToEndOfOperation(locks, held, 0);
  expect(nextSteps(locks, [...held, ...waits])[0]).toMatchObject({ state: "waits" });
  expect(movesToEndOfOperation(chooser, [], 0)).toEqual([]);
});
