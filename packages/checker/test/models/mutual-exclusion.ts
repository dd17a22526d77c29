import type { Words } from "@xsp/words";
import { type Context, done, type LocalState, type Model, type Program, type Property } from "../../src/index.ts";

/** A mutex of two as two functions over words. `lock` answers whether it was got; if not, it is tried again. */
interface Mutex {
  begin(me: number): void;
  lock(me: number): boolean;
  unlock(me: number): void;
}

type AllocateWords = (length: number, name: string) => Words;

/**
 * Every vCPU enters the critical section `rounds` times; `inside` tells who is in it. Trying to get the lock is an
 * operation of its own: what a vCPU saw in an attempt that failed is forgotten, so that spinning is a cycle of states.
 */
function mutexModel(name: string, isBroken: boolean, rounds: number, make: (allocate: AllocateWords) => Mutex): Model {
  return {
    name,
    options: { isBroken },
    setup(world) {
      const inside = world.allocate(2, "inside");
      const mutex = make(world.allocate);
      const program = (me: number): Program => ({
        name: `process${me}`,
        start: [rounds, 0],
        step([left = 0, isTrying = 0]: LocalState, context: Context) {
          if (left === 0) return done;
          context.begin(isTrying === 0 ? "begin" : "enter", me);
          if (isTrying === 0) {
            mutex.begin(me);
            return [left, 1];
          }
          if (!mutex.lock(me)) return [left, 1];
          inside.store(me, 1);
          inside.store(me, 0);
          mutex.unlock(me);
          context.note("left", [me]);
          return [left - 1, 0];
        },
      });
      const properties: Property[] = [
        { kind: "always", name: "exclusion", holds: () => inside.load(0) + inside.load(1) < 2 },
        { kind: "sometimes", name: "second enters", holds: () => inside.load(1) === 1 },
        { kind: "finally", name: "all left", holds: () => inside.load(0) + inside.load(1) === 0 },
      ];
      return { programs: [program(0), program(1)], properties };
    },
  };
}

/** Peterson 1981. The broken twin takes its turn before it raises its flag. */
export function peterson(isBroken: boolean): Model {
  return mutexModel("peterson", isBroken, 2, (allocate) => {
    const flags = allocate(2, "flags");
    const turn = allocate(1, "turn");
    return {
      begin(me) {
        if (isBroken) turn.store(0, 1 - me);
        flags.store(me, 1);
        if (!isBroken) turn.store(0, 1 - me);
      },
      lock: (me) => flags.load(1 - me) === 0 || turn.load(0) === me,
      unlock: (me) => flags.store(me, 0),
    };
  });
}

/** Dekker's flags and turn. The broken twin looks at the other's flag before it raises its own. */
export function dekker(isBroken: boolean): Model {
  return mutexModel("dekker", isBroken, 2, (allocate) => {
    const flags = allocate(2, "flags");
    const turn = allocate(1, "turn");
    return {
      begin(me) {
        if (!isBroken) flags.store(me, 1);
      },
      lock(me) {
        const other = 1 - me;
        if (isBroken) {
          flags.waitWhile(other, 1);
          flags.store(me, 1);
          return true;
        }
        if (flags.load(other) === 0) return true;
        if (turn.load(0) === me) return false;
        flags.store(me, 0);
        turn.waitWhile(0, other);
        flags.store(me, 1);
        return false;
      },
      unlock(me) {
        turn.store(0, 1 - me);
        flags.store(me, 0);
      },
    };
  });
}
