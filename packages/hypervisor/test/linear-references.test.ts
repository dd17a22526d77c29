import { describe, expect, it } from "vitest";
import { EINVAL, type XenVersion, destroyDomain, getPageType, putPageType, versions } from "../src/index.ts";
import { PGT_l2_page_table } from "../src/type-info.ts";
import {
  RO,
  RW,
  type SmallGuest,
  build,
  everyWord,
  expectClean,
  expectNothingLeft,
  frameState,
  guestAt,
  oneGuest,
  pin,
  smallHost,
  unpin,
  update,
} from "./small-host.ts";

/** Three empty tables of a level, pinned: frames 4, 5, 6. */
function pinnedTables(level: number, guest: SmallGuest = oneGuest()): SmallGuest {
  for (const frame of [4, 5, 6]) expect(pin(guest.vcpu, level, frame)).toBe(0);
  return guest;
}

describe.each([2, 3, 4])("a linear entry at L%i", (level) => {
  const name = `l${level}`;

  it("to its own table takes nothing read-only, and is refused writable", () => {
    const { host, vcpu } = pinnedTables(level);
    const before = frameState(host, 4);
    expect(update(vcpu, 4, 0, 4, RO)).toBe(0);
    expect(frameState(host, 4)).toEqual(before);
    expect(update(vcpu, 4, 1, 4, RW)).toBe(-EINVAL);
    expect(update(vcpu, 4, 0, 4, RW)).toBe(-EINVAL);
    expect(host.memory.loadLo(4, 0) & 2).toBe(0);
    expectClean(host);
    expect(unpin(vcpu, 4)).toBe(0);
    expect(frameState(host, 4)).toEqual([name, 0, "a", 1, 0]);
  });

  it("to another validated table counts at both ends", () => {
    const { host, vcpu } = pinnedTables(level);
    expect(update(vcpu, 4, 0, 5, RO)).toBe(0);
    expect(update(vcpu, 4, 1, 5, RO)).toBe(0);
    expect(update(vcpu, 4, 2, 6, RO)).toBe(0);
    expect([4, 5, 6].map((frame) => frameState(host, frame))).toEqual([
      [name, 1, "vpa", 2, 3],
      [name, 3, "vpa", 4, -2],
      [name, 2, "vpa", 3, -1],
    ]);
    expectClean(host);
    expect(unpin(vcpu, 4)).toBe(0);
    expect([5, 6].map((frame) => frameState(host, frame))).toEqual([
      [name, 1, "vpa", 2, 0],
      [name, 1, "vpa", 2, 0],
    ]);
    expectClean(host);
  });

  it("to another table is refused writable", () => {
    const { host, vcpu } = pinnedTables(level);
    const before = everyWord(host);
    expect(update(vcpu, 4, 0, 5, RW)).toBe(-EINVAL);
    expect(everyWord(host)).toBe(before);
  });

  it("is one level deep: a target holds none, and a holder is the target of none", () => {
    const { host, vcpu } = pinnedTables(level);
    expect(update(vcpu, 4, 0, 5, RO)).toBe(0);
    const before = everyWord(host);
    expect(update(vcpu, 5, 0, 6, RO)).toBe(-EINVAL);
    expect(update(vcpu, 5, 0, 4, RO)).toBe(-EINVAL);
    expect(update(vcpu, 6, 0, 4, RO)).toBe(-EINVAL);
    expect(everyWord(host)).toBe(before);
    expect(update(vcpu, 4, 0, 0, 0)).toBe(0);
    expect(update(vcpu, 5, 0, 4, RO)).toBe(0);
    expectClean(host);
  });

  it("keeps its target validated after its pin is gone, and lets it go with itself", () => {
    const { host, vcpu } = pinnedTables(level);
    expect(update(vcpu, 4, 3, 5, RO)).toBe(0);
    expect(unpin(vcpu, 5)).toBe(0);
    expect(frameState(host, 5)).toEqual([name, 1, "va", 2, -1]);
    expect(update(vcpu, 4, 3, 0, 0)).toBe(0);
    expect(frameState(host, 5)).toEqual([name, 0, "a", 1, 0]);
    expectClean(host);
  });

  it("to a frame in use as nothing makes it a table of the level below instead", () => {
    const { host, vcpu } = pinnedTables(level);
    expect(unpin(vcpu, 5)).toBe(0);
    expect(update(vcpu, 4, 0, 5, RO)).toBe(0);
    expect(frameState(host, 5)).toEqual([`l${level - 1}`, 1, "va", 2, 0]);
  });

  it("that is validated with its table, and refused further on, is given back", () => {
    const guest = oneGuest();
    const { host, vcpu } = guest;
    for (const frame of [5, 6]) expect(pin(vcpu, level, frame)).toBe(0);
    build(guest, 4, 1, 5, RO);
    build(guest, 4, 2, 4, RO);
    build(guest, 4, 3, 6, RW);
    const before = everyWord(host, { history: true, contents: true });
    expect(pin(vcpu, level, 4)).toBe(-EINVAL);
    expect(everyWord(host, { history: true, contents: true })).toBe(before);
    expectClean(host);
  });
});

it.each([
  ["is pinned as well", true],
  ["is kept by it alone", false],
])("a linear entry of a table in frame 0 is counted, and no more when it goes: its target %s", (_what, pinned) => {
  const guest = guestAt(smallHost({ xenFrames: 0 }), 0, 2);
  const { host, vcpu } = guest;
  for (const frame of [0, 5]) expect(pin(vcpu, 2, frame)).toBe(0);
  expect(update(vcpu, 0, 1, 5, RO)).toBe(0);
  if (!pinned) expect(unpin(vcpu, 5)).toBe(0);
  expect([0, 5].map((frame) => frameState(host, frame)[4])).toEqual([1, -1]);
  expect(update(vcpu, 0, 1, 0, 0)).toBe(0);
  expect([0, 5].map((frame) => frameState(host, frame)[4])).toEqual([0, 0]);
  expectClean(host);
});

it("a reference that is no linear entry's changes no linear count, whichever way it is put", () => {
  const { host, vcpu } = pinnedTables(2);
  for (const frame of [0, 1, 2, 3]) host.type.store(frame, PGT_l2_page_table);
  const before = everyWord(host);
  getPageType(vcpu, 5, PGT_l2_page_table, false);
  putPageType(vcpu, 5, false);
  expect(everyWord(host)).toBe(before);
});

describe.each(["xen-4.0", "xen-4.6", "xen-4.9"] as const)("under %s without the fix of XSA-240", (version) => {
  it("linear page tables are nested without bound, and none is counted", () => {
    const { host, vcpu } = pinnedTables(3, oneGuest({ version, unfixed: ["XSA-240"] }));
    expect([update(vcpu, 4, 0, 5, RO), update(vcpu, 5, 0, 6, RO), update(vcpu, 6, 0, 4, RO)]).toEqual([0, 0, 0]);
    expect([4, 5, 6].map((frame) => frameState(host, frame)[4])).toEqual([0, 0, 0]);
    expectClean(host);
    expect([update(vcpu, 4, 0, 0, 0), update(vcpu, 5, 0, 0, 0)]).toEqual([0, 0]);
    expect([4, 5, 6].map((frame) => frameState(host, frame)[4])).toEqual([0, 0, 0]);
    expectClean(host);
  });

  it.each([2, 3, 4])("a circle of L%i tables that nobody pins any more is broken by destruction", (level) => {
    const guest = oneGuest({ version, unfixed: ["XSA-240"] });
    const { host, vcpu, domain } = guest;
    const free = host.freeFrames + 28;
    pinnedTables(level, guest);
    build(guest, 12, 0, 13, RW);
    expect([update(vcpu, 4, 0, 5, RO), update(vcpu, 5, 1, 6, RO), update(vcpu, 6, 0, 4, RO)]).toEqual([0, 0, 0]);
    for (const frame of [4, 5, 6]) expect(unpin(vcpu, frame)).toBe(0);
    expect([4, 5, 6].map((frame) => frameState(host, frame)[1])).toEqual([1, 1, 1]);
    expectClean(host);
    expect(destroyDomain(domain)).toBe(0);
    expectNothingLeft(host, free);
  });
});

it.each(Object.keys(versions) as XenVersion[])(
  "the depth is limited whatever version's errnos are chosen: %s",
  (version) => {
    const { vcpu } = pinnedTables(3, oneGuest({ version }));
    expect([update(vcpu, 4, 0, 5, RO), update(vcpu, 5, 0, 6, RO)]).toEqual([0, -EINVAL]);
  },
);
