import { type Context, done, type LocalState, type Model, type Program } from "../../src/index.ts";

/** Several vCPUs add to one word, by compare-and-swap or, the broken twin, by load and store: updates get lost. */
export function counter(vcpus: number, rounds: number, swaps: boolean): Model {
  return {
    name: "counter",
    options: { vcpus, rounds, swaps },
    setup(world) {
      const word = world.allocate(1, "counter");
      const program: Program = {
        name: "adder",
        start: [rounds],
        step([left = 0]: LocalState, context: Context) {
          if (left === 0) return done;
          context.begin("add", left);
          const seen = word.load(0);
          if (!swaps) word.store(0, seen + 1);
          // A lost swap ends the operation and starts it again: what was seen is forgotten, and states merge.
          else if (word.compareAndSwap(0, seen, seen + 1) !== seen) return [left];
          context.note("added", [1], seen + 1);
          return [left - 1];
        },
      };
      return {
        programs: Array.from({ length: vcpus }, () => program),
        properties: [
          { kind: "always", name: "in range", holds: () => word.load(0) >= 0 && word.load(0) <= vcpus * rounds },
          {
            kind: "finally",
            name: "nothing is lost",
            holds: () => word.load(0) === vcpus * rounds,
            explain: () => `counted ${word.load(0)}, expected ${vcpus * rounds}`,
          },
          { kind: "sometimes", name: "counts to the end", holds: () => word.load(0) === vcpus * rounds },
        ],
      };
    },
  };
}
