import { type Context, done, type LocalState, type Model, type Program } from "../../src/index.ts";

/** Two vCPUs take two locks. The broken twin takes them in opposite orders. */
export function twoLocks(isBroken: boolean): Model {
  return {
    name: "two-locks",
    options: { isBroken },
    setup(world) {
      const locks = world.allocate(2, "locks");
      const lock = (index: number): void => {
        while (locks.compareAndSwap(index, 0, 1) !== 0) locks.waitWhile(index, 1);
      };
      const program = (first: number): Program => ({
        name: `takes ${first} first`,
        start: [1],
        step([left = 0]: LocalState, context: Context) {
          if (left === 0) return done;
          context.begin("both", first);
          lock(first);
          lock(1 - first);
          locks.store(1 - first, 0);
          locks.store(first, 0);
          return [0];
        },
      });
      return {
        programs: [program(0), program(isBroken ? 1 : 0)],
        properties: [
          { kind: "sometimes", name: "both held", holds: () => locks.load(0) + locks.load(1) === 2 },
          { kind: "finally", name: "both free", holds: () => locks.load(0) + locks.load(1) === 0 },
        ],
      };
    },
  };
}
