import { describe, expect, it } from "vitest";
import { type Guest, MAP_ANONYMOUS, MAP_FIXED, MAP_HUGETLB, MAP_PRIVATE, MAP_SHARED } from "../src/index.ts";
import { allSchemes, expectClean, mapped, measure, mmapShared, ok } from "./small-guest.ts";

const PAGE = 4096;
const HUGEPAGE = 2 ** 21;

/** Begin and length of each mapping, in so many bytes from an address on. */
function ranges(guest: Guest, from: number, unit: number): [number, number][] {
  const vmas = guest.processes()[0]?.vmas ?? [];
  return vmas.map(({ start, end }) => [(start - from) / unit, (end - start) / unit]);
}

describe.each(allSchemes)("a live munmap under %s", (scheme) => {
  it.each([
    { sharing: "private", flags: MAP_PRIVATE, freed: 40 },
    { sharing: "shared", flags: MAP_SHARED, freed: 40 },
  ])(
    "of $sharing 4 KiB pages clears each entry by a trapped exchange [M L39 ptep_get_and_clear]",
    ({ flags, freed }) => {
      const pair = mapped(scheme, 40 * PAGE, flags);
      const { guest, host, process, address } = pair;
      const free = guest.freePages();
      const { perf, events } = measure(pair, () => expect(guest.munmap(process, address)).toBe(0));
      // A flush, then PTE, PMD and PUD page: the entry above cleared, the page unpinned and writable again.
      expect(events).toMatchObject({ ptwrFaults: 40, queuedPteWrites: 1 + 1 + 2, batches: 1 + 3 * 2, plainPtes: 0 });
      expect(perf).toMatchObject({ hypercalls: 7, calls_to_update_va: 3, num_mmuext_ops: 1 + 1 });
      expect(guest.freePages()).toBe(free + freed + 3);
      expectClean(host);
    },
  );

  it("of part of a mapping leaves the rest, and what it needs", () => {
    const { guest, host, process, address } = mapped(scheme, 6 * PAGE, MAP_PRIVATE);
    expect(guest.munmap(process, address + 2 * PAGE, PAGE)).toBe(0);
    expect(ranges(guest, address, PAGE)).toEqual([
      [0, 2],
      [3, 3],
    ]);
    expect([0, 1, 2, 3, 5].map((page) => guest.touch(process, address + page * PAGE))).toEqual([
      undefined,
      undefined,
      "SIGSEGV",
      undefined,
      undefined,
    ]);
    expectClean(host);
  });

  it("of the middle of hugepages gives that one back, and a split reservation its part", () => {
    const { guest, host, process, address } = mapped(scheme, 3 * HUGEPAGE, MAP_PRIVATE | MAP_HUGETLB);
    expect(guest.munmap(process, address + HUGEPAGE, HUGEPAGE)).toBe(0);
    expect(ranges(guest, address, HUGEPAGE)).toEqual([
      [0, 1],
      [2, 1],
    ]);
    expect(guest.pool()).toMatchObject({ total: 6, free: 4, reserved: 0 });
    expect(guest.touch(process, address + 2 * HUGEPAGE)).toBeUndefined();
    expectClean(host);
  });

  it("takes several mappings in one go, with one flush for all of them", () => {
    const pair = mapped(scheme, 2 * PAGE, MAP_PRIVATE);
    const { guest, host, process, address } = pair;
    const second = ok(mmapShared(guest, process, 2 * PAGE));
    expect(second).toBe(address + 2 * PAGE);
    expect(guest.touchAll(process, second)).toBeUndefined();
    const { events } = measure(pair, () => expect(guest.munmap(process, address + PAGE, 2 * PAGE)).toBe(0));
    expect(events).toMatchObject({ ptwrFaults: 2, batches: 1 });
    expect(ranges(guest, address, PAGE)).toEqual([
      [0, 1],
      [3, 1],
    ]);
    expectClean(host);
  });
});

describe("munmap", () => {
  it.each([
    ["an address inside a page", 1, PAGE, -22],
    ["no length", 0, 0, -22],
    ["more than there is of user space", 0, 2 ** 47, -22],
    ["what is not mapped", 64 * PAGE, PAGE, 0],
    ["part of a page", 5 * PAGE, 1, 0],
  ])("of %s gives the errno of Linux [M mm/mmap.c do_munmap]", (_, start, length, errno) => {
    const { guest, process, address } = mapped("sealed", 6 * PAGE, MAP_PRIVATE);
    expect(guest.munmap(process, address + start, length)).toBe(errno);
  });

  it.each([
    ["start", HUGEPAGE / 2, HUGEPAGE * 1.5],
    ["end", 0, HUGEPAGE / 2],
  ])("with its %s inside a hugepage is EINVAL [S L39 __split_vma]", (_, start, length) => {
    const { guest, host, process, address } = mapped("sealed", 2 * HUGEPAGE, MAP_SHARED | MAP_HUGETLB);
    expect(guest.munmap(process, address + start, length)).toBe(-22);
    expect(ranges(guest, address, HUGEPAGE)).toEqual([[0, 2]]);
    expectClean(host);
  });

  it("is done by mmap with MAP_FIXED, which says ENOMEM where it would cut a hugepage", () => {
    const { guest, host, process, address } = mapped("sealed", 6 * PAGE, MAP_PRIVATE);
    const flags = MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED;
    expect(guest.mmap(process, { length: 2 * PAGE, flags, address: address + PAGE })).toBe(address + PAGE);
    expect(ranges(guest, address, PAGE)).toEqual([
      [0, 1],
      [1, 2],
      [3, 3],
    ]);
    expect(guest.setNrHugepages(1)).toBe(1);
    const huge = ok(guest.mmap(process, { length: HUGEPAGE, flags: MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB }));
    expect(guest.mmap(process, { length: PAGE, flags, address: huge + PAGE })).toBe(-12);
    expectClean(host);
  });

  it("at exit is stores into plain memory, whatever is mapped [S L39 exit_mmap]", () => {
    const pair = mapped("sealed", 40 * PAGE, MAP_PRIVATE);
    const { guest, process } = pair;
    const { events } = measure(pair, () => guest.exit(process));
    expect(events).toMatchObject({ plainPtes: 40, plainPmds: 1, ptwrFaults: 0, queuedPteWrites: 0, pgdUnpins: 1 });
    expectClean(pair.host);
  });
});
