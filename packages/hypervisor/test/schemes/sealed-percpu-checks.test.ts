import { describe, expect, it } from "vitest";
import { DOMAIN_state, DOMSTATE_dying } from "../../src/domain-words.ts";
import { EBUSY, EINVAL, ESRCH, type Host, type SlotCheck, sealedPercpuVariant, slotChecks } from "../../src/index.ts";
import { SLOT_WORDS, SLOT_count_mask, SLOT_owner_shift } from "../../src/sealed-slot-info.ts";
import { VCPU_old_superpage } from "../../src/vcpu-words.ts";
import { InterposedWords } from "../interposed-words.ts";
import { type SmallGuest, frameCounts, guestAt, smallHost, vcpuOf } from "../small-host.ts";

/*
 * What each check of `sealed-percpu` is for, in one interleaving each: how it ends with the check and without. That no
 * interleaving at all goes wrong with all of them is for the models to show.
 */

interface Guest extends SmallGuest {
  readonly words: InterposedWords;
  readonly map: (by?: number, writable?: boolean) => number;
  readonly unmap: (by?: number, writable?: boolean) => number;
  readonly mark: () => number;
  readonly unmark: () => number;
  readonly relinquish: () => number;
  readonly die: () => void;
}

/** A guest of three vCPUs whose first superpage is acted on. */
function guestUnder(slots: number, check?: SlotCheck, preempt?: () => boolean): Guest {
  const words = new InterposedWords();
  const scheme = sealedPercpuVariant(slots, check);
  const host = smallHost({ scheme, superpages: 5, allocate: words.allocate, ...(preempt && { preempt }) });
  const guest = guestAt(host, 1, 2, { vcpus: 3 });
  const { vcpu, domain, start: head } = guest;
  return {
    ...guest,
    words,
    map: (by = 0, writable = true) => scheme.map(vcpuOf(domain, by), domain, head, writable, false),
    unmap: (by = 0, writable = true) => scheme.unmap(vcpuOf(domain, by), head, writable, false),
    mark: () => scheme.mark(vcpu, domain, head, false),
    unmark: () => scheme.unmark(vcpu, domain, head, false),
    relinquish: () => scheme.relinquish(vcpu, domain, head, false),
    die: () => domain.store(DOMAIN_state, DOMSTATE_dying),
  };
}

/** What a call answers, with the reason of a refusal. */
function answer(host: Host, rc: number): readonly [number, string | undefined] {
  return [rc, rc === 0 ? undefined : host.lastRefusal?.check];
}

/** A guest in the end: its slots in use, as owner, count and kind; the users in the word; references on each frame. */
function end({ host, domain, start, words }: Guest): unknown {
  expect(words.left).toBe(0);
  const slots: string[] = [];
  for (let i = 0; i < host.superpageSlots.length; i++) {
    const word = host.superpageSlots.load(i);
    if (word === 0) continue;
    const owner = (word >>> SLOT_owner_shift) - domain.slot;
    slots.push(`${owner === 0 ? "" : "another's "}${word & SLOT_count_mask}${i % SLOT_WORDS === 0 ? "w" : "r"}`);
  }
  const word = host.superpage.load(2 * (start >> host.superpageOrder));
  const references = new Set(frameCounts(host, start).map(([general, type]) => `${general - 1}+${type}`));
  return [slots.join(" "), `${word & 0x7ff}w ${(word >>> 11) & 0x7ff}r`, [...references].join(" ")];
}

interface Case {
  readonly what: string;
  /** Default 1: all vCPUs share it. */
  readonly slots?: number;
  /** What is done; answers what was seen meanwhile. */
  readonly run: (guest: Guest) => unknown;
  /** What was seen, and the end, with all checks, and without this one. */
  readonly whole: unknown;
  readonly without: unknown;
}

const nothing = ["", "0w 0r", "0+0"];
/** One use kept, one entry, or two, whose references are held. */
const kept = ["0w", "1w 0r", "1+1"];
const one = ["1w", "1w 0r", "1+1"];
const two = ["2w", "1w 0r", "1+1"];

const cases: Readonly<Record<SlotCheck, readonly Case[]>> = {
  "owner of the slot": [
    {
      what: "another domain's map counts itself among the owner's entries",
      run: (guest) => {
        const stranger = guestAt(guest.host, 3, 2);
        expect(guest.map()).toBe(0);
        return answer(guest.host, guest.host.scheme.map(stranger.vcpu, stranger.domain, guest.start, true, false));
      },
      whole: [[-EINVAL, "sealed: another's superpage"], one],
      without: [[0, undefined], two],
    },
  ],
  "count of the slot at its limit": [
    {
      what: "one entry more makes it another owner's slot that counts nothing",
      run: ({ host, map, ...guest }) => {
        expect(map()).toBe(0);
        const index = (guest.start >> host.superpageOrder) * SLOT_WORDS;
        host.superpageSlots.store(index, host.superpageSlots.load(index) | SLOT_count_mask);
        return answer(host, map());
      },
      whole: [
        [-EINVAL, "map: the count is at its limit"],
        [`${SLOT_count_mask}w`, "1w 0r", "1+1"],
      ],
      without: [
        [0, undefined],
        ["another's 0w", "1w 0r", "1+1"],
      ],
    },
  ],
  "use before the count": [
    {
      what: "a second map finds the slot in use and answers before anything is held",
      run: ({ words, map, host, start }) => {
        const seen: unknown[] = [];
        words.beforeSwap("superpage", () => seen.push(map(1), frameCounts(host, start)[3]));
        expect(map()).toBe(0);
        return seen;
      },
      whole: [[0, [2, 1]], two],
      without: [[0, [1, 0]], two],
    },
  ],
  "spare use given back": [
    {
      what: "of two first maps each takes a use, and only one goes with the last entry",
      run: ({ words, map, unmap }) => {
        words.beforeSwap("superpage slots", () => expect(map(1)).toBe(0));
        expect(map()).toBe(0);
        return [unmap(), unmap()];
      },
      whole: [[0, 0], nothing],
      without: [
        [0, 0],
        ["", "1w 0r", "1+1"],
      ],
    },
  ],
  "count before the use": [true, false].map((writable) => ({
    what: `a ${writable ? "writable" : "read-only"} entry that comes while the last one goes has no references`,
    run: ({ words, map, unmap }: Guest) => {
      expect(map(0, writable)).toBe(0);
      words.beforeSwap("superpage slots", () => expect(map(1, writable)).toBe(0));
      return unmap(0, writable);
    },
    whole: [0, writable ? one : ["1r", "0w 1r", "1+0"]],
    without: [0, [writable ? "1w" : "1r", "0w 0r", "0+0"]],
  })),
  "looked through again": [
    {
      what: "an entry that moves to a slot already looked at is not found",
      slots: 2,
      run: ({ words, map, unmap, host }) => {
        expect(map(1)).toBe(0);
        // The third vCPU shares the first one's slot.
        words.beforeLoad("superpage slots", () => expect([map(2), unmap(1)]).toEqual([0, 0]), 1);
        expect(unmap()).toBe(0);
        return host.underflows;
      },
      whole: [0, nothing],
      without: [1, one],
    },
  ],
  "kept while marked only": [
    {
      what: "a superpage that was never marked keeps its references without an entry",
      run: ({ map, unmap }) => [map(), unmap()],
      whole: [[0, 0], nothing],
      without: [[0, 0], kept],
    },
  ],
  "mark looked at again": [
    {
      what: "a use is kept after a destruction that had cleared the mark and passed the slot",
      run: ({ words, mark, map, unmap, die, relinquish }) => {
        expect([mark(), map()]).toEqual([0, 0]);
        words.beforeSwap("superpage slots", () => {
          die();
          expect(relinquish()).toBe(0);
        });
        return unmap(1);
      },
      whole: [0, nothing],
      without: [0, kept],
    },
  ],
  "kept uses before an unmark": [
    {
      what: "a superpage that nobody maps cannot be unmarked",
      run: ({ mark, map, unmap, unmark }) => [mark(), map(), unmap(), unmark()],
      whole: [[0, 0, 0, 0], nothing],
      without: [[0, 0, 0, -EBUSY], kept],
    },
  ],
  "kept uses after a destruction's unmark": [
    {
      what: "the references outlive the domain",
      run: ({ mark, map, unmap, die, relinquish }) => {
        expect([mark(), map(), unmap()]).toEqual([0, 0, 0]);
        die();
        return relinquish();
      },
      whole: [0, nothing],
      without: [0, kept],
    },
  ],
  "kept uses after a refused mark": [
    {
      what: "a use that was kept while the mark stood stays",
      run: ({ words, map, mark, unmap, die }) => {
        expect(map(1)).toBe(0);
        words.beforeSwap("superpage", die);
        words.beforeSwap("superpage", () => expect(unmap(1)).toBe(0));
        return mark();
      },
      whole: [-ESRCH, nothing],
      without: [-ESRCH, kept],
    },
  ],
};

describe.each(slotChecks)("the check “%s”", (check) => {
  const told = cases[check].map((each) => [each.what, each] as const);
  it.each(told)("without it %s", (_what, { run, slots = 1, whole, without }) => {
    const guest = guestUnder(slots);
    expect([run(guest), end(guest)]).toEqual(whole);
    const unsafe = guestUnder(slots, check);
    expect([run(unsafe), end(unsafe)]).toEqual(without);
  });
});

describe("a slot whose swap another vCPU gets in before", () => {
  it.each<readonly [string, number, (guest: Guest) => void, (guest: Guest) => number, unknown]>([
    ["another maps: both entries count", 1, ({ map }) => map(1), ({ map }) => map(), ["3w", "1w 0r", "1+1"]],
    ["another unmaps: the map counts on", 2, ({ unmap }) => unmap(1), ({ map }) => map(), two],
    ["the last goes: the map takes a use again", 1, ({ unmap }) => unmap(1), ({ map }) => map(), one],
    ["another maps: the last but one is no more the last", 1, ({ map }) => map(1), ({ unmap }) => unmap(), one],
    ["another maps: two remain of three", 2, ({ map }) => map(1), ({ unmap }) => unmap(), two],
    ["another unmaps: it is the last now", 2, ({ unmap }) => unmap(1), ({ unmap }) => unmap(), nothing],
  ])("%s", (_what, entries, intrude, act, expected) => {
    const guest = guestUnder(1);
    for (let i = 0; i < entries; i++) expect(guest.map()).toBe(0);
    guest.words.beforeSwap("superpage slots", () => intrude(guest));
    expect(act(guest)).toBe(0);
    expect(end(guest)).toEqual(expected);
    expect(guest.host.underflows).toBe(0);
  });

  it("a first map whose slot others fill and empty meanwhile counts itself at last", () => {
    const guest = guestUnder(1);
    guest.words.beforeSwap("superpage slots", () => expect(guest.map(1)).toBe(0));
    guest.words.beforeSwap("superpage slots", () => expect(guest.unmap(1)).toBe(0));
    expect(guest.map()).toBe(0);
    expect(end(guest)).toEqual(one);
  });

  it("an unmap of nothing gives back in one go what a destruction would have", () => {
    // After its unmark, before it looks at the slots: the unmap finds the use that was kept, and may not leave it over.
    const guest = guestUnder(1, undefined, () => true);
    const { host, start, vcpu, words, mark, map, unmap } = guest;
    expect([mark(), map(), unmap()]).toEqual([0, 0, 0]);
    guest.die();
    words.beforeLoad("superpage slots", () => expect(host.scheme.unmap(vcpu, start, true, true)).toBe(0));
    expect(guest.relinquish()).toBe(0);
    expect([host.underflows, vcpu.load(VCPU_old_superpage)]).toEqual([1, -1]);
    expect(end(guest)).toEqual(nothing);
  });
});
