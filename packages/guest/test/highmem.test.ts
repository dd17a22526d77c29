import { describe, expect, it } from "vitest";
import { NO_PAGE, allocPages, kmap, kmapAtomic, kmapFlushUnused, kunmap, kunmapAtomic } from "../src/index.ts";
import { KM_TYPE_NR, LAST_PKMAP } from "../src/highmem.ts";
import { enterLazy, leaveLazy } from "../src/multicall-buffer.ts";
import { type Pair, boot, expectClean, measure, writableCount } from "./small-guest.ts";

function pairWithHighmem(): Pair {
  return boot("xen-4.1", 32, { style: "32-bit", lowmemFrames: 2048 });
}

describe("kmap", () => {
  it("costs nothing for a lowmem page", () => {
    const pair = pairWithHighmem();
    const { kernel } = pair.guest;
    const page = allocPages(kernel, "GFP_KERNEL", 0);
    const { perf } = measure(pair, () => {
      kmap(kernel, page);
      kunmap(kernel, page);
      kmapAtomic(kernel, page);
      kunmapAtomic(kernel, page);
    });
    expect(perf.hypercalls).toBe(0);
  });

  it("writes an entry at the first use of a page only", () => {
    const pair = pairWithHighmem();
    const { kernel } = pair.guest;
    const page = allocPages(kernel, "GFP_HIGHUSER", 0);
    const { perf } = measure(pair, () => {
      for (let time = 0; time < 5; time++) kmap(kernel, page);
      for (let time = 0; time < 5; time++) kunmap(kernel, page);
      kmap(kernel, page);
      kunmap(kernel, page);
    });
    expect(perf).toMatchObject({ hypercalls: 1, num_page_updates: 1 });
  });

  it("flushes unused entries when the pool wraps, so that one page more than it has slots still gets one", () => {
    const pair = pairWithHighmem();
    const { kernel } = pair.guest;
    const pages = Array.from({ length: LAST_PKMAP + 1 }, () => allocPages(kernel, "GFP_HIGHUSER", 0));
    for (const page of pages) {
      expect(kmap(kernel, page)).toBe(true);
      kunmap(kernel, page);
    }
    const counts = pages.map((page) => writableCount(pair, page));
    // Slot 0 is reached last, by the 512th page, and reaching it flushes the 511 before.
    expect(counts.filter((count) => count === 1)).toHaveLength(2);
    expect(counts.slice(-2)).toEqual([1, 1]);
    expectClean(pair.host);
  });

  it("has no slot when all are in use", () => {
    const { kernel } = pairWithHighmem().guest;
    for (let slot = 0; slot < LAST_PKMAP; slot++) {
      expect(kmap(kernel, allocPages(kernel, "GFP_HIGHUSER", 0))).toBe(true);
    }
    expect(kmap(kernel, allocPages(kernel, "GFP_HIGHUSER", 0))).toBe(false);
  });

  it("finds a slot that became unused since the search began, as the pool wraps [S L39 mm/highmem.c map_new_virtual]", () => {
    const pair = pairWithHighmem();
    const { kernel } = pair.guest;
    const pages = Array.from({ length: LAST_PKMAP + 2 }, () => allocPages(kernel, "GFP_HIGHUSER", 0));
    const [late, later, ...first] = pages;
    for (const page of first) expect(kmap(kernel, page)).toBe(true);
    for (const page of first.slice(0, 2)) kunmap(kernel, page);
    // All 512 slots have entries, and the search stands just before the two that nobody uses any more.
    expect(kmap(kernel, late ?? NO_PAGE)).toBe(true);
    expect(kmap(kernel, later ?? NO_PAGE)).toBe(true);
    expect(first.slice(0, 2).map((page) => writableCount(pair, page))).toEqual([0, 0]);
    expectClean(pair.host);
  });

  it("nests atomic mappings", () => {
    const pair = pairWithHighmem();
    const { kernel } = pair.guest;
    const [a, b] = [allocPages(kernel, "GFP_HIGHUSER", 0), allocPages(kernel, "GFP_HIGHUSER", 0)];
    kmapAtomic(kernel, a);
    kmapAtomic(kernel, b);
    expect([writableCount(pair, a), writableCount(pair, b)]).toEqual([1, 1]);
    kunmapAtomic(kernel, b);
    kunmapAtomic(kernel, a);
    expect([writableCount(pair, a), writableCount(pair, b)]).toEqual([0, 0]);
    expectClean(pair.host);
  });

  it("has 20 atomic slots, which end in the reverse order of their begin [S L39 include/asm-generic/kmap_types.h]", () => {
    const pair = pairWithHighmem();
    const { kernel } = pair.guest;
    const pages = Array.from({ length: KM_TYPE_NR }, () => allocPages(kernel, "GFP_HIGHUSER", 0));
    for (const page of pages) kmapAtomic(kernel, page);
    expect(pages.map((page) => writableCount(pair, page))).toEqual(pages.map(() => 1));
    expect(() => kmapAtomic(kernel, allocPages(kernel, "GFP_HIGHUSER", 0))).toThrow("nest a few deep");
    for (const page of pages.toReversed()) kunmapAtomic(kernel, page);
    expect(pages.map((page) => writableCount(pair, page))).toEqual(pages.map(() => 0));
    expectClean(pair.host);
  });

  it("ends no atomic mapping but the latest", () => {
    const { kernel } = pairWithHighmem().guest;
    const [a, b] = [allocPages(kernel, "GFP_HIGHUSER", 0), allocPages(kernel, "GFP_HIGHUSER", 0)];
    kmapAtomic(kernel, a);
    kmapAtomic(kernel, b);
    expect(() => kunmapAtomic(kernel, a)).toThrow("is the latest");
  });

  it("maps and unmaps atomically at once, in a lazy section too", () => {
    const pair = pairWithHighmem();
    const { kernel } = pair.guest;
    const page = allocPages(kernel, "GFP_HIGHUSER", 0);
    enterLazy(kernel.mc, "mmu");
    kmapAtomic(kernel, page);
    expect(writableCount(pair, page)).toBe(1);
    kunmapAtomic(kernel, page);
    expect(writableCount(pair, page)).toBe(0);
    leaveLazy(kernel.mc, "mmu");
    expectClean(pair.host);
  });

  it("flushes nothing, and makes no hypercall, when nothing is unused", () => {
    const pair = pairWithHighmem();
    expect(measure(pair, () => kmapFlushUnused(pair.guest.kernel)).perf.hypercalls).toBe(0);
  });
});

describe("an allocation", () => {
  it("comes from highmem first, and for the kernel itself never", () => {
    const { guest } = pairWithHighmem();
    expect(allocPages(guest.kernel, "GFP_HIGHUSER", 0)).toBeGreaterThanOrEqual(2048);
    let pages = 0;
    for (let page = allocPages(guest.kernel, "GFP_KERNEL", 0); page !== NO_PAGE; pages++) {
      expect(page).toBeLessThan(2048);
      page = allocPages(guest.kernel, "GFP_KERNEL", 0);
    }
    expect(pages).toBeGreaterThan(2000);
    expect(guest.freePages()).toBe(8192 - 2048 - 1);
  });

  it("for user space falls back to lowmem when highmem is used up", () => {
    const { guest } = pairWithHighmem();
    const pages = Array.from({ length: guest.freePages() }, () => allocPages(guest.kernel, "GFP_HIGHUSER", 0));
    expect(Math.min(...pages)).toBeLessThan(2048);
    expect(allocPages(guest.kernel, "GFP_HIGHUSER", 0)).toBe(NO_PAGE);
  });
});
