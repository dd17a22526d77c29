import { describe, expect, it } from "vitest";
import { MADV_DOFORK, MADV_DONTFORK, MAP_ANONYMOUS, MAP_PRIVATE, type Process } from "../src/index.ts";
import { type Pair, allSchemes, boot, expectClean, measure, ok, sharer } from "./small-guest.ts";

const PAGE = 4096;
const HUGEPAGE = 2 ** 21;

function withPages(): Pair & { process: Process; address: number } {
  const pair = boot("sealed", 16);
  const process = ok(pair.guest.spawn());
  const address = ok(pair.guest.mmap(process, { length: 6 * PAGE, flags: MAP_PRIVATE | MAP_ANONYMOUS }));
  return { ...pair, process, address };
}

describe("MADV_DONTFORK", () => {
  it.each(allSchemes)(
    "of hugepages leaves them out of the child, so that the pin costs nothing under %s [S L39]",
    (scheme) => {
      const pair = boot(scheme, 32);
      const { guest, host } = pair;
      const { process, address } = sharer(guest, 4);
      expect(guest.madvise(process, address, 4 * HUGEPAGE, MADV_DONTFORK)).toBe(0);
      const { perf, events } = measure(pair, () => ok(guest.fork(process)));
      expect(events).toMatchObject({ plainPteStores: 0, pgdPins: 1, pagesMadeReadOnly: 2 });
      expect(perf).toMatchObject({ frameGets: 0, superpageGets: 0, validations: 2 });
      expect(guest.processes()[1]?.vmas).toEqual([]);
      expect(guest.madvise(process, address, 4 * HUGEPAGE, MADV_DOFORK)).toBe(0);
      expect(measure(pair, () => ok(guest.fork(process))).events.plainPmds).toBe(4);
      expectClean(host);
    },
  );

  it("of part of a mapping splits it, and the rest is copied", () => {
    const { guest, process, address } = withPages();
    expect(guest.touchAll(process, address)).toBeUndefined();
    expect(guest.madvise(process, address + 2 * PAGE, PAGE, MADV_DONTFORK)).toBe(0);
    const child = ok(guest.fork(process));
    expect(guest.touch(child, address + 2 * PAGE)).toBe("SIGSEGV");
    expect(guest.touch(child, address + 3 * PAGE)).toBeUndefined();
    expect(guest.processes()[0]?.vmas).toHaveLength(3);
    expect(guest.madvise(process, address, 6 * PAGE, MADV_DOFORK)).toBe(0);
    expect(guest.processes()[0]?.vmas).toHaveLength(1);
  });
});

describe("madvise", () => {
  it.each([
    ["other advice", 0, PAGE, 4, -22],
    ["a start inside a page", 1, PAGE, MADV_DONTFORK, -22],
    ["no length", 0, 0, MADV_DONTFORK, 0],
    ["what is not mapped", 64 * PAGE, PAGE, MADV_DONTFORK, -12],
  ])("of %s gives the errno of Linux [M mm/madvise.c]", (_, start, length, advice, errno) => {
    const { guest, process, address } = withPages();
    expect(guest.madvise(process, address + start, length, advice)).toBe(errno);
  });

  it("advises all that is mapped, though it says ENOMEM for a hole", () => {
    const { guest, process, address } = withPages();
    expect(guest.munmap(process, address + 2 * PAGE, PAGE)).toBe(0);
    expect(guest.madvise(process, address, 6 * PAGE, MADV_DONTFORK)).toBe(-12);
    ok(guest.fork(process));
    expect(guest.processes()[1]?.vmas).toEqual([]);
  });

  it("is EINVAL inside a hugepage [S L39 __split_vma]", () => {
    const { guest } = boot("sealed", 32);
    const { process, address } = sharer(guest, 2);
    expect(guest.madvise(process, address, PAGE, MADV_DONTFORK)).toBe(-22);
  });
});
