import { explore } from "@xsp/checker";
import type { Advisory, SchemeName } from "@xsp/hypervisor";
import { describe, expect, test } from "vitest";
import { type SuperpageModelOptions, superpageModel } from "../../src/models/superpage-model.ts";

// Each hole is searched for, not replayed: the search is given operations and finds the attack with the fix taken out,
// and nothing with the fix in, under the same bounds.
type Search = Omit<SuperpageModelOptions, "scheme" | "unfixed">;

const staleTranslation: Search = {
  vcpuDomains: [0, 0],
  order: 1,
  start: "highmem",
  tlb: true,
  // The frame was writable before, so that a swap computed before a map, a touch and an unmap still succeeds after them.
  before: ["map-4k-rw-1", "unmap-4k"],
  operations: [["pin-1"], ["map-4k-rw-1", "touch-4k", "unmap-4k"]],
  steps: [1, 3],
};

const softSuperpageFlags: Search = {
  vcpuDomains: [0],
  order: 1,
  start: "highmem",
  operations: ["map-2m-ro", "map-2m-rw", "unmap-2m", "pin-1", "unpin-1"],
  steps: 3,
};

const found: readonly (readonly [Advisory, SchemeName, Search, string])[] = [
  ["XSA-401", "sealed", staleTranslation, "a stale translation in CPU 1's TLB"],
  ["XSA-401", "per-frame", staleTranslation, "a stale translation in CPU 1's TLB"],
  ["XSA-148", "sealed", softSuperpageFlags, "the superpage entry in vCPU 0's L2 table"],
  ["XSA-148", "per-frame", softSuperpageFlags, "the superpage entry in vCPU 0's L2 table"],
];

describe.each(found)("%s under %s", (advisory, scheme, search, through) => {
  const check = (unfixed: readonly Advisory[]) =>
    explore(superpageModel(advisory, { ...search, scheme, unfixed }), {
      properties: ["S1", "S2", "error", "deadlock"],
    });

  test("lets a guest write a page table when its fix is taken out", () => {
    const { verdict, violations } = check([advisory]);
    expect(verdict).toBe("violated");
    expect(violations[0]).toMatchObject({ property: "S1" });
    expect(violations[0]?.message).toContain(`can be written through ${through}`);
  });

  test("finds nothing with the fix in", () => {
    const { verdict, reason, violations } = check([]);
    expect({ verdict, reason, violations }).toEqual({ verdict: "holds", reason: undefined, violations: [] });
  });
});

test("a superpage entry that becomes writable unseen is harmless where read-only ones hold writable references", () => {
  const model = superpageModel("XSA-148", { ...softSuperpageFlags, scheme: "xen-4.1", unfixed: ["XSA-148"] });
  expect(explore(model, { properties: ["S1", "S2"] }).verdict).toBe("holds");
});
