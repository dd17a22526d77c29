import { describe, expect, it } from "vitest";
import {
  DOMID_SELF,
  MMUEXT_NEW_BASEPTR,
  MMUEXT_NEW_USER_BASEPTR,
  destroyDomain,
  doMmuUpdate,
  doMmuextOp,
  doMulticall,
  __HYPERVISOR_mmuext_op,
} from "../../src/index.ts";
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
  ext,
  guestAt,
  operation,
  pin,
  request,
  smallHost,
  unpin,
} from "../small-host.ts";
import { PreemptionPlan, forEachSinglePoint } from "./preemption-points.ts";

/*
 * Tables of 4 entries in a guest of 16 frames (relative numbers): superpages 0 to 3 and 4 to 7 are data,
 *   15 L4 → 14 L3 → 13 L2 → 12 L1, superpages 0 (writable) and 4 (read-only)
 *            └──→ 11 L2 → 10 L1, superpage 0
 */
const L4 = 15;
const L3 = 14;
const L2 = 13;
const L1 = 12;
const SECOND_L2 = 11;
const SECOND_L1 = 10;
/** Mapped read-only, so that it can become any table. */
const SPARE = 9;

interface Case {
  readonly name: string;
  /** Brings the guest to where the operation starts. */
  readonly before: (guest: SmallGuest) => void;
  /** The operation; answers everything that the guest learns from it. */
  readonly run: (guest: SmallGuest) => unknown;
}

const at = ({ start }: SmallGuest, frame: number): number => start + frame;

function buildTree(guest: SmallGuest): void {
  const table = (frame: number, slot: number, target: number, flags: number): void =>
    build(guest, at(guest, frame), slot, at(guest, target), flags);
  table(L1, 0, 8, RW);
  table(L1, 2, SPARE, RO);
  table(SECOND_L1, 3, 8, RW);
  table(L2, 0, L1, RW);
  table(L2, 1, 0, BIG_RW);
  table(L2, 3, 4, BIG_RO);
  table(SECOND_L2, 1, SECOND_L1, RO);
  table(SECOND_L2, 2, 0, BIG_RW);
  table(L3, 0, L2, RW);
  table(L3, 3, SECOND_L2, RW);
  table(L4, 1, L3, RW);
}

/** A refused entry at the end of the second L2 table, so that validation fails deep down and late. */
function spoilTree(guest: SmallGuest): void {
  buildTree(guest);
  build(guest, at(guest, SECOND_L2), 3, 0, RW);
}

const pinned =
  (level: number, frame: number) =>
  (guest: SmallGuest): void => {
    buildTree(guest);
    expect(pin(guest.vcpu, level, at(guest, frame))).toBe(0);
  };

const cases: readonly Case[] = [
  { name: "a pin of an L2 table", before: buildTree, run: (g) => pin(g.vcpu, 2, at(g, L2)) },
  { name: "a pin of an L3 table", before: buildTree, run: (g) => pin(g.vcpu, 3, at(g, L3)) },
  { name: "a pin of an L4 table", before: buildTree, run: (g) => pin(g.vcpu, 4, at(g, L4)) },
  { name: "a refused pin of an L2 table", before: spoilTree, run: (g) => pin(g.vcpu, 2, at(g, SECOND_L2)) },
  { name: "a refused pin of an L3 table", before: spoilTree, run: (g) => pin(g.vcpu, 3, at(g, L3)) },
  { name: "a refused pin of an L4 table", before: spoilTree, run: (g) => pin(g.vcpu, 4, at(g, L4)) },
  { name: "an unpin of an L2 table", before: pinned(2, L2), run: (g) => unpin(g.vcpu, at(g, L2)) },
  { name: "an unpin of an L4 table", before: pinned(4, L4), run: (g) => unpin(g.vcpu, at(g, L4)) },
  {
    name: "a switch to a deep kernel root",
    before: (g) => {
      buildTree(g);
      expect(ext(g.vcpu, MMUEXT_NEW_BASEPTR, at(g, SPARE))).toBe(0);
    },
    run: (g) => ext(g.vcpu, MMUEXT_NEW_BASEPTR, at(g, L4)),
  },
  {
    name: "a switch from a deep user root to an empty one",
    before: (g) => {
      buildTree(g);
      expect(ext(g.vcpu, MMUEXT_NEW_USER_BASEPTR, at(g, L4))).toBe(0);
    },
    run: (g) => ext(g.vcpu, MMUEXT_NEW_USER_BASEPTR, at(g, SPARE)),
  },
  {
    name: "a batch of mmu_update that links and unlinks whole trees",
    before: (g) => {
      buildTree(g);
      build(g, at(g, SPARE), 0, at(g, L3), RW);
      expect(pin(g.vcpu, 4, at(g, SPARE))).toBe(0);
    },
    run: (g) => {
      const requests = [
        ...request(at(g, SPARE), 0, 0, 0),
        ...request(at(g, SPARE), 2, at(g, L3), RW),
        ...request(at(g, L3), 0, at(g, SECOND_L2), RW),
        ...request(at(g, L2), 1, 0, 0),
        ...request(at(g, SPARE), 3, at(g, 8), RW),
        ...request(at(g, SPARE), 1, at(g, L3), RW),
      ];
      return [doMmuUpdate(g.vcpu, Int32Array.from(requests), 6, DOMID_SELF), g.vcpu.done];
    },
  },
  {
    name: "a batch of mmuext_op",
    before: buildTree,
    run: (g) => {
      const operations = [
        ...operation(2, at(g, L3)),
        ...operation(3, at(g, L4)),
        ...operation(4, at(g, L3)),
        ...operation(MMUEXT_NEW_USER_BASEPTR, at(g, L4)),
        ...operation(4, at(g, L4)),
        ...operation(4, at(g, L4)),
      ];
      return [doMmuextOp(g.vcpu, Int32Array.from(operations), 6, DOMID_SELF), g.vcpu.done];
    },
  },
  {
    name: "a multicall of pins and unpins",
    before: buildTree,
    run: (g) => {
      const call = (command: number, frame: number): { op: number; args: unknown[]; result: number } => ({
        op: __HYPERVISOR_mmuext_op,
        args: [Int32Array.from(operation(command, at(g, frame))), 1, DOMID_SELF],
        result: 1,
      });
      const calls = [call(1, L2), call(2, L3), call(4, L2), call(4, L3)];
      return [doMulticall(g.vcpu, calls, 4), calls.map(({ result }) => result)];
    },
  },
  {
    name: "destruction",
    before: (g) => {
      buildTree(g);
      expect(pin(g.vcpu, 3, at(g, L3))).toBe(0);
      expect(ext(g.vcpu, MMUEXT_NEW_BASEPTR, at(g, L4))).toBe(0);
    },
    run: (g) => destroyDomain(g.domain),
  },
];

/** Runs a case under a plan; answers what came of it: answers and every word. */
function outcome(scheme: (typeof allSchemes)[number], { before, run }: Case, plan: PreemptionPlan): string {
  const host = smallHost({
    scheme,
    superpages: 6,
    preempt: plan.preempt,
    continued: () => plan.continuations++,
  });
  const guest = guestAt(host, 1, 4);
  before(guest);
  plan.start();
  const answer = JSON.stringify(run(guest));
  plan.stop();
  expectClean(host);
  return `${answer}\n${everyWord(host)}`;
}

describe.each(allSchemes)("under %s", (scheme) => {
  it.each(cases)("$name ends in the same state wherever it is preempted", (theCase) => {
    const expected = outcome(scheme, theCase, new PreemptionPlan(() => false));
    const points = forEachSinglePoint((plan) => {
      const found = outcome(scheme, theCase, plan);
      if (found !== expected) expect(found, `preempted at check ${plan.asked.indexOf(true)}`).toBe(expected);
    });
    expect(points).toBeGreaterThan(0);
    const always = new PreemptionPlan(() => true);
    expect(outcome(scheme, theCase, always)).toBe(expected);
    expect(always.continuations).toBeGreaterThan(0);
  });
});
