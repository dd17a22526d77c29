import { expect, it } from "vitest";
import { allocateInts } from "../src/edge-arena.ts";
import { expand } from "../src/expansion.ts";
import { newExpansionRun } from "../src/expansion-tables.ts";
import type { ExpansionPool, ExpansionShare } from "../src/expansion-pool.ts";
import { explore, type ExploreOptions, type Property } from "../src/index.ts";
import { superpage } from "./models/superpage.ts";

interface Shares extends ExpansionPool {
  readonly all: (Pick<ExpansionShare, "position" | "to" | "outLength"> & { readonly needed: number })[];
}

/** A pool without threads: each share is expanded here, one after the other, with room for so many successors. */
function sharesOf(count: number, room: number): Shares {
  const all: Shares["all"] = [];
  return {
    all,
    allocate: allocateInts,
    expand(tables, from, to) {
      const size = Math.ceil((to - from) / count);
      return Array.from({ length: count }, (_, share): ExpansionShare => {
        const out = new Int32Array(room * (tables.slots + 1));
        const run = newExpansionRun(tables.slots, tables.vcpus, tables.codes.length, out);
        const end = Math.min(to, from + (share + 1) * size);
        expand(tables, run, Math.min(to, from + share * size), end);
        const { outLength, transitions, position, hits } = run;
        all.push({
          position,
          to: end,
          outLength: outLength / (tables.slots + 1),
          needed: tables.widest * tables.vcpus,
        });
        return { out, outLength, transitions, position, to: end, hits };
      });
    },
  };
}

const far: Property["holds"] = (state) => !(state.vcpu(0).done && state.vcpu(1).local[0] === 0);
const model = superpage({ vcpus: 3, frames: 1, steps: 2 });
const looked: typeof model = {
  ...model,
  setup(world) {
    const { programs, properties } = model.setup(world);
    return { programs, properties: [...properties, { kind: "always", name: "far", holds: far }] };
  },
};

it.each<[string, ExploreOptions]>([
  ["nothing reduced", { reduction: "none", until: "every-property", budget: { states: 10_000 } }],
  [
    "independent steps taken at once",
    { reduction: "independent", until: "every-property", budget: { states: 10_000 } },
  ],
  ["the first violation", {}],
])("shares look only, and what they find makes the exploration that one makes alone (%s)", (_what, options) => {
  const alone = explore(looked, options);
  for (const [count, room] of [
    [1, 1 << 17],
    [3, 300],
  ] as const) {
    const pool = sharesOf(count, room);
    expect(explore(looked, { ...options, pool })).toEqual(alone);
    expect(pool.all.length).toBeGreaterThan(0);
    for (const { position, to, outLength, needed } of pool.all) {
      expect(outLength).toBeLessThanOrEqual(room);
      // A share that stopped early had no room for another state and those that wait to be looked up.
      if (position < to) expect(room - outLength).toBeLessThan(128 + 2 * needed);
    }
    expect(pool.all.some(({ position, to }) => position < to)).toBe(room === 300);
  }
});
