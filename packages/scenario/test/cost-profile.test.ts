import { describe, expect, test } from "vitest";
import { costConstants, costProfiles, modelledTime, profileNames, type EventCounts } from "../src/index.ts";

const noEvents: EventCounts = {
  hypercalls: 0,
  pteWrites: 0,
  frameGets: 0,
  framePuts: 0,
  typeGets: 0,
  typePuts: 0,
  superpageGets: 0,
  superpagePuts: 0,
  tlbFlushes: 0,
  multicallEntries: 0,
  pageUpdates: 0,
  mmuextOps: 0,
  ptwrEmulations: 0,
  guestStores: 0,
  pageFaults: 0,
  tableFrameGets: 0,
  tableFramePuts: 0,
  tableTypeGets: 0,
  tableTypePuts: 0,
  validations: 0,
  invalidations: 0,
};

describe.each(profileNames)("the profile %s", (name) => {
  const profile = costProfiles[name];

  test("bears its own name", () => {
    expect(profile.name).toBe(name);
  });

  test.each(costConstants(profile).map((constant) => [constant.name, constant] as const))(
    "says where %s comes from",
    (_, { ns, kind, source, note }) => {
      expect(ns).toBeGreaterThan(0);
      expect(Number.isFinite(ns)).toBe(true);
      expect(["sourced", "assumed"]).toContain(kind);
      expect(source).not.toBe("");
      expect(note).not.toBe("");
    },
  );

  test("prices every event but the sum of others", () => {
    const events = Object.keys(noEvents).filter((event) => event !== "pteWrites");
    expect(Object.keys(profile.prices).sort()).toEqual(events.sort());
    for (const [event, { name: priced }] of Object.entries(profile.prices)) expect(priced).toBe(event);
  });

  test("calls a price sourced only where it was measured as such", () => {
    const sourced = Object.values(profile.prices).filter(({ kind }) => kind === "sourced");
    for (const { source } of sourced) expect(source).toMatch(/^measured: /);
  });
});

describe("modelled time", () => {
  const { prices } = costProfiles["xeon-x5570-2009"];

  test("is nothing when nothing happened", () => {
    expect(modelledTime(noEvents, costProfiles["xeon-x5570-2009"])).toBe(0);
  });

  test("is the sum of count times price", () => {
    const events = { ...noEvents, hypercalls: 3, superpageGets: 1000, pteWrites: 7 };
    const expected = 3 * prices.hypercalls.ns + 1000 * prices.superpageGets.ns;
    expect(modelledTime(events, costProfiles["xeon-x5570-2009"])).toBeCloseTo(expected, 6);
  });
});

// What a 4 KiB fork does to an entry of the parent: one emulation, the new entry's reference, both of the old one's.
test.each(profileNames)(
  "%s: write-protecting one of the parent's 4 KiB entries costs what Redis saw under PV",
  (name) => {
    const events = { ...noEvents, ptwrEmulations: 1, tableFrameGets: 1, tableFramePuts: 1, tableTypePuts: 1 };
    // [linux-facts §5.3]: 0.87 to 2.4 µs for each PTE of a fork.
    expect(modelledTime(events, costProfiles[name])).toBeGreaterThan(870);
    expect(modelledTime(events, costProfiles[name])).toBeLessThan(2400);
  },
);

test("counting one frame in 2009 stays at the low end of what its anchors suggest", () => {
  const { frameGets, typeGets } = costProfiles["xeon-x5570-2009"].prices;
  const frame = frameGets.ns + typeGets.ns;
  expect(frame).toBeGreaterThan(23);
  expect(frame).toBeLessThanOrEqual(100);
});
