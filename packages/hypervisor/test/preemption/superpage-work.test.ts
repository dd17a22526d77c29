import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VCPU_old_superpage } from "../../src/vcpu-words.ts";
import {
  ESRCH,
  type Host,
  type SchemeName,
  XENMEM_decrease_reservation,
  createDomain,
  destroyDomain,
  doMemoryOp,
  doMmuUpdate,
  readType,
  superpageState,
} from "../../src/index.ts";
import { programs, runStep, tries } from "../random-program.ts";
import { violations } from "../safety.ts";
import {
  BIG_RO,
  BIG_RW,
  RO,
  type SmallGuest,
  build,
  everyWord,
  expectClean,
  expectNothingLeft,
  frameCounts,
  guestAt,
  mark,
  pin,
  request,
  smallHost,
  unmark,
  unpin,
  update,
  vcpuOf,
} from "../small-host.ts";
import { PreemptionPlan, forEachSinglePoint, forEachSubset } from "./preemption-points.ts";

/*
 * The bulk work of `sealed`, preempted inside one superpage. Superpages of 4 frames are taken and given back frame by
 * frame. A guest of 12 frames from number 4 on: superpages 4 and 8 are data, 12 and 13 its vCPUs' pinned L2 tables, 14 an
 * L2 table that is not pinned.
 */
const HEAD = 4;
const OTHER_HEAD = 8;
const TABLE = 12;
const OTHER_TABLE = 13;
const SPARE_TABLE = 14;

interface Work {
  readonly name: string;
  /** Brings the guest to where the work starts. */
  readonly before?: (guest: SmallGuest) => void;
  readonly run: (guest: SmallGuest) => number;
}

const map =
  (flags: number, head = HEAD) =>
  (guest: SmallGuest) =>
    update(guest.vcpu, TABLE, 0, head, flags);
const unmap = (guest: SmallGuest): number => update(guest.vcpu, TABLE, 0, 0, 0);
const must =
  (...steps: readonly ((guest: SmallGuest) => number)[]) =>
  (guest: SmallGuest): void => {
    for (const step of steps) expect(step(guest)).toBe(0);
  };
const marked = ({ vcpu }: SmallGuest): number => mark(vcpu, HEAD);
const unmarked = ({ vcpu }: SmallGuest): number => unmark(vcpu, HEAD);
const pinnedLast = ({ vcpu }: SmallGuest): number => pin(vcpu, 1, HEAD + 3);

const taking: readonly Work[] = [
  { name: "the first writable entry", run: map(BIG_RW) },
  { name: "the first read-only entry", run: map(BIG_RO) },
  { name: "a mark", run: marked },
  { name: "a mark over a read-only entry", before: must(map(BIG_RO)), run: marked },
  { name: "a writable entry over a read-only one", before: must(map(BIG_RO)), run: map(BIG_RW) },
];

const giving: readonly Work[] = [
  { name: "the last writable entry", before: must(map(BIG_RW)), run: unmap },
  { name: "the last read-only entry", before: must(map(BIG_RO)), run: unmap },
  { name: "a mark taken away", before: must(marked), run: unmarked },
  { name: "a writable entry made read-only", before: must(map(BIG_RW)), run: map(BIG_RO) },
  { name: "an entry changed to another superpage", before: must(map(BIG_RW)), run: map(BIG_RW, OTHER_HEAD) },
  {
    name: "an L2 table with both superpages unpinned",
    before: (guest) => {
      build(guest, SPARE_TABLE, 0, HEAD, BIG_RW);
      build(guest, SPARE_TABLE, 1, OTHER_HEAD, BIG_RO);
      build(guest, SPARE_TABLE, 3, OTHER_HEAD, BIG_RW);
      expect(pin(guest.vcpu, 2, SPARE_TABLE)).toBe(0);
    },
    run: ({ vcpu }) => unpin(vcpu, SPARE_TABLE),
  },
];

const refused: readonly Work[] = [
  { name: "a refused writable entry", before: must(pinnedLast), run: map(BIG_RW) },
  { name: "a refused mark", before: must(pinnedLast), run: marked },
  { name: "a refused writable entry beside a read-only one", before: must(pinnedLast, map(BIG_RO)), run: marked },
  {
    name: "an L2 table refused at its last entry",
    before: (guest) => {
      build(guest, SPARE_TABLE, 1, HEAD, BIG_RW);
      build(guest, SPARE_TABLE, 2, OTHER_HEAD, BIG_RW);
      build(guest, SPARE_TABLE, 3, 0, BIG_RW);
    },
    run: ({ vcpu }) => pin(vcpu, 2, SPARE_TABLE),
  },
  {
    name: "an L2 table with a superpage that is refused late",
    before: (guest) => {
      build(guest, SPARE_TABLE, 0, HEAD, BIG_RO);
      build(guest, SPARE_TABLE, 2, HEAD, BIG_RW);
      expect(pinnedLast(guest)).toBe(0);
    },
    run: ({ vcpu }) => pin(vcpu, 2, SPARE_TABLE),
  },
];

const work = [...taking, ...giving, ...refused];

/** Thrown out of a hypercall that is never continued: the domain is paused, and its vCPU does not come back. */
class NeverContinued extends Error {}

function guestUnder(scheme: SchemeName, plan: PreemptionPlan, continued: (guest: SmallGuest) => void): SmallGuest {
  let guest: SmallGuest | undefined;
  const host = smallHost({
    scheme,
    superpages: 4,
    preempt: plan.preempt,
    continued: () => {
      plan.continuations++;
      if (guest !== undefined) continued(guest);
    },
  });
  guest = guestAt(host, 1, 3, { vcpus: 2 });
  for (const table of [TABLE, OTHER_TABLE]) expect(pin(guest.vcpu, 2, table)).toBe(0);
  return guest;
}

function expectIdle(host: Host): void {
  for (const head of [HEAD, OTHER_HEAD]) expect(superpageState(host, head).busy).toBe(false);
}

describe.each(["sealed", "sealed-deferred"] as const)("under %s", (scheme) => {
  it.each(work)("$name ends in the same state wherever and however often it is preempted", ({ before, run }) => {
    const outcome = (plan: PreemptionPlan): string => {
      const guest = guestUnder(scheme, plan, ({ host }) => {
        // What a guest or the toolstack could see in between: nobody is busy, and what is left over is accounted for.
        expectIdle(host);
        expectClean(host);
      });
      before?.(guest);
      plan.start();
      const rc = run(guest);
      plan.stop();
      expectClean(guest.host);
      return `${rc}\n${everyWord(guest.host)}`;
    };
    const never = new PreemptionPlan(() => false);
    const expected = outcome(never);
    expect(never.asked.length).toBeGreaterThan(1);
    let most = 0;
    const tryPlan = (plan: PreemptionPlan): void => {
      const found = outcome(plan);
      most = Math.max(most, plan.continuations);
      if (found !== expected) expect(found, `answers ${plan.asked.join()}`).toBe(expected);
    };
    // Every sequence of answers where there are few; elsewhere each point alone, every other one, and all of them.
    if (never.asked.length <= 7) {
      forEachSubset(tryPlan, 20_000);
    } else {
      forEachSinglePoint(tryPlan);
      for (const period of [1, 2, 3]) tryPlan(new PreemptionPlan((check) => check % period === 0));
    }
    expect(most).toBeGreaterThan(1);
  });

  const interferences: readonly (readonly [string, (guest: SmallGuest) => number])[] = [
    ["maps it writable", (g) => update(g.vcpu, OTHER_TABLE, 0, HEAD, BIG_RW)],
    ["maps it read-only", (g) => update(g.vcpu, OTHER_TABLE, 1, HEAD, BIG_RO)],
    ["unmaps what it has mapped", (g) => update(g.vcpu, OTHER_TABLE, 0, 0, 0)],
    ["marks it", marked],
    ["unmarks it", unmarked],
    ["pins its first frame", (g) => pin(g.vcpu, 1, HEAD)],
    ["pins its last frame", pinnedLast],
    ["maps and unmaps it", (g) => update(g.vcpu, OTHER_TABLE, 2, HEAD, BIG_RW) || update(g.vcpu, OTHER_TABLE, 2, 0, 0)],
    ["takes the entry away", (g) => update(g.vcpu, TABLE, 0, 0, 0)],
    [
      "releases its last frame",
      ({ vcpu }) =>
        doMemoryOp(vcpu, XENMEM_decrease_reservation, {
          extents: Int32Array.of(HEAD + 3),
          nrExtents: 1,
          extentOrder: 0,
          domid: 0x7ff0,
        }),
    ],
  ];

  it.each(work)("$name stays clean whatever another vCPU does at any point", ({ before, run }) => {
    const answers = new Set<string>();
    for (const [first, doFirst] of interferences) {
      for (const [second, doSecond] of interferences) {
        forEachSinglePoint((plan) => {
          const steps = [doFirst, doSecond];
          const guest = guestUnder(scheme, plan, (g) => {
            plan.stop();
            const other = { ...g, vcpu: vcpuOf(g.domain, 1) };
            for (const step of steps.splice(0)) {
              answers.add(`${step(other)}`);
              expectIdle(g.host);
              expectClean(g.host);
            }
            expect(violations(g.host)).toEqual({ writableTables: [], foreign: [] });
          });
          const free = guest.host.freeFrames;
          before?.(guest);
          plan.start();
          run(guest);
          plan.stop();
          expect(violations(guest.host), `${first}, ${second}`).toEqual({ writableTables: [], foreign: [] });
          expectClean(guest.host);
          for (const { cpu } of guest.domain.vcpus) {
            expect(vcpuOf(guest.domain, cpu).load(VCPU_old_superpage)).toBe(-1);
          }
          expect(destroyDomain(guest.domain)).toBe(0);
          expectNothingLeft(guest.host, free + 12);
        });
      }
    }
    expect(answers.size).toBeGreaterThan(1);
  });

  it.each(work)("$name leaves nothing when it is never continued and the domain is destroyed", ({ before, run }) => {
    let destroyed = 0;
    forEachSinglePoint((plan) => {
      const guest = guestUnder(scheme, plan, () => {
        throw new NeverContinued();
      });
      const free = guest.host.freeFrames;
      before?.(guest);
      plan.start();
      try {
        run(guest);
      } catch (error) {
        if (!(error instanceof NeverContinued)) throw error;
        destroyed++;
      }
      plan.stop();
      expectClean(guest.host);
      const { host } = guest;
      let asked = 0;
      Object.assign(host, { continued: () => {}, preempt: () => asked++ % 2 === 0 });
      expect(destroyDomain(guest.domain)).toBe(0);
      expectNothingLeft(host, free + 12);
    });
    expect(destroyed).toBeGreaterThan(1);
  });

  it("destroys a domain whose superpage is left over for a vCPU of another domain, which then finds nothing to do", () => {
    let continued = 0;
    forEachSinglePoint((plan) => {
      const guest = guestUnder(scheme, plan, ({ host, domain }) => {
        plan.stop();
        expect(superpageState(host, HEAD)).toMatchObject({ busy: false, type: "none" });
        expect(destroyDomain(domain)).toBe(0);
        expectNothingLeft(host, free + 12);
        continued++;
      });
      const { host, domain } = guest;
      const free = host.freeFrames;
      const dom0 = vcpuOf(createDomain(host, { privileged: true }));
      plan.start();
      const rc = doMmuUpdate(
        dom0,
        Int32Array.from(request(TABLE, 0, HEAD, BIG_RW)),
        1,
        ((domain.domid + 1) << 16) | 0x7ff0,
      );
      plan.stop();
      if (plan.continuations > 0) expect(rc).toBe(-ESRCH);
      expect(dom0.load(VCPU_old_superpage)).toBe(-1);
      expectClean(host);
    });
    expect(continued).toBeGreaterThan(3);
  });

  it("a circle of linear tables gives its superpages back preemptibly, after the pass over the superpages", () => {
    forEachSinglePoint((plan) => {
      const guest = guestUnder(scheme, plan, () => {});
      const { host, domain, vcpu } = guest;
      const free = host.freeFrames;
      expect(update(vcpu, TABLE, 0, HEAD, BIG_RW)).toBe(0);
      expect(update(vcpu, TABLE, 1, TABLE, RO)).toBe(0);
      expect(update(vcpu, OTHER_TABLE, 1, TABLE, RO)).toBe(0);
      expect(update(vcpu, OTHER_TABLE, 0, OTHER_HEAD, BIG_RW)).toBe(0);
      expectClean(host);
      plan.start();
      expect(destroyDomain(domain)).toBe(0);
      plan.stop();
      expectNothingLeft(host, free + 12);
    });
  });

  it("a superpage of 512 frames can be preempted sixteen times on the way in and out for each kind of reference", () => {
    const plan = new PreemptionPlan(() => true);
    const host = smallHost({ scheme, superpageOrder: 9, tableOrder: 9, superpages: 3, preempt: plan.preempt });
    const { vcpu } = guestAt(host, 1, 2);
    expect(pin(vcpu, 2, 1024)).toBe(0);
    for (const [flags, checks] of [
      [BIG_RW, 31],
      [0, 31],
      [BIG_RO, 15],
      [0, 15],
    ] as const) {
      plan.start();
      const before = plan.asked.length;
      expect(update(vcpu, 1024, 0, flags === 0 ? 0 : 512, flags)).toBe(0);
      plan.stop();
      expect(plan.asked.length - before).toBe(checks);
      expectClean(host);
    }
  });

  it("a request that another vCPU changes meanwhile leaves nothing over", () => {
    // The vCPU is preempted while it takes one superpage, and goes on to take the other: both are trimmed.
    let requests = Int32Array.of();
    const plan = new PreemptionPlan((check) => check < 2);
    const guest = guestUnder(scheme, plan, ({ host }) => {
      expectClean(host);
      requests.set(request(TABLE, 0, OTHER_HEAD, plan.continuations === 1 ? BIG_RW : BIG_RO));
    });
    const { host, vcpu } = guest;
    requests = Int32Array.from(request(TABLE, 0, HEAD, BIG_RW));
    plan.start();
    expect(doMmuUpdate(vcpu, requests, 1, 0x7ff0)).toBe(0);
    plan.stop();
    expect(plan.continuations).toBe(2);
    expectClean(host);
    expect(frameCounts(host, HEAD)).toEqual(Array.from({ length: 4 }, () => [1, 0]));
    expect(readType(host, OTHER_HEAD).typeCount).toBe(0);
  });

  it("random programs that are preempted at random stay clean at every continuation and in the end", () => {
    let leftOver = 0;
    fc.assert(
      fc.property(
        programs(50),
        programs(50),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
        (program, interference, answers) => {
          let asked = 0;
          let next = 0;
          let others: SmallGuest[] = [];
          const host = smallHost({
            scheme,
            preempt: () => others.length > 0 && answers.at(asked++ % answers.length) !== false,
            continued: () => {
              if (others.length === 0) return;
              const now = others;
              others = [];
              expectClean(host);
              for (const { domain } of now) {
                for (const vcpu of domain.vcpus) if (vcpu.load(VCPU_old_superpage) >= 0) leftOver++;
              }
              for (let i = 0; i < 3 && next < interference.length; i++) {
                runStep(now, interference.at(next++)!, "any");
                expectClean(host);
              }
              others = now;
            },
          });
          const free = host.freeFrames;
          const first = guestAt(host, 1, 3, { vcpus: 2 });
          const second = guestAt(host, 4, 3);
          for (const step of program) {
            others = [{ ...first, vcpu: vcpuOf(first.domain, 1) }, second];
            runStep([first], step, "any");
            others = [];
            expectClean(host);
            expect(violations(host)).toEqual({ writableTables: [], foreign: [] });
          }
          expect(destroyDomain(first.domain)).toBe(0);
          expect(destroyDomain(second.domain)).toBe(0);
          expectNothingLeft(host, free);
        },
      ),
      tries(60),
    );
    expect(leftOver).toBeGreaterThan(0);
  });
});
