import { describe, expect, it } from "vitest";
import { PGC_allocated, PGC_count_mask } from "../src/count-info.ts";
import { EINTR, EINVAL } from "../src/errno.ts";
import { clearAllocated, getPage, getPageLight, getPageOwnerAndReference, putPage } from "../src/page-references.ts";
import { forceInvalidate, getPageType, putPageType } from "../src/page-types.ts";
import {
  PGT_count_mask,
  PGT_l1_page_table,
  PGT_l2_page_table,
  PGT_locked,
  PGT_partial,
  PGT_pinned,
  PGT_validated,
  PGT_writable_page,
} from "../src/type-info.ts";
import { InterposedWords } from "./interposed-words.ts";
import { type SmallGuest, type SmallHostOptions, RO, build, frameCounts, mark, oneGuest } from "./small-host.ts";

/** A guest on memory for which other CPUs compete. */
function contended(options: SmallHostOptions = {}): SmallGuest & { words: InterposedWords } {
  const words = new InterposedWords();
  return { ...oneGuest({ ...options, allocate: words.allocate }), words };
}

/** What another CPU does to a word: its flags and its count go up or down by this much. */
const add =
  (of: "count" | "type", amount: number) =>
  ({ host, start }: SmallGuest) =>
    host[of].store(start, host[of].load(start) + amount);

const LIMIT = PGC_count_mask;

describe("a general reference whose swap another CPU gets in before", () => {
  it.each<readonly [string, number, (g: SmallGuest) => void, (g: SmallGuest) => unknown, unknown, number]>([
    ["getPage, another gets", 2, add("count", 1), (g) => getPage(g.host, g.start, g.domain.slot), true, 4],
    ["getPage, another puts", 2, add("count", -1), (g) => getPage(g.host, g.start, g.domain.slot), true, 2],
    [
      "getPage, others fill it up",
      LIMIT - 2,
      add("count", 1),
      (g) => getPage(g.host, g.start, g.domain.slot),
      false,
      LIMIT - 1,
    ],
    ["getPageOwnerAndReference", 2, add("count", 1), (g) => getPageOwnerAndReference(g.host, g.start), 3, 4],
    [
      "getPageOwnerAndReference, others fill it up",
      LIMIT - 2,
      add("count", 1),
      (g) => getPageOwnerAndReference(g.host, g.start),
      -1,
      LIMIT - 1,
    ],
    ["getPageLight", 2, add("count", 1), (g) => getPageLight(g.host, g.start), undefined, 4],
    ["putPage, another gets", 2, add("count", 1), (g) => putPage(g.host, g.start), undefined, 2],
    ["putPage, another puts", 3, add("count", -1), (g) => putPage(g.host, g.start), undefined, 1],
  ])("%s, is taken or refused by what there is then", (_what, count, intrusion, act, answer, left) => {
    const guest = contended();
    guest.host.count.store(guest.start, PGC_allocated | count);
    guest.words.before(() => intrusion(guest));
    expect(act(guest)).toBe(answer);
    expect(guest.host.count.load(guest.start)).toBe(PGC_allocated | left | 0);
    expect(guest.words.left).toBe(0);
  });

  it("is the last one, if the other has put its own meanwhile: the frame is freed once", () => {
    const guest = contended();
    const { host, start, words } = guest;
    const free = host.freeFrames;
    host.count.store(start, 2);
    words.before(() => putPage(host, start));
    putPage(host, start);
    expect([host.freeFrames, host.underflows]).toEqual([free + 1, 0]);
  });

  it.each([
    ["another reference is taken", add("count", 1), true, 2],
    ["another took `allocated` away", add("count", -PGC_allocated), false, 1],
  ] as const)("clearAllocated, %s: `allocated` goes once", (_what, intrusion, answer, left) => {
    const guest = contended();
    guest.words.before(() => intrusion(guest));
    expect(clearAllocated(guest.host, guest.start)).toBe(answer);
    expect(guest.host.count.load(guest.start)).toBe(left);
  });
});

const WRITABLE = PGT_writable_page | PGT_validated;
const L1 = PGT_l1_page_table | PGT_validated;

describe("a type reference whose swap another CPU gets in before", () => {
  it.each<readonly [string, number, number, number, number]>([
    ["another made it a page table", 0, L1 | 1, -EINVAL, L1 | 1],
    ["another made it writable as well", 0, WRITABLE | 1, 0, WRITABLE | 2],
    ["another put the last", WRITABLE | 1, WRITABLE, 0, WRITABLE | 1],
    ["another put the last and made it a table", WRITABLE | 1, L1 | 1, -EINVAL, L1 | 1],
    [
      "others filled it up",
      WRITABLE | (PGT_count_mask - 1),
      WRITABLE | PGT_count_mask,
      -EINVAL,
      WRITABLE | PGT_count_mask,
    ],
  ])("to write: %s", (_what, before, then, answer, left) => {
    const { host, vcpu, start, words } = contended();
    host.type.store(start, before);
    words.before(() => host.type.store(start, then));
    expect(getPageType(vcpu, start, PGT_writable_page, false)).toBe(answer);
    expect(host.type.load(start) >>> 0).toBe(left >>> 0);
    expect(words.left).toBe(0);
  });

  it("keeps what others do to the word while it becomes validated", () => {
    const guest = contended();
    const { host, vcpu, start, words } = guest;
    // The swap of the count is not disturbed, the one that sets `validated` is.
    words.before(
      () => {},
      () => add("type", 1)(guest),
    );
    expect(getPageType(vcpu, start, PGT_writable_page, false)).toBe(0);
    expect(host.type.load(start) >>> 0).toBe((WRITABLE | 2) >>> 0);
  });

  it.each([
    ["says that it holds", L1 | 1, 0, L1 | 2],
    ["refuses it, and it is nobody's then", 0, 0, L1 | 1],
    ["refuses it, and it is made writable then", WRITABLE | 1, -EINVAL, WRITABLE | 1],
  ])("as a table that another validates is decided when that one %s", (_what, verdict, answer, left) => {
    const { host, vcpu, start, words } = contended();
    host.type.store(start, PGT_l1_page_table | 1);
    words.before(() => host.type.store(start, verdict));
    expect(getPageType(vcpu, start, PGT_l1_page_table, false)).toBe(answer);
    expect(host.type.load(start) >>> 0).toBe(left >>> 0);
  });

  it.each([
    ["got", WRITABLE | 1, 1, WRITABLE | 2],
    ["put", WRITABLE | 3, -1, WRITABLE | 2],
  ] as const)("is not %s but left, if the vCPU is preempted then", (what, before, amount, then) => {
    const guest = contended({ preempt: () => true });
    const { host, vcpu, start, words } = guest;
    host.type.store(start, before);
    words.before(() => add("type", amount)(guest));
    const rc = what === "got" ? getPageType(vcpu, start, PGT_writable_page, true) : putPageType(vcpu, start, true);
    expect(rc).toBe(-EINTR);
    expect(host.type.load(start) >>> 0).toBe(then >>> 0);
  });

  it.each<readonly [string, number, number, number]>([
    ["another got one", WRITABLE | 1, WRITABLE | 2, WRITABLE | 1],
    ["another put one", WRITABLE | 3, WRITABLE | 2, WRITABLE | 1],
    ["a table, another got one: it stays validated", L1 | 1, L1 | 2, L1 | 1],
    ["a table, another put one: its entries are given back", L1 | 2, L1 | 1, PGT_l1_page_table],
  ])("is put: %s", (_what, before, then, left) => {
    const { host, vcpu, start, words } = contended();
    host.type.store(start, before);
    words.before(() => host.type.store(start, then));
    expect(putPageType(vcpu, start, false)).toBe(0);
    expect(host.type.load(start) >>> 0).toBe(left >>> 0);
    expect([words.left, host.underflows]).toEqual([0, 0]);
  });

  it("is put by another as the last: the put is refused and noted", () => {
    const { host, vcpu, start, words } = contended();
    host.type.store(start, WRITABLE | 1);
    words.before(() => host.type.store(start, WRITABLE));
    expect(putPageType(vcpu, start, false)).toBe(0);
    expect(host.type.load(start) >>> 0).toBe(WRITABLE >>> 0);
    expect([host.underflows, host.underflowFrame]).toEqual([1, start]);
  });

  it("is the last but one of a locked table: the put waits until it is unlocked", () => {
    const { host, vcpu, start, words } = contended();
    host.type.store(start, L1 | PGT_locked | 2);
    words.before(() => host.type.store(start, L1 | 2));
    expect(putPageType(vcpu, start, false)).toBe(0);
    expect(host.type.load(start) >>> 0).toBe((L1 | 1) >>> 0);
  });

  it("of a table that is taken down by force is kept, with what others set meanwhile", () => {
    const guest = contended();
    const { host, vcpu, start, words } = guest;
    build(guest, start, 0, start + 1, RO);
    expect(getPageType(vcpu, start, PGT_l2_page_table, false)).toBe(0);
    words.before(() => host.type.store(start, host.type.load(start) | PGT_pinned));
    expect(forceInvalidate(vcpu, start, PGT_l2_page_table)).toBe(0);
    expect(host.type.load(start) >>> 0).toBe((PGT_l2_page_table | PGT_pinned | 1) >>> 0);
    expect(frameCounts(host, start)[1]).toEqual([1, 0]);
  });

  it("of a table that another has taken down is left alone by force", () => {
    const { host, vcpu, start, words } = contended();
    host.type.store(start, L1 | PGT_partial | 1);
    words.before(() => host.type.store(start, PGT_l1_page_table | 1));
    expect(forceInvalidate(vcpu, start, PGT_l1_page_table)).toBe(0);
    expect(host.type.load(start) >>> 0).toBe((PGT_l1_page_table | 1) >>> 0);
    expect(host.perf.invalidations).toBe(0);
  });
});

describe("a mark of `rfc` whose swap another CPU gets in before", () => {
  it("is refused, and the writable references of its frames are given back", () => {
    const guest = contended({ scheme: "rfc" });
    const { host, vcpu, start, size, words } = guest;
    const before = frameCounts(host, start);
    // Two swaps for each frame take its references; the writable one of a frame that had no type sets `validated` too.
    const untouched = Array.from({ length: 3 * size }, () => () => {});
    words.before(...untouched, () => host.superpage.store(start >> host.superpageOrder, 1 << 31));
    expect(mark(vcpu, start)).toBe(-EINVAL);
    expect(words.left).toBe(0);
    expect(frameCounts(host, start)).toEqual(before);
  });
});
