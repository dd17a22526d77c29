import { type Pfn, loadFromFrameHigh, loadFromFrameLow, storeToFrame } from "@xsp/hypervisor";
import { describe, expect, it } from "vitest";
import { NO_PAGE, allocPages, clearHighpage, copyHighpage, kmapAtomic, kunmapAtomic } from "../src/index.ts";
import { PG_scribbled } from "../src/mem-map.ts";
import { type Pair, allSchemes, boot, expectClean, measure, writableCount } from "./small-guest.ts";

const LOWMEM = 2048;

function make(scheme: (typeof allSchemes)[number], xenClearsHighmem: boolean): Pair {
  return boot(scheme, 16, { style: "32-bit", lowmemFrames: LOWMEM, xenClearsHighmem });
}

function take({ guest }: Pair, where: "lowmem" | "highmem"): Pfn {
  const page = allocPages(guest.kernel, where === "lowmem" ? "GFP_KERNEL" : "GFP_HIGHUSER", 0);
  expect(page).not.toBe(NO_PAGE);
  expect(page < LOWMEM).toBe(where === "lowmem");
  return page;
}

/** Stores a word into a page as user space would, and says so. */
function scribble({ guest }: Pair, page: Pfn, index: number, lo: number, hi: number): void {
  const { kernel } = guest;
  kmapAtomic(kernel, page);
  expect(storeToFrame(kernel.vcpu, kernel.phys.pfnToMfn(page), index, lo, hi)).toBe(true);
  kunmapAtomic(kernel, page);
  kernel.memMap.setFlag(page, PG_scribbled);
}

function word({ guest }: Pair, page: Pfn, index: number): number[] {
  const { vcpu, phys } = guest.kernel;
  const frame = phys.pfnToMfn(page);
  return [loadFromFrameLow(vcpu, frame, index), loadFromFrameHigh(vcpu, frame, index)];
}

const ways = [
  { way: "kmap_atomic", xenClearsHighmem: false, hypercalls: 3 },
  { way: "MMUEXT_CLEAR_PAGE [S/C XEN 043e01a4f8]", xenClearsHighmem: true, hypercalls: 1 },
];

describe.each(allSchemes)("clearing and copying a page under %s", (scheme) => {
  it.each(ways)("clears a highmem page by $way and leaves its count 0", ({ xenClearsHighmem, hypercalls }) => {
    const pair = make(scheme, xenClearsHighmem);
    const page = take(pair, "highmem");
    scribble(pair, page, 511, 5, 6);
    const { perf } = measure(pair, () => clearHighpage(pair.guest.kernel, page));
    expect(perf.hypercalls).toBe(hypercalls);
    expect(word(pair, page, 511)).toEqual([0, 0]);
    expect(pair.guest.kernel.memMap.isScribbled(page)).toBe(false);
    expect(writableCount(pair, page)).toBe(0);
    expectClean(pair.host);
  });

  it.each([
    ["highmem", "highmem", false, 6],
    ["highmem", "lowmem", false, 3],
    ["lowmem", "highmem", false, 3],
    ["lowmem", "lowmem", false, 0],
    ["highmem", "highmem", true, 1],
    ["highmem", "lowmem", true, 1],
    ["lowmem", "highmem", true, 1],
    ["lowmem", "lowmem", true, 0],
  ] as const)("copies to %s from %s, by Xen: %s, in %i hypercalls", (to, from, xenClearsHighmem, hypercalls) => {
    const pair = make(scheme, xenClearsHighmem);
    const [target, source] = [take(pair, to), take(pair, from)];
    scribble(pair, source, 0, 1, 2);
    scribble(pair, target, 7, 3, 4);
    const before = [writableCount(pair, target), writableCount(pair, source)];
    const { perf } = measure(pair, () => copyHighpage(pair.guest.kernel, target, source));
    expect(perf.hypercalls).toBe(hypercalls);
    expect([word(pair, target, 0), word(pair, target, 7)]).toEqual([
      [1, 2],
      [0, 0],
    ]);
    expect(pair.guest.kernel.memMap.isScribbled(target)).toBe(true);
    expect([writableCount(pair, target), writableCount(pair, source)]).toEqual(before);
    expectClean(pair.host);
  });
});

describe("clearing a page", () => {
  it("costs no hypercall in lowmem, as the direct map covers it", () => {
    const pair = make("xen-4.1", true);
    const page = take(pair, "lowmem");
    scribble(pair, page, 3, 1, 0);
    const { perf } = measure(pair, () => clearHighpage(pair.guest.kernel, page));
    expect(perf.hypercalls).toBe(0);
    expect(word(pair, page, 3)).toEqual([0, 0]);
  });
});
