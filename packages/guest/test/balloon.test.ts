import { createHost, pfn, readCount } from "@xsp/hypervisor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type GuestOptions, NO_PAGE, allocPages, bootGuest, kmap, kunmap } from "../src/index.ts";
import { BalloonedPages } from "../src/ballooned-pages.ts";
import { PG_ballooned } from "../src/mem-map.ts";
import {
  type Pair,
  allSchemes,
  boot,
  expectAllFree,
  expectClean,
  expectInverse,
  measure,
  sharer,
  writableCount,
} from "./small-guest.ts";

const highmem: GuestOptions = { style: "32-bit", lowmemFrames: 2048 };

/** Says that guest, P2M and Xen agree on how much memory the guest has; it has the host to itself. */
function expectAgreement(pair: Pair): void {
  const { guest, host } = pair;
  const { currentPages, lowPages, highPages } = guest.balloonTotals();
  expect(currentPages + lowPages + highPages).toBe(guest.frames);
  const { memMap, phys } = guest.kernel;
  let out = 0;
  for (let page = 0; page < guest.frames; page++) {
    const gone = phys.p2m[page] === -1;
    if (gone !== memMap.hasFlag(pfn(page), PG_ballooned)) expect(page).toBe("gone on one side only");
    if (gone) out++;
  }
  expect(out).toBe(lowPages + highPages);
  expect(host.frames - 512 - host.freeFrames).toBe(currentPages);
  expectInverse(host, guest);
  expectClean(host);
}

describe.each(allSchemes)("the balloon under %s", (scheme) => {
  it.each([
    { units: "4 KiB", options: {}, out: 700, left: 700 },
    { units: "4 KiB, highmem", options: highmem, out: 3000, left: 3000 },
    { units: "2 MiB", options: { balloonHugepages: true }, out: 3 * 512 + 511, left: 4 * 512 },
    { units: "2 MiB, highmem", options: { balloonHugepages: true, ...highmem }, out: 6 * 512, left: 6 * 512 },
  ])("goes out and in by units of $units", ({ options, out, left }) => {
    const pair = boot(scheme, 16, options);
    const { guest, host } = pair;
    const all = guest.balloonTotals().currentPages;
    const free = [host.freeFrames, guest.freePages()];
    expect(guest.setBalloonTarget(all - out)).toBe(all - left);
    expect(guest.balloonTotals()).toMatchObject({ currentPages: all - left, targetPages: all - left });
    expect(guest.freePages()).toBe((free[1] ?? 0) - left);
    expectAgreement(pair);
    expect(guest.setBalloonTarget(all)).toBe(all);
    expect(guest.balloonTotals()).toEqual({ currentPages: all, targetPages: all, lowPages: 0, highPages: 0 });
    expect([host.freeFrames, guest.freePages()]).toEqual(free);
    for (let page = 100; page < guest.frames; page++) {
      const expected = page < guest.kernel.maxLowPfn ? 1 : 0;
      if (writableCount(pair, page) !== expected) expect(page).toBe("counted otherwise");
    }
    expectAgreement(pair);
  });

  it("leaves the pool's hugepages alone, marked or not: they are not in the buddy [linux-facts §4.2]", () => {
    const pair = boot(scheme, 16);
    const { guest, host } = pair;
    expect(guest.setNrHugepages(5)).toBe(5);
    const marked = guest.pool().marked;
    const others = guest.freePages();
    expect(guest.decreaseReservation(guest.frames)).toBe(others);
    expect(guest.pool()).toMatchObject({ total: 5, free: 5, marked });
    expectAgreement(pair);
    // What a shrinking pool gives to the buddy can go as well.
    expect(guest.setNrHugepages(0)).toBe(0);
    const freed = scheme === "rfc-busy-over-1" ? 0 : 5 * 512;
    const before = host.freeFrames;
    expect(guest.decreaseReservation(guest.frames)).toBe(5 * 512);
    expect(host.freeFrames - before).toBe(freed);
    expectClean(host);
  });

  it("gets what Xen has when the host's memory ends in the middle of a batch", () => {
    const host = createHost({ frames: 16 * 256 + 512, scheme });
    const pair = { host, guest: bootGuest(host, { frames: 3000 }) };
    const { guest } = pair;
    expect(guest.decreaseReservation(800)).toBe(800);
    const taken = bootGuest(host, { frames: host.freeFrames - 333, populate: "pages" });
    expect(guest.increaseReservation(800)).toBe(333);
    expect(guest.balloonTotals()).toMatchObject({ currentPages: 2533, targetPages: 3000, lowPages: 467 });
    expect(host.freeFrames).toBe(0);
    expectInverse(host, guest);
    expectClean(host);
    // The target stands. When there is memory again the next try gets the rest.
    expect(taken.shutdown()).toBe(0);
    expect(guest.setBalloonTarget(guest.balloonTotals().targetPages)).toBe(3000);
    expectAgreement(pair);
  });

  it("of hugepages gets as many units as Xen has superpages, and none of single frames", () => {
    const host = createHost({ frames: 512 * 9, scheme });
    const guest = bootGuest(host, { frames: 512 * 8, balloonHugepages: true });
    expect(guest.decreaseReservation(512 * 4)).toBe(512 * 4);
    // Another guest takes two superpages and a half.
    const other = bootGuest(host, { frames: 512 * 2 + 256 });
    expect(guest.increaseReservation(512 * 4)).toBe(512);
    expect(host.freeFrames).toBe(256);
    expect(guest.increaseReservation(512)).toBe(0);
    expectInverse(host, guest);
    expectClean(host);
    expect(other.shutdown()).toBe(0);
    expect(guest.setBalloonTarget(512 * 8)).toBe(512 * 8);
    expect(guest.setNrHugepages(7)).toBe(7);
    expectAgreement({ host, guest });
  });

  it("of hugepages gives discontiguous ones back 4 KiB at a time [S UEK balloon.c; linux-facts §4.2]", () => {
    const pair = boot(scheme, 16, { populate: "pages", balloonHugepages: true });
    const { guest, host } = pair;
    // Clearing costs nothing in lowmem; then 512 entries for each unit, a flush, and a request of 512 extents each.
    const { perf } = measure(pair, () => expect(guest.decreaseReservation(1024)).toBe(1024));
    expect(perf).toMatchObject({ calls_to_update_va: 1024, hypercalls: 1024 + 1 + 2 });
    expectAgreement(pair);
    // Xen has the frames, and superpages only where there were some before.
    expect(guest.increaseReservation(1024)).toBe(512);
    expect(guest.setNrHugepages(1)).toBe(1);
    expectInverse(host, guest);
    expectClean(host);
  });

  it("out and in again breaks the blocks it took 4 KiB pages from [C/D linux-facts §4.3]", () => {
    const pair = boot(scheme, 16);
    const { guest, host } = pair;
    // The frame that comes back is not the one that went: another guest gave some of its own in between.
    const other = bootGuest(host, { frames: 300 });
    expect(guest.decreaseReservation(1)).toBe(1);
    expect(other.decreaseReservation(50)).toBe(50);
    expect(guest.increaseReservation(1)).toBe(1);
    const block = allocPages(guest.kernel, "GFP_HIGHUSER", 9);
    expect(block).not.toBe(NO_PAGE);
    const heads = Array.from({ length: guest.kernel.memMap.blocks }, (_, n) => pfn(n * 512));
    expect(heads.filter((head) => !guest.kernel.phys.isMachineContiguous(head))).toHaveLength(1);
    expectClean(host);
  });

  it("leaves nothing behind when the domain is destroyed with memory out", () => {
    for (const options of [{}, { balloonHugepages: true }, highmem]) {
      const host = createHost({ frames: 5000, scheme });
      const free = host.freeFrames;
      const guest = bootGuest(host, { memoryMiB: 16, ...options });
      guest.setNrHugepages(2);
      expect(guest.decreaseReservation(1024)).toBe(1024);
      expect(guest.shutdown()).toBe(0);
      expectAllFree(host, free);
      expectClean(host);
    }
  });

  it("keeps guest, P2M and Xen in agreement whatever targets are set", () => {
    const step = fc.oneof(
      fc.record({ target: fc.nat(5000) }),
      fc.record({ hugepages: fc.nat(8) }),
      fc.record({ pages: fc.nat(600) }),
    );
    const options = fc.constantFrom<GuestOptions[]>(
      {},
      highmem,
      { balloonHugepages: true },
      { balloonHugepages: true, ...highmem },
      { populate: "pages" },
      { populate: "pages", balloonHugepages: true },
    );
    fc.assert(
      fc.property(options, fc.array(step, { minLength: 3, maxLength: 8 }), (chosen, steps) => {
        // Where a mark may stay for ever, Xen and the guest do not agree on whose the page is: see below.
        const pair = boot(scheme, 16, { ...chosen, markHugepages: scheme !== "rfc-busy-over-1" });
        for (const next of steps) {
          if ("target" in next) pair.guest.setBalloonTarget(next.target);
          else if ("hugepages" in next) pair.guest.setNrHugepages(next.hugepages);
          else pair.guest.decreaseReservation(next.pages);
          expectAgreement(pair);
        }
        pair.guest.setNrHugepages(0);
        pair.guest.shutdown();
        expectAllFree(pair.host, pair.host.frames - 512);
      }),
      { numRuns: 4 },
    );
  });
});

describe("a page that Xen would not unmark", () => {
  it("goes out, but stays the guest's in Xen's eyes, so that no other comes in its place", () => {
    // This variant refuses the unmark while the direct map maps the page too; UEK does not look at the answer.
    const pair = boot("rfc-busy-over-1", 8);
    const { guest, host } = pair;
    expect(guest.setNrHugepages(1)).toBe(1);
    const head = guest.kernel.hstate.freeList[0] ?? NO_PAGE;
    const frame = guest.kernel.phys.pfnToMfn(pfn(head));
    guest.setNrHugepages(0);
    const free = host.freeFrames;
    const everything = guest.freePages();
    expect(guest.decreaseReservation(everything)).toBe(everything);
    expect(host.freeFrames - free).toBe(everything - 512);
    expect(readCount(host, frame)).toMatchObject({ count: 1, allocated: false });
    expectClean(host);
    // All that was really given back can return; the rest waits for ever.
    expect(guest.increaseReservation(everything)).toBe(everything - 512);
    expect(guest.balloonTotals()).toMatchObject({ lowPages: 512 });
    expect(guest.increaseReservation(512)).toBe(0);
    expectClean(host);
    expect(guest.shutdown()).toBe(0);
    expectAllFree(host, host.frames - 512);
  });
});

describe("what the balloon asks of Xen [S L39/UEK drivers/xen/balloon.c]", () => {
  it.each([
    // A batch is a page of frame numbers: 512 in a 64-bit kernel, 1,024 in a 32-bit one. Each is a TLB flush and a
    // decrease_reservation; a lowmem page is an update_va_mapping, a highmem page a kmap_atomic to clear it.
    { what: "512 pages", options: {}, pages: 512, hypercalls: 512 + 2 },
    { what: "513 pages", options: {}, pages: 513, hypercalls: 513 + 4 },
    { what: "1,024 highmem pages", options: highmem, pages: 1024, hypercalls: 3 * 1024 + 2 },
    { what: "1,025 highmem pages", options: highmem, pages: 1025, hypercalls: 3 * 1025 + 4 },
    { what: "2 hugepages", options: { balloonHugepages: true }, pages: 1024, hypercalls: 1024 + 2 },
    { what: "nothing", options: {}, pages: 0, hypercalls: 0 },
  ])("is for $what $hypercalls hypercalls", ({ options, pages, hypercalls }) => {
    const pair = boot("xen-4.1", 16, options);
    const { perf } = measure(pair, () => expect(pair.guest.decreaseReservation(pages)).toBe(pages));
    expect(perf.hypercalls).toBe(hypercalls);
  });

  it("flushes unused kmaps first: a highmem page that one still maps could not go [S L39; linux-facts §1.3]", () => {
    const pair = boot("xen-4.1", 16, highmem);
    const { guest, host } = pair;
    const page = allocPages(guest.kernel, "GFP_HIGHUSER", 0);
    kmap(guest.kernel, page);
    kunmap(guest.kernel, page);
    const free = host.freeFrames;
    expect(guest.decreaseReservation(1)).toBe(1);
    expect(host.freeFrames).toBe(free + 1);
    expect(writableCount(pair, page)).toBe(0);
    expectClean(host);
  });

  it("brings lowmem back first [S L39 balloon_append]", () => {
    const { guest } = boot("xen-4.1", 16, highmem);
    const high = 4096 - 2048;
    expect(guest.decreaseReservation(high + 100)).toBe(high + 100);
    expect(guest.balloonTotals()).toMatchObject({ lowPages: 100, highPages: high });
    expect(guest.increaseReservation(60)).toBe(60);
    expect(guest.balloonTotals()).toMatchObject({ lowPages: 40, highPages: high });
    expect(guest.increaseReservation(60)).toBe(60);
    expect(guest.balloonTotals()).toMatchObject({ lowPages: 0, highPages: high - 20 });
  });

  it("does not take what processes use", () => {
    const pair = boot("sealed", 16);
    const { process, address } = sharer(pair.guest, 4);
    const used = pair.guest.frames - pair.guest.freePages();
    const left = pair.guest.setBalloonTarget(0);
    expect(left).toBe(used);
    expect(pair.guest.freePages()).toBe(0);
    expect(pair.guest.balloonTotals()).toMatchObject({ targetPages: 0, currentPages: left });
    expect(pair.guest.touch(process, address)).toBeUndefined();
    expectAgreement(pair);
  });

  it("cannot have more than the guest was built with", () => {
    const pair = boot("xen-4.1", 8);
    expect(pair.guest.setBalloonTarget(10_000)).toBe(2048);
    expect(pair.guest.balloonTotals()).toMatchObject({ targetPages: 10_000, currentPages: 2048 });
  });

  it.each([-1, 0.5, Number.NaN])("refuses a target of %d", (target) => {
    const { guest } = boot("xen-4.1", 8);
    expect(() => guest.setBalloonTarget(target)).toThrow(`target: ${target} given`);
    expect(() => guest.setBalloonTarget(target)).toThrow(RangeError);
  });
});

describe("the list of ballooned pages [S L39 drivers/xen/balloon.c]", () => {
  it("has lowmem at its head, last in first, and highmem at its tail, first in first", () => {
    const pages = new BalloonedPages();
    pages.append(pfn(1), false);
    pages.append(pfn(101), true);
    pages.append(pfn(2), false);
    pages.append(pfn(102), true);
    expect([pages.low, pages.high]).toEqual([2, 2]);
    expect(pages.first(3)).toEqual([2, 1, 101]);
    expect(pages.first(9)).toEqual([2, 1, 101, 102]);
    expect([pages.first(1), pages.first(0)]).toEqual([[2], []]);
    expect([pages.retrieve(), pages.retrieve(), pages.retrieve()]).toEqual([2, 1, 101]);
    pages.append(pfn(3), false);
    pages.append(pfn(103), true);
    expect(pages.first(9)).toEqual([3, 102, 103]);
    expect([pages.retrieve(), pages.retrieve(), pages.retrieve()]).toEqual([3, 102, 103]);
    expect([pages.low, pages.high, pages.first(1), pages.first(0)]).toEqual([0, 0, [], []]);
    expect(() => pages.retrieve()).toThrow("that has one");
  });
});
