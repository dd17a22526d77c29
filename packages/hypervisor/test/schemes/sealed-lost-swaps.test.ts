import { AccessKind } from "@xsp/words";
import { describe, expect, it } from "vitest";
import { EBUSY, EINVAL } from "../../src/index.ts";
import { snapshotPerf } from "../../src/perf-counters.ts";
import { type SealedGuest, facts, sealedGuest } from "./sealed-facts.ts";

/*
 * Swaps of `sealed` that are lost because another vCPU of the domain was quicker, and what operations cost in accesses
 * to the superpage's words where nothing is to be taken or given back.
 */

type Step = (guest: SealedGuest) => unknown;

const nothing: Step = () => 0;
const map = (writable: boolean) => (guest: SealedGuest) => guest.map(writable);
const unmap = (writable: boolean) => (guest: SealedGuest) => guest.unmap(writable);
const mark = (guest: SealedGuest): number => guest.mark();
const unmark = (guest: SealedGuest): number => guest.unmark();
const both =
  (...steps: readonly Step[]): Step =>
  (guest) =>
    steps.map((step) => step(guest));

describe("a swap that is lost is tried again with what there is then:", () => {
  it.each<readonly [string, Step, readonly Step[], Step, number, string]>([
    ["the first map, another maps", nothing, [map(true)], map(true), 0, "own w2 r0 held 8: 2/1"],
    ["the first map, another marks", nothing, [mark], map(false), 0, "marked own w0 r1 held 8: 2/1"],
    ["the first mark, another marks", nothing, [mark], mark, -EINVAL, "marked own w0 r0 held 8: 2/1"],
    ["a map, another maps", map(true), [map(true)], map(true), 0, "own w3 r0 held 8: 2/1"],
    ["a map, others map twice", map(true), [map(true), map(true)], map(true), 0, "own w4 r0 held 8: 2/1"],
    ["a map, the last entry goes", map(true), [unmap(true)], map(true), 0, "own w1 r0 held 8: 2/1"],
    ["a map that needs more, another maps", map(false), [map(false)], map(true), 0, "own w1 r2 held 8: 2/1"],
    ["a mark, another maps", map(true), [map(true)], mark, 0, "marked own w2 r0 held 8: 2/1"],
    ["an unmap, another maps", both(map(true), map(true)), [map(true)], unmap(true), 0, "own w2 r0 held 8: 2/1"],
    [
      "an unmap, others map twice",
      both(map(true), map(true)),
      [map(true), map(true)],
      unmap(true),
      0,
      "own w3 r0 held 8: 2/1",
    ],
    ["the last unmap, another maps", map(true), [map(true)], unmap(true), 0, "own w1 r0 held 8: 2/1"],
    ["the last unmap, another maps read-only", map(true), [map(false)], unmap(true), 0, "own w0 r1 held 4: 2/0"],
    ["an unmark, another maps", mark, [map(true)], unmark, -EBUSY, "marked own w1 r0 held 8: 2/1"],
    ["an unmark, another unmarks", mark, [unmark], unmark, -EINVAL, "nobody's w0 r0 held 0: 1/0"],
    ["a trim, another maps", map(true), [map(true)], (guest) => guest.trim(), 0, "own w2 r0 held 8: 2/1"],
    ["a trim, the last entry goes", map(true), [unmap(true)], (guest) => guest.trim(), 0, "nobody's w0 r0 held 0: 1/0"],
  ])("%s", (_what, before, intrusions, act, answer, left) => {
    const guest = sealedGuest("sealed");
    before(guest);
    guest.words.before(...intrusions.map((intrusion) => () => expect(intrusion(guest)).toBe(0)));
    expect(act(guest)).toBe(answer);
    expect(facts(guest)).toBe(left);
    expect(guest.words.left).toBe(0);
    expect(guest.host.underflows).toBe(0);
  });

  it.each<readonly [string, Step, Step, Step, string]>([
    ["another maps", both(mark, map(true)), map(true), unmark, "own w2 r0 held 8: 2/1"],
    ["the entry goes", both(mark, map(true)), unmap(true), unmark, "nobody's w0 r0 held 0: 1/0"],
    ["the writable entry goes", both(mark, map(true), map(false)), unmap(true), unmark, "own w0 r1 held 4: 2/0"],
    ["an entry comes", mark, map(true), unmark, "own w1 r0 held 8: 2/1"],
  ])("an unmark that need not wait for entries, %s", (_what, before, intrusion, act, left) => {
    const guest = sealedGuest("sealed-deferred");
    before(guest);
    guest.words.before(() => expect(intrusion(guest)).toBe(0));
    expect(act(guest)).toBe(0);
    expect(facts(guest)).toBe(left);
  });

  it("gains and losses of users are counted once, however often it was tried", () => {
    const guest = sealedGuest("sealed");
    expect([guest.mark(), guest.map(true)]).toEqual([0, 0]);
    const { perf } = guest.host;
    const was = snapshotPerf(guest.host);
    guest.words.before(map(false).bind(undefined, guest), map(false).bind(undefined, guest));
    expect(guest.map(true)).toBe(0);
    expect(perf.superpageGets - was.superpageGets).toBe(3);
    guest.words.before(unmap(false).bind(undefined, guest), unmap(false).bind(undefined, guest));
    expect(guest.unmap(true)).toBe(0);
    expect(perf.superpagePuts - was.superpagePuts).toBe(3);
  });
});

describe("where what is held suffices, all that is done is one swap of the word that was read:", () => {
  const one = [AccessKind.load, AccessKind.compareAndSwap];
  it.each<readonly [string, Step, Step]>([
    ["a map beside an entry", map(true), map(true)],
    ["a read-only map beside a writable entry", map(true), map(false)],
    ["a map beside a mark", mark, map(true)],
    ["a mark beside an entry", map(true), mark],
    ["an unmap beside an entry", both(map(true), map(true)), unmap(true)],
    ["an unmap beside a mark", both(mark, map(false)), unmap(false)],
    ["an unmark beside a writable entry", both(mark, map(true)), unmark],
  ])("%s", (_what, before, act) => {
    const guest = sealedGuest("sealed-deferred");
    before(guest);
    guest.words.kinds.length = 0;
    expect(act(guest)).toBe(0);
    expect(guest.words.kinds).toEqual(one);
  });

  it("an unmap whose swap is lost is a second swap", () => {
    const guest = sealedGuest("sealed");
    expect([guest.map(true), guest.map(true)]).toEqual([0, 0]);
    guest.words.kinds.length = 0;
    guest.words.before(() => {
      expect(guest.map(true)).toBe(0);
      guest.words.kinds.length = 2;
    });
    expect(guest.unmap(true)).toBe(0);
    expect(guest.words.kinds).toEqual([...one, AccessKind.compareAndSwap]);
  });
});
