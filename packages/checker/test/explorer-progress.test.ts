import { describe, expect, it } from "vitest";
import { explore, Exploration, type ExploreOptions, type Progress } from "../src/index.ts";
import { counter } from "./models/counters.ts";
import { superpage } from "./models/superpage.ts";

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
