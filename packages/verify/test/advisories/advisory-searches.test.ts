import { explore } from "@xsp/checker";
import { advisories } from "@xsp/hypervisor";
import { describe, expect, test } from "vitest";
import { advisorySearches } from "../../src/advisories/advisory-searches.ts";
import { superpageModel } from "../../src/models/superpage-model.ts";
import { listed, runSequence } from "../../src/adversary/sequence.ts";
import { replayTrace } from "../../src/replay/replay.ts";
import type { TraceMachineOptions } from "../../src/trace/trace-header.ts";
import { readTrace } from "../../src/trace/trace-reader.ts";

// Each hole is searched for, not replayed: the search is given operations and finds the way in with the fix taken out,
// and nothing with the fix in, under the same bounds.

/** What each search finds, and how much it looks at: exact, the same on every machine. */
const figures: Readonly<Record<string, { found: RegExp; out: object; in: object; steps: number }>> = {
  "XSA-148 sealed": { found: /^S1: frame 1 .* superpage entry/, out: { states: 1615 }, in: { states: 1682 }, steps: 3 },
  "XSA-148 per-frame": {
    found: /^S1: frame 1 .* superpage entry/,
    out: { states: 1460 },
    in: { states: 1514 },
    steps: 3,
  },
  "XSA-299 per-frame": {
    found: /^S1: the L2 table .* written/,
    out: { states: 121_640 },
    in: { states: 99_832 },
    steps: 6,
  },
  "XSA-401 sealed": { found: /^S1: .* CPU 1's TLB/, out: { states: 53_248 }, in: { states: 43_746 }, steps: 4 },
  "XSA-401 per-frame": { found: /^S1: .* CPU 1's TLB/, out: { states: 53_248 }, in: { states: 43_746 }, steps: 4 },
};

test("every advisory is searched for", () => {
  expect([...new Set(advisorySearches.map(({ advisory }) => advisory))]).toEqual(Object.keys(advisories));
  expect(new Set(advisorySearches.map(({ name }) => name)).size).toBe(advisorySearches.length);
});

const runs = advisorySearches.flatMap((search) =>
  search.schemes.map((scheme) => [search.advisory, scheme, search] as const),
);

describe.each(runs.filter(([, , { by }]) => by === "checker"))("%s under %s", (advisory, scheme, search) => {
  const figure = figures[`${advisory} ${scheme}`];

  test("a guest comes to write a page table when the fix is taken out", () => {
    const { found, effort, trace } = search.run("out", scheme);
    expect(found).toContainEqual(expect.stringMatching(figure?.found ?? /$./));
    expect(effort).toEqual(figure?.out);
    expect(trace).toContain("✗  S1: ");
    // Operations that the shortest way in begins.
    expect(trace?.match(/▶ (?!vCPU 0 goes on)/g)?.length).toBe(figure?.steps);
  });

  test("everything within the same bounds is sound with the fix in", () => {
    expect(search.run("in", scheme)).toEqual({ found: [], exhaustive: true, effort: figure?.in, trace: undefined });
  });
});

/** Operations with the fix in; with it out, what is left of the first finding, and in which episode that was. */
const adversaryFigures: Readonly<Record<string, { in: number; left: number; episode: number }>> = {
  "XSA-167 sealed": { in: 20_000, left: 1, episode: 0 },
  "XSA-167 sealed-deferred": { in: 20_000, left: 1, episode: 0 },
  "XSA-167 xen-4.1": { in: 20_000, left: 1, episode: 0 },
  "XSA-182 sealed": { in: 300_000, left: 3, episode: 88 },
  "XSA-182 per-frame": { in: 300_000, left: 3, episode: 88 },
  "XSA-299 sealed": { in: 100_000, left: 2, episode: 18 },
  "XSA-299 per-frame": { in: 100_000, left: 2, episode: 18 },
  "XSA-240 sealed": { in: 100_000, left: 4, episode: 2 },
  "XSA-240 per-frame": { in: 100_000, left: 5, episode: 0 },
};

const shows: Readonly<Record<string, RegExp>> = {
  "XSA-167": /^exception: superpage word \d+ is touched, of \d+ that there are$/,
  "XSA-182":
    /^exclusion: frame \d+ is a page table in use and can be written through entry \d of frame \d+, walked as L1$/,
  "XSA-299": /^audit: underflow of frame \d+: expected 0, found 1: references given back that nobody held$/,
  "XSA-240": /^depth: linear page tables are nested: frame \d+ shows frame \d+, which shows frame \d+$/,
};

describe.each(runs.filter(([, , { by }]) => by === "adversary"))("%s under %s", (advisory, scheme, search) => {
  test("hostile guests come by it when the fix is taken out, and the trace that is left replays", () => {
    const { found, trace } = search.run("out", scheme);
    expect(found).toContainEqual(expect.stringMatching(shows[advisory] ?? /$./));
    const read = readTrace("finding.jsonl", trace ?? "");
    expect(read.header.machine?.unfixed).toEqual([advisory]);
    const figure = adversaryFigures[`${advisory} ${scheme}`];
    expect(read.operations.length).toBe(figure?.left);
    expect(read.header.args).toBe(`fuzz seed=1 episode=${figure?.episode}`);
    const { ops, rcAgree, states, stateAgree } = replayTrace(read);
    expect({ rcAgree, stateAgree }).toEqual({ rcAgree: ops, stateAgree: states });
    // It is the missing fix that it shows: the same operations do no harm where the fix is in.
    const machine = read.header.machine as TraceMachineOptions;
    const sighting = (unfixed: readonly string[]) => runSequence({ ...machine, unfixed }, listed(read.operations), 1);
    expect(sighting([advisory])).toBeDefined();
    expect(sighting([])).toBeUndefined();
  });

  test("hostile guests find nothing with the fix in, by the same operations", () => {
    const effort = { operations: adversaryFigures[`${advisory} ${scheme}`]?.in };
    expect(search.run("in", scheme)).toEqual({ found: [], exhaustive: false, effort, trace: undefined });
  });
});

test("a superpage entry that becomes writable unseen is harmless where read-only ones hold writable references", () => {
  const model = superpageModel("XSA-148", {
    scheme: "xen-4.1",
    vcpuDomains: [0],
    order: 1,
    start: "highmem",
    operations: ["map-2m-ro", "map-2m-rw", "unmap-2m", "pin-1", "unpin-1"],
    steps: 3,
    unfixed: ["XSA-148"],
  });
  expect(explore(model, { properties: ["S1", "S2"] }).verdict).toBe("holds");
});
