import { type Pfn, type SchemeName, ownerOf, readType } from "@xsp/hypervisor";
import { describe, expect, it } from "vitest";
import {
  NO_PAGE,
  allocPages,
  freePages,
  kmap,
  kmapAtomic,
  kmapFlushUnused,
  kunmap,
  kunmapAtomic,
} from "../src/index.ts";
import { type Pair, allSchemes, boot, expectClean, ok, writableCount, mmapHugetlb, mmapShared } from "./small-guest.ts";

// The table of linux-facts §1.2: writable type count of a page by what it is used for. In a 64-bit guest every page is
// lowmem, which the direct map maps once; in the 32-bit guests here the pages looked at are highmem.

const styles = [
  { style: "64-bit", base: 1 },
  { style: "32-bit", base: 0 },
] as const;

const cases = allSchemes.flatMap((scheme) => styles.map((style) => ({ scheme, ...style })));

function make(scheme: SchemeName, style: "64-bit" | "32-bit"): Pair {
  return boot(scheme, 32, style === "64-bit" ? {} : { style, lowmemFrames: 2048 });
}

function takePage({ guest }: Pair): Pfn {
  const page = allocPages(guest.kernel, "GFP_HIGHUSER", 0);
  expect(page).not.toBe(NO_PAGE);
  return page;
}

/** Counts of all 512 pages of a hugepage, which are the same for each of them. */
function hugepageCount(pair: Pair, head: number): number {
  const counts = new Set(Array.from({ length: 512 }, (_, offset) => writableCount(pair, head + offset)));
  expect(counts.size).toBe(1);
  return counts.values().next().value ?? -1;
}

function poolPage({ guest }: Pair): number {
  expect(guest.setNrHugepages(1)).toBe(1);
  return guest.kernel.hstate.freeList[0] ?? NO_PAGE;
}

describe.each(cases)("the writable count of a page, $scheme, $style", ({ scheme, style, base }) => {
  it("free", () => {
    const pair = make(scheme, style);
    const page = takePage(pair);
    freePages(pair.guest.kernel, page, 0);
    expect(writableCount(pair, page)).toBe(base);
    expectClean(pair.host);
  });

  it("mapped by kmap: 1, until unused kmaps are flushed", () => {
    const pair = make(scheme, style);
    const { kernel } = pair.guest;
    const page = takePage(pair);
    expect(kmap(kernel, page)).toBe(true);
    expect(kmap(kernel, page)).toBe(true);
    expect(writableCount(pair, page)).toBe(1);
    kunmap(kernel, page);
    kunmap(kernel, page);
    expect(writableCount(pair, page)).toBe(1);
    kmapFlushUnused(kernel);
    expect(writableCount(pair, page)).toBe(base);
    expectClean(pair.host);
  });

  it("mapped by kmap_atomic: 1, and back at once", () => {
    const pair = make(scheme, style);
    const { kernel } = pair.guest;
    const page = takePage(pair);
    kmapAtomic(kernel, page);
    expect(writableCount(pair, page)).toBe(1);
    kunmapAtomic(kernel, page);
    expect(writableCount(pair, page)).toBe(base);
    expectClean(pair.host);
  });

  it("mapped writable by k processes: one more for each", () => {
    const pair = make(scheme, style);
    const { guest } = pair;
    const first = ok(guest.spawn());
    const address = ok(mmapShared(guest, first, 4096));
    expect(guest.touch(first, address)).toBeUndefined();
    const file = first.mm?.vmas[0]?.file;
    const page = file?.kind === "shmem" ? (file.pages.get(0) ?? NO_PAGE) : NO_PAGE;
    for (let k = 1; k <= 3; k++) {
      expect(writableCount(pair, page)).toBe(base + k);
      const child = ok(guest.fork(first));
      // Fork leaves shared 4 KiB entries to be faulted in.
      expect(writableCount(pair, page)).toBe(base + k);
      expect(guest.touch(child, address)).toBeUndefined();
    }
    expectClean(pair.host);
  });

  const marked = scheme !== "per-frame";

  it("in the pool: one more when marked", () => {
    const pair = make(scheme, style);
    expect(hugepageCount(pair, poolPage(pair))).toBe(marked ? base + 1 : base);
    expectClean(pair.host);
  });

  it("a hugepage mapped k times: the same as when marked, or one more for each under per-frame", () => {
    const pair = make(scheme, style);
    const { guest } = pair;
    const page = poolPage(pair);
    const process = ok(guest.spawn());
    const address = ok(mmapHugetlb(guest, process, 2 ** 21));
    expect(guest.touch(process, address)).toBeUndefined();
    for (let k = 1; k <= 3; k++) {
      // The scheme of the RFC takes a reference on the head frame for each mapping, so only its other frames stay.
      const heads = scheme.startsWith("rfc") ? k : 0;
      const count = marked ? base + 1 : base + k;
      expect(writableCount(pair, page)).toBe(count + heads);
      for (let offset = 1; offset < 512; offset++) {
        if (writableCount(pair, page + offset) !== count) expect(`page ${offset}`).toBe("counted otherwise");
      }
      ok(guest.fork(process));
    }
    expectClean(pair.host);
  });

  it("an unmarked hugepage mapped k times under xen-4.1: one more, however often", () => {
    const pair = boot(
      "xen-4.1",
      32,
      style === "64-bit" ? { markHugepages: false } : { style, lowmemFrames: 2048, markHugepages: false },
    );
    const { guest } = pair;
    const page = poolPage(pair);
    expect(hugepageCount(pair, page)).toBe(base);
    const process = ok(guest.spawn());
    expect(guest.touch(process, ok(mmapHugetlb(guest, process, 2 ** 21)))).toBeUndefined();
    ok(guest.fork(process));
    expect(hugepageCount(pair, page)).toBe(base + 1);
    expectClean(pair.host);
  });

  it("a page table: 0 as writable, 1 or more as a table", () => {
    const pair = make(scheme, style);
    const process = ok(pair.guest.spawn());
    for (const root of [process.mm?.pgd ?? NO_PAGE, process.mm?.userPgd ?? NO_PAGE]) {
      const frame = pair.guest.kernel.phys.pfnToMfn(root);
      expect(readType(pair.host, frame)).toMatchObject({ typeCount: 2, pinned: true, validated: true });
      expect(writableCount(pair, root)).toBe(0);
    }
    expectClean(pair.host);
  });

  it("ballooned out: not the guest's any more; and back in as if new", () => {
    const pair = make(scheme, style);
    const { guest, host } = pair;
    const before = guest.kernel.phys.p2m.slice();
    const free = host.freeFrames;
    expect(guest.decreaseReservation(3)).toBe(3);
    const gone = [...before.keys()].filter((page) => guest.kernel.phys.p2m[page] === -1);
    expect(gone).toHaveLength(3);
    for (const page of gone) expect(ownerOf(host, before[page] ?? -1)).toBeUndefined();
    expect(host.freeFrames).toBe(free + 3);
    expectClean(host);
    expect(guest.increaseReservation(5)).toBe(3);
    for (const page of gone) expect(writableCount(pair, page)).toBe(base);
    expect(host.freeFrames).toBe(free);
    expectClean(host);
  });
});
