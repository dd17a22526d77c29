import { AccessCounter, type WordsAllocator, allocatePlainWords } from "@xsp/words";
import { describe, expect, it } from "vitest";
import { EINTR, EINVAL, ERESTART, type SealedCheck, sealedWithout } from "../../src/index.ts";
import {
  SEALED_busy,
  SEALED_mark,
  SEALED_owner_mask,
  SEALED_owner_shift,
  SEALED_readers_mask,
  SEALED_readers_shift,
  SEALED_writers_mask,
} from "../../src/sealed-info.ts";
import { VCPU_old_superpage } from "../../src/vcpu-words.ts";
import { InterposedWords } from "../interposed-words.ts";
import { PreemptionPlan } from "../preemption/preemption-points.ts";
import { type SmallGuest, expectClean, frameCounts, guestAt, pin, smallHost } from "../small-host.ts";

/*
 * Taking and giving back a superpage's references, preempted at each point: what stands in the words then. The superpage
 * has four frames, each a chunk: held 1 to 4 are general references, 5 to 8 writable ones as well.
 */

interface Guest extends SmallGuest {
  readonly words: InterposedWords;
  readonly map: (writable: boolean, preemptible?: boolean) => number;
  readonly unmap: (writable: boolean, preemptible?: boolean) => number;
}

function guestUnder(plan: PreemptionPlan, without?: SealedCheck): Guest {
  const words = new InterposedWords();
  const scheme = without === undefined ? "sealed" : sealedWithout(without);
  const host = smallHost({ scheme, superpages: 5, allocate: words.allocate, preempt: plan.preempt });
  const guest = guestAt(host, 1, 4);
  const { vcpu, domain, start: head } = guest;
  return {
    ...guest,
    words,
    map: (writable, preemptible = true) => host.scheme.map(vcpu, domain, head, writable, preemptible),
    unmap: (writable, preemptible = true) => host.scheme.unmap(vcpu, head, writable, preemptible),
  };
}

const never = (): PreemptionPlan => new PreemptionPlan(() => false);
const always = (): PreemptionPlan => new PreemptionPlan(() => true);
const at = (check: number): PreemptionPlan => new PreemptionPlan((now) => now === check);

/** What stands in the superpage's words, how many references its frames have, and whether the vCPU remembers it. */
function shown({ host, domain, vcpu, start }: SmallGuest): unknown {
  const word = host.superpage.load(2 * (start >> host.superpageOrder));
  const held = host.superpage.load(2 * (start >> host.superpageOrder) + 1);
  const counts = frameCounts(host, start);
  const owner = (word & SEALED_owner_mask) >>> SEALED_owner_shift;
  expect(word & SEALED_mark).toBe(0);
  return {
    busy: (word & SEALED_busy) !== 0,
    owner: owner === domain.slot ? "the domain" : owner,
    users: [word & SEALED_writers_mask, (word & SEALED_readers_mask) >>> SEALED_readers_shift],
    held,
    references: counts.reduce((sum, [general, type]) => sum + general - 1 + type, 0),
    remembered: vcpu.load(VCPU_old_superpage) === start,
  };
}

/** The words of a superpage whose owner no vCPU is busy with. */
const idle = (users: [number, number], held: number, remembered = false): unknown => ({
  busy: false,
  owner: held === 0 ? 0 : "the domain",
  users,
  held,
  references: held,
  remembered,
});

describe("a first writable map", () => {
  it("asks between two chunks, never before the first or after the last", () => {
    const plan = never();
    const guest = guestUnder(plan);
    plan.start();
    expect(guest.map(true)).toBe(0);
    expect(plan.asked.length).toBe(6);
    expect(shown(guest)).toEqual(idle([1, 0], 8));
  });

  it.each([0, 1, 2, 3, 4, 5])("preempted at check %i keeps what it has got for the vCPU to see to", (check) => {
    const plan = at(check);
    const guest = guestUnder(plan);
    plan.start();
    expect(guest.map(true)).toBe(-EINTR);
    expect(shown(guest)).toEqual(idle([0, 0], check + 2, true));
    expectClean(guest.host);
    // The rest in one go: neither the frames before it nor those after have anything to do with it.
    const { host, vcpu, domain, start } = guest;
    expect(host.scheme.trim(vcpu, domain.slot, start, false)).toBe(0);
    expect(shown(guest)).toEqual(idle([0, 0], 0, true));
    expect(host.underflows).toBe(0);
    for (const head of [4, 8, 12, 16]) {
      expect(frameCounts(host, head)).toEqual(Array.from({ length: 4 }, () => [1, 0]));
    }
    expect(host.perf.frameGets).toBe(host.perf.framePuts);
    expect(host.perf.typeGets).toBe(host.perf.typePuts);
  });

  it("that cannot be preempted never asks", () => {
    const plan = always();
    const guest = guestUnder(plan);
    plan.start();
    expect([guest.map(true, false), guest.unmap(true, false)]).toEqual([0, 0]);
    expect(plan.asked).toEqual([]);
    expect(shown(guest)).toEqual(idle([0, 0], 0));
  });
});

describe("a last unmap", () => {
  it("asks between two chunks, and counts what it has given back", () => {
    const plan = never();
    const guest = guestUnder(plan);
    expect(guest.map(true)).toBe(0);
    plan.start();
    expect(guest.unmap(true)).toBe(0);
    expect(plan.asked.length).toBe(6);
    expect(shown(guest)).toEqual(idle([0, 0], 0));
    const { frameGets, framePuts, typeGets, typePuts } = guest.host.perf;
    expect([frameGets, framePuts, typeGets, typePuts]).toEqual([4, 4, 4, 4]);
  });

  it.each([0, 1, 2, 3, 4, 5])("preempted at check %i leaves the rest for the vCPU to see to", (check) => {
    const plan = at(check);
    const guest = guestUnder(plan);
    expect(guest.map(true)).toBe(0);
    plan.start();
    expect(guest.unmap(true)).toBe(-ERESTART);
    expect(shown(guest)).toEqual(idle([0, 0], 7 - check, true));
    expectClean(guest.host);
  });

  it.each([
    ["writable", true, [0, 1], 4, 3],
    ["read-only", false, [1, 0], 8, 0],
  ] as const)("of the %s entries goes down to what the others need", (_kind, writable, users, held, checks) => {
    const plan = never();
    const guest = guestUnder(plan);
    expect([guest.map(false), guest.map(true)]).toEqual([0, 0]);
    plan.start();
    expect(guest.unmap(writable)).toBe(0);
    expect(plan.asked.length).toBe(checks);
    expect(shown(guest)).toEqual(idle([...users], held));
  });
});

it("a writable map that is refused at once writes no progress, for there is none", () => {
  const counter = new AccessCounter();
  const allocate: WordsAllocator = (length, name) =>
    name === "superpage" ? counter.allocate(length, name) : allocatePlainWords(length);
  const { host, vcpu, domain, start } = guestAt(smallHost({ allocate }), 1, 4);
  expect(host.scheme.map(vcpu, domain, start, false, false)).toBe(0);
  expect(pin(vcpu, 1, start)).toBe(0);
  counter.reset();
  expect(host.scheme.map(vcpu, domain, start, true, false)).toBe(-EINVAL);
  // One swap says busy; how many are held and the word are written as it is left.
  expect(counter.counts()).toMatchObject({ swaps: 1, stores: 2 });
});

interface Case {
  readonly what: string;
  readonly plan: () => PreemptionPlan;
  /** Whether a read-only entry exists before. */
  readonly reader?: boolean;
  readonly run: (guest: Guest) => unknown;
  /** Answer and words with all checks, and without this one. */
  readonly whole: unknown;
  readonly without: unknown;
}

const cases: Partial<Record<SealedCheck, readonly Case[]>> = {
  "progress stored": [
    {
      what: "references are held of which no word says so",
      plan: () => at(2),
      run: ({ map }) => map(true),
      whole: [-EINTR, idle([0, 0], 4, true)],
      without: [-EINTR, { ...(idle([0, 0], 1, true) as object), references: 4 }],
    },
    {
      what: "a map that is not preempted is as good",
      plan: never,
      run: ({ map }) => map(true),
      whole: [0, idle([1, 0], 8)],
      without: [0, idle([1, 0], 8)],
    },
  ],
  "not busy while preempted": [
    {
      what: "others wait for a guest that may not come back",
      plan: () => at(2),
      run: ({ map }) => map(true),
      whole: [-EINTR, idle([0, 0], 4, true)],
      without: [-EINTR, { ...(idle([0, 0], 4, true) as object), busy: true }],
    },
  ],
  "owner kept while anything is held": [
    {
      what: "references are held for nobody",
      plan: () => at(2),
      run: ({ map }) => map(true),
      whole: [-EINTR, idle([0, 0], 4, true)],
      without: [-EINTR, { ...(idle([0, 0], 4, true) as object), owner: 0 }],
    },
    {
      what: "the users that remain still count",
      plan: () => at(2),
      reader: true,
      run: ({ map }) => map(true),
      whole: [-EINTR, idle([0, 1], 7, true)],
      without: [-EINTR, idle([0, 1], 7, true)],
    },
  ],
  "left over is remembered": [
    {
      what: "no vCPU gives back what it has left over",
      plan: () => at(2),
      run: ({ map }) => map(true),
      whole: [-EINTR, idle([0, 0], 4, true)],
      without: [-EINTR, idle([0, 0], 4)],
    },
  ],
  "down to the target only": [
    {
      what: "the entry that remains has no references but the lead frame's",
      plan: never,
      reader: true,
      run: ({ map, unmap }) => [map(true), unmap(true)],
      whole: [[0, 0], idle([0, 1], 4)],
      without: [[0, 0], idle([0, 1], 1)],
    },
  ],
  "lead frame last": [
    {
      what: "the word still says whose the lead frame is when it can be another's",
      plan: never,
      run: ({ map, unmap, words, host, start, domain }) => {
        const seen: unknown[] = [map(true)];
        const owner = (): number => host.superpage.load(2 * (start >> host.superpageOrder)) >>> SEALED_owner_shift;
        // The general references go from the second frame on, and then the lead frame's.
        words.beforeSwap("count_info", () => seen.push((owner() & 0xff) === domain.slot), 3);
        return [...seen, unmap(true, false), ...seen.slice(1), words.left];
      },
      whole: [[0, 0, false, 0], idle([0, 0], 0)],
      without: [[0, 0, true, 0], idle([0, 0], 0)],
    },
  ],
};

describe.each(Object.entries(cases))("the check “%s”", (check, told) => {
  it.each(told.map((each) => [each.what, each] as const))("without it %s", (_what, each) => {
    for (const [without, expected] of [
      [undefined, each.whole],
      [check as SealedCheck, each.without],
    ] as const) {
      const plan = each.plan();
      const guest = guestUnder(plan, without);
      if (each.reader === true) expect(guest.map(false)).toBe(0);
      plan.start();
      const answer = each.run(guest);
      expect([answer, shown(guest)]).toEqual(expected);
    }
  });
});
