import { describe, expect, it } from "vitest";
import { EINVAL, destroyDomain, dmesgLines, superpageState } from "../../src/index.ts";
import { violations } from "../safety.ts";
import { SGT_count_mask, SGT_dynamic, SGT_mark } from "../../src/superpage-info.ts";
import {
  BIG_RO,
  BIG_RW,
  type SmallGuest,
  everyWord,
  frameCounts,
  guestAt,
  mark,
  smallHost,
  oneGuest,
  pin,
  unmark,
  update,
} from "../small-host.ts";

const HEAD = 8;
const TABLE = 24;
const WORD = HEAD >> 2;

function guestWithTable(): SmallGuest {
  const guest = oneGuest({ scheme: "xen-4.1" });
  expect(pin(guest.vcpu, 2, TABLE)).toBe(0);
  return guest;
}

it("walks the published states: none, dynamic, mark, dynamic, none", () => {
  const { host, vcpu } = guestWithTable();
  const steps: readonly (readonly [() => number, string, number, number])[] = [
    [() => update(vcpu, TABLE, 0, HEAD, BIG_RO), "dynamic", 1, 1],
    [() => update(vcpu, TABLE, 1, HEAD, BIG_RW), "dynamic", 2, 1],
    [() => mark(vcpu, HEAD), "mark", 3, 1],
    [() => update(vcpu, TABLE, 2, HEAD, BIG_RW), "mark", 4, 1],
    [() => update(vcpu, TABLE, 2, 0, 0), "mark", 3, 1],
    [() => unmark(vcpu, HEAD), "dynamic", 2, 1],
    [() => update(vcpu, TABLE, 0, 0, 0), "dynamic", 1, 1],
    [() => mark(vcpu, HEAD), "mark", 2, 1],
    [() => update(vcpu, TABLE, 1, 0, 0), "mark", 1, 1],
    [() => unmark(vcpu, HEAD), "none", 0, 0],
  ];
  for (const [step, type, count, held] of steps) {
    expect(step()).toBe(0);
    expect(superpageState(host, HEAD)).toMatchObject({ type, count });
    expect(frameCounts(host, HEAD)).toEqual(Array.from({ length: 4 }, () => [1 + held, held]));
    // Each use that came or went is counted, so those that came and have not gone are those in the word.
    expect(host.perf.superpageGets - host.perf.superpagePuts).toBe(count);
  }
  expect(host.perf).toMatchObject({ superpageGets: 5, superpagePuts: 5, frameGets: 4, framePuts: 4 });
});

describe("the flag of the published retry loops", () => {
  /** Lets another CPU store a word into the superpage's place just before each of the next swaps of it. */
  function interfere({ host }: SmallGuest, ...seen: number[]): void {
    const words = host.superpage;
    const swap = words.compareAndSwap.bind(words);
    words.compareAndSwap = (index, expected, desired) => {
      words.store(index, seen.shift() as number);
      if (seen.length === 0) words.compareAndSwap = swap;
      return swap(index, expected, desired);
    };
  }

  it.each([
    ["mark", SGT_mark | 1],
    ["dynamic", SGT_dynamic | 3],
  ])("a map that took the frames and then finds %s gives them back and counts itself", (_name, word) => {
    const guest = guestWithTable();
    interfere(guest, word);
    expect(update(guest.vcpu, TABLE, 0, HEAD, BIG_RW)).toBe(0);
    expect(guest.host.superpage.load(WORD)).toBe(word + 1);
    expect(frameCounts(guest.host, HEAD)).toEqual(Array.from({ length: 4 }, () => [1, 0]));
  });

  it("a map that took the frames and then finds a new `none` takes them again", () => {
    const guest = guestWithTable();
    // Published behaviour: in the row of `none` the map takes references without looking at its flag. Bit 29 is in no
    // field, so that a word with it is a `none` that is not the one read before.
    interfere(guest, 1 << 29);
    expect(update(guest.vcpu, TABLE, 0, HEAD, BIG_RW)).toBe(0);
    expect(frameCounts(guest.host, HEAD)).toEqual(Array.from({ length: 4 }, () => [3, 2]));
  });

  it("a mark that took the frames and then finds a mark gives them back and is refused", () => {
    const guest = guestWithTable();
    interfere(guest, SGT_mark | 1);
    expect(mark(guest.vcpu, HEAD)).toBe(-EINVAL);
    expect(guest.host.superpage.load(WORD)).toBe(SGT_mark | 1);
    expect(frameCounts(guest.host, HEAD)).toEqual(Array.from({ length: 4 }, () => [1, 0]));
  });

  it("a mark that took the frames and then finds dynamic gives them back and adds itself", () => {
    const guest = guestWithTable();
    interfere(guest, SGT_dynamic | 2);
    expect(mark(guest.vcpu, HEAD)).toBe(0);
    expect(guest.host.superpage.load(WORD)).toBe(SGT_mark | 3);
    expect(frameCounts(guest.host, HEAD)).toEqual(Array.from({ length: 4 }, () => [1, 0]));
  });

  it.each([
    ["map", (guest: SmallGuest) => update(guest.vcpu, TABLE, 0, HEAD, BIG_RW)],
    ["mark", (guest: SmallGuest) => mark(guest.vcpu, HEAD)],
  ])("a %s that took the frames gives them back once, however often it finds dynamic", (_name, act) => {
    const guest = guestWithTable();
    interfere(guest, SGT_dynamic | 2, SGT_dynamic | 3);
    expect(act(guest)).toBe(0);
    expect(frameCounts(guest.host, HEAD)).toEqual(Array.from({ length: 4 }, () => [1, 0]));
    expect(guest.host.underflows).toBe(0);
  });

  it("a map that took the frames and then finds the count at its limit gives them back and is refused", () => {
    const guest = guestWithTable();
    interfere(guest, SGT_dynamic | SGT_count_mask);
    expect(update(guest.vcpu, TABLE, 0, HEAD, BIG_RW)).toBe(-EINVAL);
    expect(guest.host.superpage.load(WORD)).toBe(SGT_dynamic | SGT_count_mask);
    expect(frameCounts(guest.host, HEAD)).toEqual(Array.from({ length: 4 }, () => [1, 0]));
  });

  it("a mark that took the frames and then finds a new `none` keeps them, and does not take them again", () => {
    const guest = guestWithTable();
    // As for the map above: bit 29 is in no field. What is in no field stays, whatever the operation.
    interfere(guest, 1 << 29);
    expect(mark(guest.vcpu, HEAD)).toBe(0);
    expect(guest.host.superpage.load(WORD)).toBe(SGT_mark | (1 << 29) | 1);
    expect(frameCounts(guest.host, HEAD)).toEqual(Array.from({ length: 4 }, () => [2, 1]));
    expect(unmark(guest.vcpu, HEAD)).toBe(0);
    expect(guest.host.superpage.load(WORD)).toBe(1 << 29);
    expect(frameCounts(guest.host, HEAD)).toEqual(Array.from({ length: 4 }, () => [1, 0]));
  });

  it("an unmap that was the last, and then finds nothing but a mark, takes one use off the mark", () => {
    const guest = guestWithTable();
    expect(update(guest.vcpu, TABLE, 0, HEAD, BIG_RW)).toBe(0);
    interfere(guest, SGT_mark | 1);
    expect(update(guest.vcpu, TABLE, 0, 0, 0)).toBe(0);
    expect(guest.host.superpage.load(WORD)).toBe(SGT_mark);
  });

  it("an unmap that was to drop the frames drops them although it then finds a mark: the published hole", () => {
    const guest = guestWithTable();
    expect(update(guest.vcpu, TABLE, 0, HEAD, BIG_RW)).toBe(0);
    interfere(guest, SGT_mark | 2);
    expect(update(guest.vcpu, TABLE, 0, 0, 0)).toBe(0);
    expect(guest.host.superpage.load(WORD)).toBe(SGT_mark | 1);
    expect(frameCounts(guest.host, HEAD)).toEqual(Array.from({ length: 4 }, () => [1, 0]));
  });

  it("an unmark that was to drop the frames drops them although it then finds another use", () => {
    const guest = guestWithTable();
    expect(mark(guest.vcpu, HEAD)).toBe(0);
    interfere(guest, SGT_mark | 2);
    expect(unmark(guest.vcpu, HEAD)).toBe(0);
    expect(guest.host.superpage.load(WORD)).toBe(SGT_dynamic | 1);
    expect(frameCounts(guest.host, HEAD)).toEqual(Array.from({ length: 4 }, () => [1, 0]));
  });
});

it("a superpage that is held is mapped for any domain, and outlives its owner: the published hole", () => {
  const host = smallHost({ scheme: "xen-4.1" });
  const owner = guestAt(host, 1, 3);
  const other = guestAt(host, 4, 3);
  expect([mark(owner.vcpu, 4), pin(other.vcpu, 2, 24)]).toEqual([0, 0]);
  expect(update(other.vcpu, 24, 0, 8, BIG_RW)).toBe(-EINVAL);
  expect(update(other.vcpu, 24, 0, 4, BIG_RW)).toBe(0);
  expect(violations(host).foreign).toHaveLength(4);
  expect(destroyDomain(owner.domain)).toBe(4);
});

describe.each([
  ["dynamic", SGT_dynamic, "mark: the count is at its limit"],
  ["mark", SGT_mark, "mark: marked already"],
])("a count at its limit, of type %s", (_name, type, check) => {
  it("is refused and does not wrap, and no reference is given back", () => {
    const { host, vcpu } = guestWithTable();
    host.superpage.store(WORD, type | SGT_count_mask);
    const before = everyWord(host);
    expect(update(vcpu, TABLE, 0, HEAD, BIG_RW)).toBe(-EINVAL);
    expect(mark(vcpu, HEAD)).toBe(-EINVAL);
    expect(host.lastRefusal).toMatchObject({ check, mfn: HEAD, rc: -EINVAL });
    expect(everyWord(host)).toBe(before);
  });
});

it.each([
  ["map: a frame was refused", ({ vcpu }: SmallGuest) => update(vcpu, TABLE, 0, HEAD, BIG_RW)],
  ["mark: a frame was refused", ({ vcpu }: SmallGuest) => mark(vcpu, HEAD)],
])("notes after the reason: %s", (check, act) => {
  const guest = guestWithTable();
  expect(pin(guest.vcpu, 1, HEAD + 2)).toBe(0);
  expect(act(guest)).toBe(-EINVAL);
  expect(guest.host.refusals.entries()).toEqual([
    expect.objectContaining({ check: "getPageType: in use as another type", mfn: HEAD + 2, rc: -EINVAL }),
    expect.objectContaining({ check, mfn: HEAD, rc: -EINVAL }),
  ]);
});

it("clears the marks of a dying domain, and says nothing of superpages that have none", () => {
  const { host, vcpu, domain } = guestWithTable();
  expect(mark(vcpu, HEAD)).toBe(0);
  expect(destroyDomain(domain)).toBe(0);
  expect(host.perf).toMatchObject({ superpageGets: 1, superpagePuts: 1 });
  expect([host.refusals.added, dmesgLines(host)]).toEqual([0, []]);
});

it("leaves nothing over that is to be given back later", () => {
  const { host, vcpu, domain } = guestWithTable();
  expect(update(vcpu, TABLE, 0, HEAD, BIG_RW)).toBe(0);
  const before = everyWord(host);
  expect(host.scheme.leftOver(host, domain.slot, HEAD)).toBe(false);
  expect(host.scheme.trim(vcpu, domain.slot, HEAD, true)).toBe(0);
  expect(everyWord(host)).toBe(before);
});
