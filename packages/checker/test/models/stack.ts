import type { Words } from "@xsp/words";
import { type Context, done, type LocalState, type Model, type Program } from "../../src/index.ts";

const CELLS = 3;

/**
 * A stack of cells 1 to 3 linked through words, as free lists are. vCPU 0 pops once; vCPU 1 pops twice and pushes the
 * first cell back. The head holds a cell and, unless it is the broken twin, a generation that every swap advances:
 * without it, a head that is the same again (A-B-A) lets a pop install a cell which somebody has taken.
 */
export function stack(isBroken: boolean): Model {
  return {
    name: "stack",
    options: { isBroken },
    setup(world) {
      const head = world.allocate(1, "head");
      const next = world.allocate(CELLS + 1, "next");
      const taken = world.allocate(CELLS + 1, "taken");
      for (let cell = 1; cell < CELLS; cell++) next.store(cell, cell + 1);
      head.store(0, 1);
      const successor = (seen: number, cell: number): number => (isBroken ? cell : ((seen >> 4) + 1) * 16 + cell);
      const program = (name: string, run: () => void): Program => ({
        name,
        start: [1],
        step([left = 0]: LocalState, context: Context) {
          if (left === 0) return done;
          context.begin(name);
          run();
          return [0];
        },
      });
      const pop = (): number => popFrom(head, next, successor);
      const take = (cell: number): void => {
        if (cell === 0) return;
        if (taken.load(cell) !== 0) throw new Error(`cell ${cell} is taken twice`);
        taken.store(cell, 1);
      };
      return {
        programs: [
          program("pop", () => take(pop())),
          program("pop pop push", () => {
            const first = pop();
            const second = pop();
            take(second);
            if (first === 0) return;
            for (let seen = head.load(0); ;) {
              next.store(first, seen & 15);
              const found = head.compareAndSwap(0, seen, successor(seen, first));
              if (found === seen) return;
              seen = found;
            }
          }),
        ],
        properties: [
          {
            kind: "finally",
            name: "no taken cell is in the stack",
            holds: () => {
              for (let cell = head.load(0) & 15, hops = 0; cell !== 0 && hops < CELLS; cell = next.load(cell), hops++) {
                if (taken.load(cell) !== 0) return false;
              }
              return true;
            },
          },
          {
            kind: "sometimes",
            name: "two are taken",
            holds: () => taken.load(1) + taken.load(2) + taken.load(3) === 2,
          },
        ],
      };
    },
  };
}

function popFrom(head: Words, next: Words, successor: (seen: number, cell: number) => number): number {
  for (let seen = head.load(0); ;) {
    const cell = seen & 15;
    if (cell === 0) return 0;
    const after = next.load(cell);
    const found = head.compareAndSwap(0, seen, successor(seen, after));
    if (found === seen) return cell;
    seen = found;
  }
}
