import { describe, expect, it } from "vitest";
import {
  done,
  explore,
  Exploration,
  type ExploreOptions,
  type Model,
  type Program,
  type Progress,
  type StateView,
} from "../src/index.ts";
import { counter } from "./models/counters.ts";
import { superpage } from "./models/superpage.ts";
import { twoLocks } from "./models/two-locks.ts";

/** How far an exploration says it is after each batch. */
function told(options: ExploreOptions, model = counter(2, 1, true)): Progress[] {
  const all: Progress[] = [];
  explore(model, { ...options, onProgress: (progress) => all.push(progress) });
  return all;
}

const figures = ({ states, transitions, queue, depth }: Progress): number[] => [states, transitions, queue, depth];

describe("the progress of an exploration", () => {
  it("is told after each batch, which ends where states are further away", () => {
    // Two vCPUs load; one swaps; the other's swap fails, and it loads and swaps again.
    expect(told({}).map(figures)).toEqual([
      [3, 2, 2, 1],
      [6, 6, 3, 2],
      [10, 10, 4, 3],
      [11, 14, 1, 4],
      [11, 14, 0, 4],
    ]);
  });

  it("goes on by as many batches as it is asked to, and no further than to the end", () => {
    const exploration = new Exploration(counter(2, 1, true));
    expect(figures(exploration.progress())).toEqual([1, 0, 1, 0]);
    expect([exploration.advance(3), ...figures(exploration.progress())]).toEqual([false, 10, 10, 4, 3]);
    expect([exploration.advance(0), ...figures(exploration.progress())]).toEqual([false, 10, 10, 4, 3]);
    expect([exploration.advance(), exploration.advance()]).toEqual([false, true]);
    expect([exploration.advance(5), ...figures(exploration.progress())]).toEqual([true, 11, 14, 0, 4]);
    let calls = 0;
    const watched = new Exploration(counter(2, 1, true), { onProgress: () => void calls++ });
    expect([watched.advance(100), calls, watched.advance(100), calls]).toEqual([true, 5, true, 5]);
  });

  it("is told within a distance too, where more than 65,536 states are equally far away", () => {
    const wide: Model = {
      name: "wide",
      setup(world) {
        const own = world.allocate(2, "own");
        const program: Program = {
          name: "stores one of many",
          start: [0],
          step([end = 0], context) {
            if (end === 1) return done;
            own.store(context.vcpu, context.choose(300));
            return [1];
          },
        };
        return { programs: [program, program], properties: [] };
      },
    };
    const exploration = new Exploration(wide, { reduction: "none" });
    const seen: (readonly [states: number, depth: number, furthest: number])[] = [];
    while (!exploration.advance()) {
      const { states, depth } = exploration.progress();
      seen.push([states, depth, exploration.result().depth]);
    }
    expect(seen.map(([, ...depths]) => depths)).toEqual([
      [1, 1],
      [2, 2],
      [2, 3],
      [3, 3],
      [3, 4],
      [3, 4],
      [4, 4],
      [4, 4],
    ]);
    // One has chosen; both have, or one has stored; one has stored and the other chosen; both have stored.
    const within = 1 + 600 + (300 * 300 + 600);
    const ends = [601, within, within + 2 * 300 * 300, 601 * 601];
    expect(ends.map((end) => seen.some(([states]) => states === end))).toEqual([true, true, true, true]);
    expect(exploration.result()).toMatchObject({ depth: 4, states: 601 * 601, verdict: "holds" });
  });

  it("has the depth of the furthest states found, expanded or not", () => {
    const exploration = new Exploration(counter(2, 1, true));
    const depths = [exploration.result().depth];
    while (!exploration.advance()) depths.push(exploration.result().depth);
    expect(depths).toEqual([0, 1, 2, 3, 4]);
    expect(exploration.result()).toMatchObject({ depth: 4, verdict: "holds" });
  });

  it("counts memory: states and their table, trees, and some for what a node is made of", () => {
    const before = new Exploration(counter(2, 1, true));
    const { bytes } = before.progress();
    while (!before.advance());
    const after = before.result();
    // A slab of 16,384 states of one packed word and a parent, and the smallest table.
    const store = 16_384 * 2 * 4 + 4096 * 4;
    expect(bytes).toBeGreaterThan(store);
    // A state has become one packed word longer. Nothing else has grown but by nodes: 300 bytes each for their accesses,
    // 16 for their footprints.
    expect(after.bytes - bytes).toBe(
      (after.nodes - new Exploration(counter(2, 1, true)).result().nodes) * 316 + 16_384 * 4,
    );
    expect(told({}).at(-1)?.bytes).toBe(after.bytes);
    // The same on every machine.
    expect(after.bytes).toBe(220_640);
  });

  it("takes as many seconds as its clock says from when it was made", () => {
    let now = 5000;
    const exploration = new Exploration(counter(2, 1, true), { clock: () => now });
    now += 250;
    exploration.advance();
    expect(exploration.result().seconds).toBe(0.25);
    now += 1000;
    expect(exploration.result().seconds).toBe(0.25);
    exploration.advance();
    expect(exploration.result().seconds).toBe(1.25);
    expect(explore(counter(2, 1, true)).seconds).toBeUndefined();
  });
});

describe("an exploration ends", () => {
  const broken = superpage({ vcpus: 2, frames: 1, steps: 2, broken: true });
  const states = (options: ExploreOptions, model = broken): number => explore(model, options).states;

  it("without a reason, unless it is incomplete", () => {
    expect(explore(counter(2, 1, true)).reason).toBeUndefined();
    expect(explore(counter(2, 1, false)).reason).toBeUndefined();
  });

  it("at the first violation, or when each property has its verdict, not when all is seen", () => {
    const [first] = explore(broken).violations;
    if (first === undefined) throw new Error("a violation was expected");
    const all = states({ properties: [] });
    expect(states({})).toBeLessThan(all);
    const properties = [first.property];
    expect(states({ until: "every-property", properties })).toBe(states({ properties }));
    expect(states({ until: "every-property" })).toBe(all);
  });

  it("at a deadlock as at any violation, unless nobody asked for that", () => {
    expect(states({}, twoLocks(true))).toBeLessThan(states({ properties: [] }, twoLocks(true)));
    expect(states({ until: "every-property", properties: ["deadlock"] }, twoLocks(true))).toBe(
      states({ properties: ["deadlock"] }, twoLocks(true)),
    );
  });

  it("with the first batch, where the initial state is wrong", () => {
    const model = counter(2, 2, false);
    const never: Model = {
      ...model,
      setup(world) {
        const { programs } = model.setup(world);
        return { programs, properties: [{ kind: "always", name: "never", holds: () => false }] };
      },
    };
    expect(explore(never)).toMatchObject({ states: 3, violations: [{ property: "never", depth: 0, schedule: [] }] });
  });

  it("having run a predicate once for what it reads, or for each state where its tree is given up", () => {
    const runs = (decisionLimit?: number): number => {
      let count = 0;
      const model: Model = {
        ...counter(3, 2, true),
        setup(world) {
          const { programs } = counter(3, 2, true).setup(world);
          const holds = (state: StateView): boolean => {
            count++;
            return !state.vcpu(0).done || state.vcpu(1).local.length < 9;
          };
          return { programs, properties: [{ kind: "always", name: "counted", holds }] };
        },
      };
      explore(model, decisionLimit === undefined ? {} : { decisionLimit });
      return count;
    };
    expect(runs()).toBe(runs(1000));
    for (const limit of [0, 1]) expect(runs(limit)).toBeGreaterThan(4 * runs());
  });
});

describe("a budget", () => {
  it.each<readonly [string, NonNullable<ExploreOptions["budget"]>, number]>([
    ["states", { states: 3 }, 3],
    ["states", { states: 4 }, 6],
    ["states", { states: 10 }, 10],
    ["depth", { depth: 0 }, 3],
    ["depth", { depth: 2 }, 10],
  ])("of %s (%j) is looked at between batches", (reason, budget, states) => {
    expect(explore(counter(2, 1, true), { budget })).toMatchObject({ verdict: "incomplete", reason, states });
  });

  it("of seconds ends an exploration that has taken as long", () => {
    let now = 100;
    const clock = (): number => now;
    const exploration = new Exploration(counter(2, 1, true), { clock, budget: { seconds: 2 } });
    now += 1999;
    expect(exploration.advance()).toBe(false);
    now += 1;
    expect(exploration.advance()).toBe(true);
    expect(exploration.result()).toMatchObject({ reason: "seconds", states: 3 });
  });

  it.each([
    // The table of 16,384 places is full at 11,468 states, and the next one takes 256 KiB.
    [400, 6758],
    // Beyond 16,384 states there is a second slab.
    [600, 10_783],
    [800, 24_791],
    [1000, 36_410],
  ])("of %i KiB is held to what two successors a state might need: %i states", (kib, states) => {
    const model = superpage({ vcpus: 3, frames: 1, steps: 2 });
    const result = explore(model, { reduction: "none", budget: { bytes: kib * 1024 } });
    expect(result).toMatchObject({ verdict: "incomplete", reason: "bytes", states });
    expect(result.bytes).toBeLessThanOrEqual(kib * 1024);
  });
});

describe("an exploration that learns that a step was not independent", () => {
  const model = superpage({ vcpus: 3, frames: 2, steps: 2 });

  it("goes on for 16,384 states, then begins again; the next time for twice as many as it had", () => {
    const options = { reduction: "independent", budget: { states: 80_000 } } as const;
    const all = told(options, model);
    const again = all.filter(({ states }, at) => states > (all[at + 1]?.states ?? states));
    expect(again.map(({ states }) => states)).toEqual([17_885, 44_246]);
    expect(all.filter(({ states }) => states === 1).map(figures)).toEqual([
      [1, 0, 1, 0],
      [1, 0, 1, 0],
    ]);
  });

  it("does not begin again where no step is left out for being independent", () => {
    const small = superpage({ vcpus: 3, frames: 1, steps: 1 });
    for (const reduction of ["none", "choices"] as const) {
      const states = told({ reduction }, small).map((progress) => progress.states);
      expect(states).toEqual(states.toSorted((a, b) => a - b));
    }
  });

  it("begins again at the end, if not before", () => {
    const small = superpage({ vcpus: 3, frames: 1, steps: 1 });
    const states = told({ reduction: "independent" }, small).map((progress) => progress.states);
    expect(states.filter((count) => count === 1)).toHaveLength(1);
    expect(states.at(-1)).toBe(explore(small, { reduction: "independent" }).states);
    // What it knows by then is what the second of two explorations in a row knows from the beginning.
    expect(states.at(-1)).toBeLessThanOrEqual(Math.max(...states));
  });
});

describe("an exploration that is resumed", () => {
  it.each([
    ["with nothing reduced", { reduction: "none" }],
    ["with independent steps", { reduction: "independent" }],
    ["that looks for every violation", { until: "every-property" }],
  ] as const)("goes on as if nothing had happened, wherever that was (%s)", (_what, options) => {
    for (const given of [counter(2, 2, false), superpage({ vcpus: 2, frames: 1, steps: 1 })]) {
      const whole = explore(given, options);
      const exploration = new Exploration(given, options);
      for (let isOver = false; !isOver; isOver = exploration.advance()) {
        const resumed = Exploration.resume(given, options, exploration.checkpoint());
        expect(figures(resumed.progress())).toEqual(figures(exploration.progress()));
        expect(resumed.result().violations).toEqual(exploration.result().violations);
        while (!resumed.advance());
        expect(resumed.result()).toEqual(whole);
      }
    }
  });
});
