import { describe, expect, it } from "vitest";
import { EINTR, ERESTART } from "../../src/errno.ts";
import { forceInvalidate, getPageType, putPageAndType, putPageType } from "../../src/page-types.ts";
import {
  PGT_l1_page_table,
  PGT_l2_page_table,
  PGT_l3_page_table,
  PGT_validated,
  PGT_writable_page,
} from "../../src/type-info.ts";
import { InterposedWords } from "../interposed-words.ts";
import { RO, type SmallGuest, build, expectClean, frameState, oneGuest } from "../small-host.ts";

/*
 * Where a type reference stops when its vCPU is preempted, and what the words of the table and of its target say then.
 */

interface Interrupted extends SmallGuest {
  readonly words: InterposedWords;
  /** Whether the vCPU is preempted wherever it asks. */
  preempted: boolean;
}

function interrupted(): Interrupted {
  const words = new InterposedWords();
  const guest: Interrupted = {
    ...oneGuest({ allocate: words.allocate, preempt: () => guest.preempted }),
    words,
    preempted: false,
  };
  return guest;
}

/** A table of a level in the first frame, whose entries all show the second frame. */
function fullTable(type: number): Interrupted {
  const guest = interrupted();
  const { vcpu, start } = guest;
  for (const slot of [0, 1, 2, 3]) build(guest, start, slot, start + 1, RO);
  expect(getPageType(vcpu, start, type, false)).toBe(0);
  return guest;
}

/** Both frames of {@link fullTable}. */
const both = ({ host, start }: SmallGuest): unknown => [frameState(host, start), frameState(host, start + 1)];

/** Another CPU takes a reference of the second frame, right before the swap that would put one. */
function targetIsTakenBeforeSwap(guest: Interrupted, swaps: number): void {
  const { host, start, words } = guest;
  words.before(...Array.from({ length: swaps }, () => () => {}), () =>
    host.type.store(start + 1, host.type.load(start + 1) + 1),
  );
}

describe("a get", () => {
  it("of a table whose first entry another validates leaves it as nobody's", () => {
    const guest = interrupted();
    const { host, vcpu, start } = guest;
    build(guest, start, 0, start + 1, RO);
    host.type.store(start + 1, PGT_l2_page_table | 1);
    guest.preempted = true;
    expect(getPageType(vcpu, start, PGT_l3_page_table, true)).toBe(-EINTR);
    expect(both(guest)).toEqual([
      ["l3", 0, "a", 1, 0],
      ["l2", 1, "a", 1, 0],
    ]);
  });

  it.each([
    ["may be, but is not", true, false],
    ["may not be", false, true],
  ])("looks again after a lost swap where it %s preempted", (_what, preemptible, preempted) => {
    const guest = interrupted();
    const { host, vcpu, start, words } = guest;
    getPageType(vcpu, start, PGT_writable_page, false);
    guest.preempted = preempted;
    words.before(() => host.type.store(start, host.type.load(start) + 1));
    expect(getPageType(vcpu, start, PGT_writable_page, preemptible)).toBe(0);
    expect(frameState(host, start)).toEqual(["writable", 3, "va", 1, 0]);
  });
});

describe("the last put of a table", () => {
  it("that stops between two entries leaves it partial, with a general reference of its own", () => {
    const guest = fullTable(PGT_l2_page_table);
    const { host, vcpu, start } = guest;
    guest.preempted = true;
    expect(putPageType(vcpu, start, true)).toBe(-ERESTART);
    expect(both(guest)).toEqual([
      ["l2", 1, "xa", 2, 0],
      ["l1", 3, "va", 4, 0],
    ]);
    expect(host.perf.invalidations).toBe(0);
    guest.preempted = false;
    expect(putPageType(vcpu, start, true)).toBe(0);
    expect(both(guest)).toEqual([
      ["l2", 0, "a", 1, 0],
      ["l1", 0, "a", 1, 0],
    ]);
    expect(host.perf.invalidations).toBe(2);
    expectClean(host);
  });

  it("that could not put even one entry leaves it validated", () => {
    const guest = fullTable(PGT_l3_page_table);
    const { host, vcpu, start } = guest;
    guest.preempted = true;
    targetIsTakenBeforeSwap(guest, 1);
    expect(putPageType(vcpu, start, true)).toBe(-EINTR);
    expect(both(guest)).toEqual([
      ["l3", 1, "va", 1, 0],
      ["l2", 5, "va", 5, 0],
    ]);
    expect(host.perf.invalidations).toBe(0);
  });
});

describe("a table that is taken down by force", () => {
  it("gives its entries back though its references are left", () => {
    const guest = fullTable(PGT_l2_page_table);
    expect(forceInvalidate(guest.vcpu, guest.start, PGT_l2_page_table)).toBe(0);
    expect(both(guest)).toEqual([
      ["l2", 1, "a", 1, 0],
      ["l1", 0, "a", 1, 0],
    ]);
    expect(guest.host.perf.invalidations).toBe(2);
  });

  it("is partial between two entries, which counts as one more reference of both kinds until it is done", () => {
    const guest = fullTable(PGT_l2_page_table);
    const { host, vcpu, start } = guest;
    guest.preempted = true;
    for (const left of [3, 2, 1]) {
      expect(forceInvalidate(vcpu, start, PGT_l2_page_table)).toBe(-ERESTART);
      expect(both(guest)).toEqual([
        ["l2", 2, "xa", 2, 0],
        ["l1", left, "va", left + 1, 0],
      ]);
    }
    expect(forceInvalidate(vcpu, start, PGT_l2_page_table)).toBe(0);
    expect(both(guest)).toEqual([
      ["l2", 1, "a", 1, 0],
      ["l1", 0, "a", 1, 0],
    ]);
    expect(host.perf.invalidations).toBe(2);
  });

  it("stays validated if not even one entry could be put", () => {
    const guest = fullTable(PGT_l3_page_table);
    const { host, vcpu, start } = guest;
    guest.preempted = true;
    targetIsTakenBeforeSwap(guest, 1);
    expect(forceInvalidate(vcpu, start, PGT_l3_page_table)).toBe(-EINTR);
    expect(both(guest)).toEqual([
      ["l3", 1, "va", 1, 0],
      ["l2", 5, "va", 5, 0],
    ]);
    expect(host.perf.invalidations).toBe(0);
  });

  it("keeps a reference that another takes while the count for the partial state is added", () => {
    const guest = fullTable(PGT_l2_page_table);
    const { host, vcpu, start, words } = guest;
    guest.preempted = true;
    // Its own flags; the type and the general reference of one entry; its general reference.
    words.before(...Array.from({ length: 4 }, () => () => {}), () => host.type.store(start, host.type.load(start) + 1));
    expect(forceInvalidate(vcpu, start, PGT_l2_page_table)).toBe(-ERESTART);
    expect(words.left).toBe(0);
    expect(frameState(host, start)).toEqual(["l2", 3, "xa", 2, 0]);
  });
});

it("a type and a general reference that are put together are put although the vCPU is to be preempted", () => {
  const guest = interrupted();
  const { host, vcpu, start, words } = guest;
  host.type.store(start, PGT_writable_page | PGT_validated | 1);
  host.count.store(start, host.count.load(start) + 1);
  guest.preempted = true;
  words.before(() => host.type.store(start, host.type.load(start) + 1));
  putPageAndType(vcpu, start);
  expect(frameState(host, start)).toEqual(["writable", 1, "va", 1, 0]);
});

it("a partial table that more than one reference keeps is a bug of the model, and said so", () => {
  const guest = fullTable(PGT_l2_page_table);
  const { vcpu, start } = guest;
  guest.preempted = true;
  expect(forceInvalidate(vcpu, start, PGT_l2_page_table)).toBe(-ERESTART);
  expect(() => getPageType(vcpu, start, PGT_l2_page_table, false)).toThrow(
    /a partial page table has a type count of 1/,
  );
  expect(getPageType(vcpu, start, PGT_l1_page_table, false)).toBeLessThan(0);
});
