import { describe, expect, it } from "vitest";
import { MMUEXT_NEW_BASEPTR, destroyDomain } from "../../src/index.ts";
import {
  BIG_RO,
  BIG_RW,
  RO,
  RW,
  type SmallGuest,
  allSchemes,
  build,
  everyWord,
  expectClean,
  expectNothingLeft,
  ext,
  guestAt,
  mark,
  pin,
  smallHost,
  unpin,
  update,
} from "../small-host.ts";
import { PreemptionPlan, forEachSubset } from "./preemption-points.ts";

/*
 * Every possible sequence of answers to the preemption checks, on tables of two entries and superpages of two frames.
 * A guest of 8 frames from number 2 on:  9 L4 → 8 L3 → 7 L2 → superpage 2 (twice),  8 L3 → 6 L2 → superpage 2, 5 L1 → 4
 */
function tree(guest: SmallGuest): void {
  build(guest, 5, 1, 4, RO);
  build(guest, 6, 0, 2, BIG_RW);
  build(guest, 6, 1, 5, RW);
  build(guest, 7, 0, 2, BIG_RW);
  build(guest, 7, 1, 2, BIG_RO);
  build(guest, 8, 0, 7, RW);
  build(guest, 8, 1, 6, RW);
  build(guest, 9, 1, 8, RW);
}

const cases: readonly (readonly [string, (guest: SmallGuest) => void, (guest: SmallGuest) => number])[] = [
  ["a pin of an L4 table", () => {}, ({ vcpu }) => pin(vcpu, 4, 9)],
  [
    "a pin of an L4 table refused at its last entry",
    (g) => {
      build(g, 9, 0, 8, RW);
      build(g, 9, 1, 6, RW);
    },
    ({ vcpu }) => pin(vcpu, 4, 9),
  ],
  ["a pin of an L3 table refused deep down", (g) => build(g, 5, 0, 0, RO), ({ vcpu }) => pin(vcpu, 3, 8)],
  ["an unpin of an L4 table", ({ vcpu }) => expect(pin(vcpu, 4, 9)).toBe(0), ({ vcpu }) => unpin(vcpu, 9)],
  [
    "an entry update that links a tree",
    ({ vcpu }) => expect(pin(vcpu, 4, 4)).toBe(0),
    ({ vcpu }) => update(vcpu, 4, 0, 8, RW),
  ],
  [
    "an entry update that cuts a tree off",
    ({ vcpu }) => expect(pin(vcpu, 4, 9)).toBe(0),
    ({ vcpu }) => update(vcpu, 9, 1, 0, 0),
  ],
  [
    "a switch from a deep root to an empty one",
    (g) => {
      expect(ext(g.vcpu, MMUEXT_NEW_BASEPTR, 9)).toBe(0);
    },
    ({ vcpu }) => ext(vcpu, MMUEXT_NEW_BASEPTR, 4),
  ],
];

/** Runs an operation for every sequence of answers and holds what comes of it against the run without preemption. */
function expectSameForEverySequence(outcome: (plan: PreemptionPlan) => string): void {
  const never = new PreemptionPlan(() => false);
  const expected = outcome(never);
  expect(never.asked.length).toBeGreaterThan(0);
  let most = 0;
  const runs = forEachSubset((plan) => {
    const found = outcome(plan);
    most = Math.max(most, plan.asked.filter(Boolean).length);
    if (found !== expected) expect(found, `answers ${plan.asked.join()}`).toBe(expected);
  }, 20_000);
  expect(runs).toBeGreaterThanOrEqual(2 ** never.asked.length);
  expect(most).toBeGreaterThanOrEqual(never.asked.length);
}

describe.each(allSchemes)("under %s", (scheme) => {
  it.each(cases)("%s ends in the same state for every sequence of answers", (_name, before, run) => {
    expectSameForEverySequence((plan) => {
      const host = smallHost({ scheme, superpages: 5, superpageOrder: 1, tableOrder: 1, preempt: plan.preempt });
      const guest = guestAt(host, 1, 4);
      tree(guest);
      before(guest);
      plan.start();
      const rc = run(guest);
      plan.stop();
      expectClean(host);
      return `${rc}\n${everyWord(host)}`;
    });
  });

  it.each([
    ["pinned", 0],
    ["pinned and marked", 1],
  ])(
    "destruction of a guest of four frames, %s, ends in the same state for every sequence of answers",
    (_name, marks) => {
      expectSameForEverySequence((plan) => {
        const host = smallHost({ scheme, superpages: 3, superpageOrder: 1, tableOrder: 1, preempt: plan.preempt });
        const free = host.freeFrames;
        const guest = guestAt(host, 1, 2);
        // 5 L3 → 4 L2 → superpage 2, twice. The mark of `rfc` comes and goes while nothing is mapped.
        if (marks > 0 && host.scheme.marks && !scheme.startsWith("rfc")) expect(mark(guest.vcpu, 2)).toBe(0);
        build(guest, 4, 0, 2, BIG_RW);
        build(guest, 4, 1, 2, BIG_RO);
        build(guest, 5, 0, 4, RW);
        build(guest, 5, 1, 5, RO);
        expect(pin(guest.vcpu, 3, 5)).toBe(0);
        plan.start();
        expect(destroyDomain(guest.domain)).toBe(0);
        plan.stop();
        expectNothingLeft(host, free);
        return everyWord(host);
      });
    },
  );
});
