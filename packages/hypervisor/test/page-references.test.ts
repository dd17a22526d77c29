import { describe, expect, it } from "vitest";
import { PGC_allocated, PGC_count_mask } from "../src/count-info.ts";
import { createDomain, destroyDomain, ownerOf, readCount } from "../src/index.ts";
import { clearAllocated, getPage, getPageLight, getPageOwnerAndReference, putPage } from "../src/page-references.ts";
import { oneGuest } from "./small-host.ts";

const LIMIT = PGC_count_mask;
const OTHER_SLOT = 77;

describe("getPage", () => {
  it.each([
    ["not allocated", 0, false],
    ["with one reference", 1, true],
    ["two below the largest count", LIMIT - 2, true],
    ["at the first of the two reserved counts", LIMIT - 1, false],
    ["at the largest count", LIMIT, false],
  ])("of a frame %s (count %i) answers %s", (_name, count, granted) => {
    const { host, domain, start } = oneGuest();
    const word = PGC_allocated | count | 0;
    host.count.store(start, word);
    expect(getPage(host, start, domain.slot)).toBe(granted);
    expect(host.count.load(start)).toBe(granted ? word + 1 : word);
  });

  it("of another's frame is refused and gives the reference back", () => {
    const { host, start } = oneGuest();
    const word = host.count.load(start);
    expect(getPage(host, start, OTHER_SLOT)).toBe(false);
    expect(host.count.load(start)).toBe(word);
  });

  it.each([
    ["a frame that is not allocated", 0, 0, "getPage: not allocated, or the general count is at its limit"],
    ["another's frame", 1, OTHER_SLOT, "getPage: another's frame"],
  ])("of %s leaves its reason in the log of refusals", (_what, count, slot, check) => {
    const { host, start } = oneGuest();
    host.count.store(start, count);
    expect(getPage(host, start, slot)).toBe(false);
    expect(host.refusals.entries()).toMatchObject([{ check, mfn: start, rc: 0 }]);
  });

  it("keeps the neighbours' words as they are", () => {
    const { host, domain, start } = oneGuest();
    const neighbours = [host.count.load(start), host.count.load(start + 2)];
    getPage(host, start + 1, domain.slot);
    expect([host.count.load(start), host.count.load(start + 2)]).toEqual(neighbours);
  });
});

it.each([
  [0, -1],
  [1, 3],
  [LIMIT - 2, 3],
  [LIMIT - 1, -1],
  [LIMIT, -1],
])("getPageOwnerAndReference of a frame with count %i answers owner slot %i", (count, answer) => {
  const { host, start } = oneGuest();
  host.count.store(start, count);
  expect(getPageOwnerAndReference(host, start)).toBe(answer);
  expect(host.count.load(start)).toBe(answer < 0 ? count : count + 1);
});

it("a light reference goes into the reserved counts where a usual one is refused", () => {
  const { host, domain, start } = oneGuest();
  host.count.store(start, LIMIT - 1);
  expect(getPage(host, start, domain.slot)).toBe(false);
  getPageLight(host, start);
  expect(host.count.load(start)).toBe(LIMIT);
});

describe("putPage", () => {
  it("of the last reference frees the frame: no owner, no type, back in the heap", () => {
    const { host, domain, start } = oneGuest();
    const free = host.freeFrames;
    host.memory.store(start, 1, 5, 6);
    host.type.store(start, 0x7400_0000);
    expect(clearAllocated(host, start)).toBe(true);
    putPage(host, start);
    expect(readCount(host, start)).toEqual({ count: 0, allocated: false, xenHeap: false, free: true });
    expect(ownerOf(host, start)).toBeUndefined();
    expect(host.type.load(start)).toBe(0);
    expect(host.memory.loadLo(start, 1)).toBe(0);
    expect(host.freeFrames).toBe(free + 1);
    expect(destroyDomain(domain)).toBe(0);
  });

  it("of one of several only counts down", () => {
    const { host, domain, start } = oneGuest();
    const free = host.freeFrames;
    getPage(host, start, domain.slot);
    clearAllocated(host, start);
    putPage(host, start);
    expect(readCount(host, start)).toMatchObject({ count: 1, allocated: false, free: false });
    expect(ownerOf(host, start)).toBe(domain.domid);
    expect(host.freeFrames).toBe(free);
  });

  it("of what nobody holds is refused and noted", () => {
    const { host } = oneGuest({ superpages: 3 });
    const other = createDomain(host);
    host.count.store(4, 0);
    putPage(host, 4);
    expect(host.count.load(4)).toBe(0);
    expect([host.underflows, host.underflowFrame]).toEqual([1, 4]);
    expect(destroyDomain(other)).toBe(0);
  });
});

it("clearAllocated takes the owner's hold away once", () => {
  const { host, start } = oneGuest();
  expect([clearAllocated(host, start), clearAllocated(host, start)]).toEqual([true, false]);
  expect(readCount(host, start)).toMatchObject({ count: 1, allocated: false });
});
