import { describe, expect, it } from "vitest";
import {
  type Guest,
  MAP_HUGETLB,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_EXEC,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
  VM_READ,
  VM_WRITE,
} from "../src/index.ts";
import { allSchemes, boot, expectClean, mapped, measure, ok } from "./small-guest.ts";

const PAGE = 4096;
const HUGEPAGE = 2 ** 21;
const READ_WRITE = PROT_READ | PROT_WRITE;

/** Start in pages from the first, length in pages, and protection, of each mapping. */
function layout(guest: Guest, unit: number): string[] {
  const vmas = guest.processes()[0]?.vmas ?? [];
  const first = vmas[0]?.start ?? 0;
  return vmas.map(({ start, end, flags }) => {
    const rights = `${(flags & VM_READ) !== 0 ? "r" : "-"}${(flags & VM_WRITE) !== 0 ? "w" : "-"}`;
    return `${(start - first) / unit}+${(end - start) / unit} ${rights}`;
  });
}

describe.each(allSchemes)("mprotect under %s", (scheme) => {
  it.each([
    { sharing: "private", flags: MAP_PRIVATE, upgrade: { ptwrFaults: 1, pageFaults: 1 } },
    { sharing: "shared", flags: MAP_SHARED, upgrade: { ptwrFaults: 0, pageFaults: 0 } },
  ])("of $sharing 4 KiB pages holds requests back, 31 to a hypercall; then a write faults if private", (row) => {
    const pages = 40;
    const pair = mapped(scheme, pages * PAGE, row.flags);
    const { guest, host, process, address } = pair;
    const down = measure(pair, () => expect(guest.mprotect(process, address, pages * PAGE, PROT_READ)).toBe(0));
    expect(down.events).toMatchObject({ queuedPteWrites: pages, ptwrFaults: 0, batches: 2 + 1 });
    expect(down.perf).toMatchObject({ hypercalls: 3, num_page_updates: pages, tableTypePuts: pages });
    expectClean(host);
    expect(guest.touch(process, address)).toBe("SIGSEGV");
    expect(guest.touch(process, address, false)).toBeUndefined();
    const up = measure(pair, () => expect(guest.mprotect(process, address, pages * PAGE, READ_WRITE)).toBe(0));
    expect(up.events).toMatchObject({ queuedPteWrites: pages, batches: 3 });
    expect(up.perf.tableTypeGets).toBe(row.flags === MAP_SHARED ? pages : 0);
    const write = measure(pair, () => expect(guest.touch(process, address)).toBeUndefined());
    expect(write.events).toMatchObject(row.upgrade);
    expectClean(host);
  });

  it.each([
    { sharing: "private", flags: MAP_PRIVATE, faults: 1 },
    { sharing: "shared", flags: MAP_SHARED, faults: 0 },
  ])("of $sharing hugepages clears and sets each entry by a hypercall of its own", ({ flags, faults }) => {
    const pages = 4;
    const pair = mapped(scheme, pages * HUGEPAGE, flags | MAP_HUGETLB);
    const { guest, host, process, address } = pair;
    const down = measure(pair, () => expect(guest.mprotect(process, address, pages * HUGEPAGE, PROT_READ)).toBe(0));
    expect(down.perf).toMatchObject({ hypercalls: 2 * pages + 1, num_page_updates: 2 * pages });
    expect(guest.touch(process, address)).toBe("SIGSEGV");
    expect(guest.touch(process, address, false)).toBeUndefined();
    expectClean(host);
    expect(guest.mprotect(process, address, pages * HUGEPAGE, READ_WRITE)).toBe(0);
    const write = measure(pair, () => expect(guest.touch(process, address)).toBeUndefined());
    expect(write.perf.num_page_updates).toBe(faults);
    expectClean(host);
  });

  it("takes all access away and gives it back, with the same page", () => {
    const { guest, host, process, address } = mapped(scheme, PAGE, MAP_PRIVATE);
    const free = guest.freePages();
    expect(guest.mprotect(process, address, PAGE, PROT_NONE)).toBe(0);
    expect(guest.touch(process, address, false)).toBe("SIGSEGV");
    expectClean(host);
    expect(guest.mprotect(process, address, PAGE, READ_WRITE)).toBe(0);
    expect(guest.touch(process, address)).toBeUndefined();
    expect(guest.freePages()).toBe(free);
    expectClean(host);
  });
});

describe("mprotect", () => {
  it("splits a mapping, and merges it again when nothing tells its parts apart", () => {
    const { guest, process, address } = mapped("sealed", 6 * PAGE, MAP_PRIVATE);
    expect(guest.mprotect(process, address + 2 * PAGE, 2 * PAGE, PROT_READ)).toBe(0);
    expect(layout(guest, PAGE)).toEqual(["0+2 rw", "2+2 r-", "4+2 rw"]);
    expect(guest.mprotect(process, address + PAGE, 2 * PAGE, PROT_READ)).toBe(0);
    expect(layout(guest, PAGE)).toEqual(["0+1 rw", "1+3 r-", "4+2 rw"]);
    expect(guest.mprotect(process, address, 6 * PAGE, READ_WRITE)).toBe(0);
    expect(layout(guest, PAGE)).toEqual(["0+6 rw"]);
  });

  it("splits hugepages between two of them, and never merges them", () => {
    const { guest, process, address } = mapped("sealed", 3 * HUGEPAGE, MAP_SHARED | MAP_HUGETLB);
    expect(guest.mprotect(process, address + HUGEPAGE, HUGEPAGE, PROT_READ)).toBe(0);
    expect(guest.mprotect(process, address + HUGEPAGE, HUGEPAGE, READ_WRITE)).toBe(0);
    expect(layout(guest, HUGEPAGE)).toEqual(["0+1 rw", "1+1 rw", "2+1 rw"]);
  });

  it.each([
    ["private 4 KiB pages", MAP_PRIVATE, PAGE],
    ["shared 4 KiB pages", MAP_SHARED, PAGE],
    ["private hugepages", MAP_PRIVATE | MAP_HUGETLB, HUGEPAGE],
    ["shared hugepages", MAP_SHARED | MAP_HUGETLB, HUGEPAGE],
  ])("to PROT_EXEC leaves %s readable, as on x86 [M protection_map]", (_, flags, length) => {
    const { guest, host, process, address } = mapped("sealed", length, flags);
    expect(guest.mprotect(process, address, length, PROT_EXEC)).toBe(0);
    expect(guest.touch(process, address, false)).toBeUndefined();
    expect(guest.touch(process, address)).toBe("SIGSEGV");
    expectClean(host);
  });

  it.each(["shmemFile", "hugetlbFile"] as const)(
    "to PROT_WRITE lets pages of a %s lose their zeroes unseen",
    (make) => {
      const { guest } = boot("sealed", 32);
      expect(guest.setNrHugepages(1)).toBe(1);
      const process = ok(guest.spawn());
      const file = ok(guest[make](HUGEPAGE));
      const address = ok(guest.mmap(process, { length: HUGEPAGE, flags: MAP_SHARED, file, prot: PROT_READ }));
      expect(guest.touch(process, address, false)).toBeUndefined();
      const scribbled = (): boolean[] => [...file.pages.values()].map((page) => guest.kernel.memMap.isScribbled(page));
      expect(scribbled()).toEqual([false]);
      expect(guest.mprotect(process, address, HUGEPAGE, READ_WRITE)).toBe(0);
      expect(scribbled()).toEqual([true]);
    },
  );

  it.each([
    ["a start inside a page", { start: 1, length: PAGE, prot: PROT_READ }, -22],
    ["no length", { start: 0, length: 0, prot: PROT_READ }, 0],
    ["a bit that is no protection", { start: 0, length: PAGE, prot: 0x40 }, -22],
    ["a range that nothing is mapped in", { start: 64 * PAGE, length: PAGE, prot: PROT_READ }, -12],
    ["a range that reaches beyond the mapping", { start: 5 * PAGE, length: 2 * PAGE, prot: PROT_READ }, -12],
    ["a length that wraps around", { start: 0, length: -PAGE, prot: PROT_READ }, -12],
  ])("of %s gives the errno of Linux [M mm/mprotect.c]", (_, { start, length, prot }, errno) => {
    const { guest, process, address } = mapped("sealed", 6 * PAGE, MAP_PRIVATE);
    expect(guest.mprotect(process, address + start, length, prot)).toBe(errno);
  });

  it("has changed what comes before a hole when it fails there", () => {
    const { guest, process, address } = mapped("sealed", 6 * PAGE, MAP_PRIVATE);
    expect(guest.munmap(process, address + 2 * PAGE, PAGE)).toBe(0);
    expect(guest.mprotect(process, address, 6 * PAGE, PROT_READ)).toBe(-12);
    expect(layout(guest, PAGE)).toEqual(["0+2 r-", "3+3 rw"]);
  });

  it.each([
    ["start", HUGEPAGE / 2, HUGEPAGE],
    ["end", 0, HUGEPAGE / 2],
  ])("with its %s inside a hugepage is EINVAL [S L39 __split_vma]", (_, start, length) => {
    const { guest, host, process, address } = mapped("sealed", 2 * HUGEPAGE, MAP_SHARED | MAP_HUGETLB);
    expect(guest.mprotect(process, address + start, length, PROT_READ)).toBe(-22);
    expect(layout(guest, HUGEPAGE)).toEqual(["0+2 rw"]);
    expectClean(host);
  });
});
