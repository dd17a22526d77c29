import { describe, expect, it } from "vitest";
import { EINTR, EINVAL } from "../src/errno.ts";
import type { Advisory } from "../src/index.ts";
import { OWNER_NONE, storeOwner } from "../src/owner-info.ts";
import { getPageType, putPageType } from "../src/page-types.ts";
import {
  PGT_count_mask,
  PGT_l1_page_table,
  PGT_l2_page_table,
  PGT_l3_page_table,
  PGT_l4_page_table,
  PGT_locked,
  PGT_partial,
  PGT_seg_desc_page,
  PGT_shared_page,
  PGT_validated,
  PGT_writable_page,
} from "../src/type-info.ts";
import { RO, RW, build, everyWord, frameState, oneGuest } from "./small-host.ts";

const types = [
  ["l1", PGT_l1_page_table],
  ["l2", PGT_l2_page_table],
  ["l3", PGT_l3_page_table],
  ["l4", PGT_l4_page_table],
  ["seg", PGT_seg_desc_page],
  ["writable", PGT_writable_page],
  ["shared", PGT_shared_page],
] as const;
const pairs = types.flatMap(([held, a]) => types.map(([wanted, b]) => [held, wanted, a, b] as const));

describe("types exclude one another", () => {
  it.each(pairs)("held as %s, wanted as %s", (held, wanted, a, b) => {
    const { host, vcpu, start } = oneGuest();
    expect(getPageType(vcpu, start, a, false)).toBe(0);
    const before = everyWord(host);
    const rc = getPageType(vcpu, start, b, false);
    if (held === wanted) {
      expect(rc).toBe(0);
      expect(frameState(host, start).slice(0, 3)).toEqual([held, 2, "va"]);
    } else {
      expect(rc).toBe(-EINVAL);
      expect(everyWord(host)).toBe(before);
    }
  });

  it.each(pairs)("of a frame dropped from %s the type is history, and it becomes %s", (_held, wanted, a, b) => {
    const { host, vcpu, start } = oneGuest();
    expect(getPageType(vcpu, start, a, false)).toBe(0);
    putPageType(vcpu, start, false);
    expect(getPageType(vcpu, start, b, false)).toBe(0);
    expect(frameState(host, start).slice(0, 3)).toEqual([wanted, 1, "va"]);
  });
});

it.each(types)("a %s type count at its limit is refused and does not wrap", (_name, type) => {
  const { host, vcpu, start } = oneGuest();
  const word = type | PGT_validated | PGT_count_mask;
  host.type.store(start, word);
  expect(getPageType(vcpu, start, type, false)).toBe(-EINVAL);
  expect(host.type.load(start)).toBe(word);
  host.type.store(start, word - 1);
  expect(getPageType(vcpu, start, type, false)).toBe(0);
  expect(host.type.load(start)).toBe(word);
});

it.each(types)("a put of %s that nobody holds is refused and noted", (_name, type) => {
  const { host, vcpu, start } = oneGuest();
  host.type.store(start, type | PGT_validated);
  expect(putPageType(vcpu, start, false)).toBe(0);
  expect(host.type.load(start)).toBe(type | PGT_validated);
  expect([host.underflows, host.underflowFrame]).toEqual([1, start]);
});

describe("validation", () => {
  it("scans a table on the way from 0 to 1 only, and gives the entries back on the way to 0 only", () => {
    const guest = oneGuest();
    const { host, vcpu, start } = guest;
    build(guest, start, 2, start + 1, RW);
    const counts = (): unknown => [
      host.perf.validations,
      host.perf.invalidations,
      frameState(host, start + 1)[1],
      frameState(host, start)[1],
    ];
    getPageType(vcpu, start, PGT_l1_page_table, false);
    expect(counts()).toEqual([1, 0, 1, 1]);
    getPageType(vcpu, start, PGT_l1_page_table, false);
    expect(counts()).toEqual([1, 0, 1, 2]);
    putPageType(vcpu, start, false);
    expect(counts()).toEqual([1, 0, 1, 1]);
    putPageType(vcpu, start, false);
    expect(counts()).toEqual([1, 1, 0, 0]);
    expect(frameState(host, start).slice(0, 3)).toEqual(["l1", 0, "a"]);
    getPageType(vcpu, start, PGT_l1_page_table, false);
    expect(counts()).toEqual([2, 1, 1, 1]);
  });

  it.each([
    ["writable", PGT_writable_page],
    ["shared", PGT_shared_page],
    ["seg", PGT_seg_desc_page],
  ] as const)("a %s frame stays validated when its last use goes", (name, type) => {
    const { host, vcpu, start } = oneGuest();
    getPageType(vcpu, start, type, false);
    putPageType(vcpu, start, false);
    expect(frameState(host, start)).toEqual([name, 0, "va", 1, 0]);
  });

  it("that fails leaves the frame typed as nothing, and every count as it was", () => {
    const guest = oneGuest();
    const { host, vcpu, start } = guest;
    getPageType(vcpu, start + 2, PGT_l2_page_table, false);
    build(guest, start, 0, start + 1, RW);
    build(guest, start, 1, start + 3, RO);
    build(guest, start, 3, start + 2, RW);
    const before = everyWord(host, { history: true, contents: true });
    expect(getPageType(vcpu, start, PGT_l1_page_table, false)).toBeLessThan(0);
    expect(frameState(host, start)).toEqual(["none", 0, "a", 1, 0]);
    expect(everyWord(host, { history: true, contents: true })).toBe(before);
  });

  it("by another vCPU is waited for", () => {
    const { host, vcpu, start } = oneGuest();
    host.type.store(start, PGT_l1_page_table | 1);
    expect(() => getPageType(vcpu, start, PGT_l1_page_table, false)).toThrow(/deadlock/);
    expect(getPageType(vcpu, start, PGT_writable_page, false)).toBe(-EINVAL);
  });

  it("by another vCPU is not waited for when this one is preempted", () => {
    const { host, vcpu, start } = oneGuest({ preempt: () => true });
    host.type.store(start, PGT_l3_page_table | 1);
    expect(getPageType(vcpu, start, PGT_l3_page_table, true)).toBe(-EINTR);
    expect(host.type.load(start)).toBe(PGT_l3_page_table | 1);
  });

  it("left half done is taken over by the next get, where it stopped", () => {
    let preempting = true;
    const guest = oneGuest({ preempt: () => preempting });
    const { host, vcpu, start } = guest;
    for (const slot of [0, 1, 2, 3]) build(guest, start, slot, start + 1, RO);
    expect(getPageType(vcpu, start, PGT_l2_page_table, true)).toBeLessThan(0);
    expect(host.type.load(start)).toBe(PGT_l2_page_table | PGT_partial | 1);
    expect(frameState(host, start)).toEqual(["l2", 1, "xa", 2, 0]);
    expect(frameState(host, start + 1)).toEqual(["l1", 1, "va", 2, 0]);
    expect(getPageType(vcpu, start, PGT_l3_page_table, false)).toBe(-EINVAL);
    preempting = false;
    expect(getPageType(vcpu, start, PGT_l2_page_table, true)).toBe(0);
    expect(frameState(host, start)).toEqual(["l2", 1, "va", 1, 0]);
    expect(frameState(host, start + 1)).toEqual(["l1", 4, "va", 5, 0]);
  });

  it("left half done is given back by the next put", () => {
    let preempting = true;
    const guest = oneGuest({ preempt: () => preempting });
    const { host, vcpu, start } = guest;
    for (const slot of [0, 1, 2, 3]) build(guest, start, slot, start + 1, RO);
    expect(getPageType(vcpu, start, PGT_l2_page_table, true)).toBeLessThan(0);
    preempting = false;
    expect(putPageType(vcpu, start, true)).toBe(0);
    expect(frameState(host, start)).toEqual(["l2", 0, "a", 1, 0]);
    expect(frameState(host, start + 1)).toEqual(["l1", 0, "a", 1, 0]);
  });

  it.each<readonly [string, readonly Advisory[]]>([
    ["not given back by who left it", []],
    ["given back by who left it without the fix of XSA-299: its entries are used by who took it over", ["XSA-299"]],
  ])("taken over by another is %s", (_what, unfixed) => {
    let preempting = true;
    const guest = oneGuest({ unfixed, preempt: () => preempting });
    const { host, vcpu, start } = guest;
    for (const slot of [0, 1, 2, 3]) build(guest, start, slot, start + 1, RO);
    expect(getPageType(vcpu, start, PGT_l2_page_table, true)).toBeLessThan(0);
    preempting = false;
    expect(getPageType(vcpu, start, PGT_l2_page_table, true)).toBe(0);
    const before = everyWord(host);
    expect(putPageType(vcpu, start, true, -1, true)).toBe(0);
    if (unfixed.length === 0) expect(everyWord(host)).toBe(before);
    else expect([frameState(host, start)[1], frameState(host, start + 1)[1]]).toEqual([0, 0]);
  });
});

it("a put that would leave one reference of a locked table waits for the lock, whose holder has that one", () => {
  const { host, vcpu, start } = oneGuest();
  const word = PGT_l1_page_table | PGT_validated | PGT_locked;
  host.type.store(start, word | 2);
  expect(() => putPageType(vcpu, start, false)).toThrow(/deadlock/);
  host.type.store(start, word | 3);
  expect(putPageType(vcpu, start, false)).toBe(0);
  expect(host.type.load(start)).toBe(word | 2);
});

it("descriptors that were in use before are not scanned again: nobody wrote to them since", () => {
  const { host, vcpu, start } = oneGuest();
  for (let use = 0; use < 2; use++) {
    expect(getPageType(vcpu, start, PGT_seg_desc_page, false)).toBe(0);
    putPageType(vcpu, start, false);
  }
  expect(host.perf.validations).toBe(1);
  getPageType(vcpu, start, PGT_writable_page, false);
  putPageType(vcpu, start, false);
  getPageType(vcpu, start, PGT_seg_desc_page, false);
  expect(host.perf.validations).toBe(2);
});

it("a frame that belongs to nobody has no CPU that could hold a translation", () => {
  const { host, vcpu, start } = oneGuest();
  storeOwner(host.owner, start, OWNER_NONE);
  expect(getPageType(vcpu, start, PGT_writable_page, false)).toBe(0);
  expect(host.perf.need_flush_tlb_flush).toBe(0);
});

it.each([
  ["the type count is at its limit", PGT_writable_page | PGT_validated | PGT_count_mask, 0],
  ["in use as another type", PGT_l1_page_table | PGT_validated | 1, PGT_writable_page],
])("a refused get says why: %s", (why, word, wantedType) => {
  const { host, vcpu, start } = oneGuest();
  host.type.store(start, word);
  expect(getPageType(vcpu, start, PGT_writable_page, false)).toBe(-EINVAL);
  expect(host.lastRefusal).toMatchObject({
    check: `getPageType: ${why}`,
    mfn: start,
    rc: -EINVAL,
    type: word,
    wantedType,
  });
});
