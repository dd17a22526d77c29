import { describe, expect, it } from "vitest";
import { DOMAIN_state, DOMSTATE_dying } from "../../src/domain-words.ts";
import {
  EBUSY,
  EINVAL,
  ESRCH,
  type Scheme,
  type SealedCheck,
  schemeByName,
  sealedChecks,
  sealedWithout,
} from "../../src/index.ts";
import { SEALED_busy, SEALED_readers_mask, SEALED_writers_mask } from "../../src/sealed-info.ts";
import { checkBit } from "../../src/schemes/sealed-checks.ts";
import { type Contended, type SealedGuest, answerOf, facts, sealedGuest, stateWord } from "./sealed-facts.ts";

/*
 * What single checks of `sealed` are for: one story each, told with the check and without it. That nothing can be spared
 * in any interleaving is for the checker to say; here another vCPU comes in at the one place that matters.
 */

/** What the call answers, what there is afterwards, and, where it is told, what the other vCPUs were answered or saw. */
type Outcome = readonly [answer: unknown, facts: string, others?: readonly unknown[]];

interface Story {
  readonly check: SealedCheck;
  readonly what: string;
  readonly of?: "sealed" | "sealed-deferred";
  readonly contended?: Contended;
  readonly before?: (guest: SealedGuest) => unknown;
  /** What other vCPUs of the domain do, each right before the next swap or wait. */
  readonly intrusions?: readonly ((guest: SealedGuest) => unknown)[];
  readonly act: (guest: SealedGuest) => unknown;
  readonly whole: Outcome;
  readonly without: Outcome;
}

const set = (bits: number) => (guest: SealedGuest) => {
  const { superpage } = guest.host;
  superpage.store(stateWord(guest), superpage.load(stateWord(guest)) | bits);
};
const dying = ({ domain }: SealedGuest): void => domain.store(DOMAIN_state, DOMSTATE_dying);
const also =
  (...steps: readonly ((guest: SealedGuest) => unknown)[]) =>
  (guest: SealedGuest) => {
    for (const step of steps) step(guest);
  };
const mapped = (writable: boolean) => (guest: SealedGuest) => guest.map(writable);
const unmapped = (writable: boolean) => (guest: SealedGuest) => guest.unmap(writable);
const marked = (guest: SealedGuest): unknown => guest.mark();
const otherMaps = ({ other, head, scheme }: SealedGuest): number =>
  scheme.map(other.vcpu, other.domain, head, true, false);
const otherTrims = ({ other, head, scheme }: SealedGuest): number =>
  scheme.trim(other.vcpu, other.domain.slot, head, false);

const stories: readonly Story[] = [
  {
    check: "owner in map and mark",
    what: "a map of another's superpage would be counted in its word",
    before: marked,
    act: otherMaps,
    whole: [-EINVAL, "marked own w0 r0 held 8: 2/1"],
    without: [0, "marked own w1 r0 held 8: 2/1"],
  },
  {
    check: "owner in unmark",
    what: "an unmark of another's superpage would take its mark",
    before: marked,
    act: ({ other, head, scheme }) => scheme.unmark(other.vcpu, other.domain, head, false),
    whole: [-EINVAL, "marked own w0 r0 held 8: 2/1"],
    without: [0, "nobody's w0 r0 held 0: 1/0"],
  },
  {
    check: "owner in trim",
    what: "a trim would give back what another has left over",
    before: also(mapped(true), (guest) => guest.host.superpage.store(stateWord(guest), guest.domain.slot << 22)),
    act: otherTrims,
    whole: [0, "own w0 r0 held 8: 2/1"],
    without: [0, "nobody's w0 r0 held 0: 1/0"],
  },
  {
    check: "owner in trim",
    what: "a superpage of which nothing is held is left alone in any case",
    act: otherTrims,
    whole: [0, "nobody's w0 r0 held 0: 1/0"],
    without: [0, "nobody's w0 r0 held 0: 1/0"],
  },
  {
    check: "busy awaited in map and mark",
    what: "a map would be counted while others work",
    before: also(marked, set(SEALED_busy)),
    act: (guest) => guest.map(true),
    whole: ["waits", "busy marked own w0 r0 held 8: 2/1"],
    without: [0, "busy marked own w1 r0 held 8: 2/1"],
  },
  {
    check: "busy awaited in unmap",
    what: "an unmap would be counted while others work",
    before: also(marked, mapped(true), set(SEALED_busy)),
    act: (guest) => guest.unmap(true),
    whole: ["waits", "busy marked own w1 r0 held 8: 2/1"],
    without: [0, "busy marked own w0 r0 held 8: 2/1"],
  },
  {
    check: "busy awaited in unmark",
    what: "an unmark would take the references from under those who work",
    before: also(marked, set(SEALED_busy)),
    act: (guest) => guest.unmark(),
    whole: ["waits", "busy marked own w0 r0 held 8: 2/1"],
    without: [0, "nobody's w0 r0 held 0: 1/0"],
  },
  {
    check: "busy awaited in trim",
    what: "a trim would end the work of others",
    before: also(marked, set(SEALED_busy)),
    act: (guest) => guest.trim(),
    whole: ["waits", "busy marked own w0 r0 held 8: 2/1"],
    without: [0, "marked own w0 r0 held 8: 2/1"],
  },
  {
    check: "marked already",
    what: "a second mark would carry over into `busy`",
    before: marked,
    act: (guest) => guest.mark(),
    whole: [-EINVAL, "marked own w0 r0 held 8: 2/1"],
    without: [0, "busy own w0 r0 held 8: 2/1"],
  },
  {
    check: "marked already",
    what: "an entry above the limit is refused in any case",
    before: also(marked, set(SEALED_writers_mask)),
    act: (guest) => guest.map(true),
    whole: [-EINVAL, "marked own w2047 r0 held 8: 2/1"],
    without: [-EINVAL, "marked own w2047 r0 held 8: 2/1"],
  },
  {
    check: "not marked",
    what: "an unmark of what is not marked would be answered as if it had been",
    of: "sealed-deferred",
    before: mapped(true),
    act: (guest) => guest.unmark(),
    whole: [-EINVAL, "own w1 r0 held 8: 2/1"],
    without: [0, "own w1 r0 held 8: 2/1"],
  },
  {
    check: "count at its limit",
    what: "one writable entry more would carry over into the read-only ones",
    before: also(marked, set(SEALED_writers_mask)),
    act: (guest) => guest.map(true),
    whole: [-EINVAL, "marked own w2047 r0 held 8: 2/1"],
    without: [0, "marked own w0 r1 held 8: 2/1"],
  },
  {
    check: "count at its limit",
    what: "a second mark is refused in any case",
    before: also(marked, set(SEALED_readers_mask)),
    act: (guest) => guest.mark(),
    whole: [-EINVAL, "marked own w0 r2047 held 8: 2/1"],
    without: [-EINVAL, "marked own w0 r2047 held 8: 2/1"],
  },
  {
    check: "dying domain in map",
    what: "a dying domain's superpage would be mapped",
    before: dying,
    act: (guest) => guest.map(true),
    whole: [-ESRCH, "nobody's w0 r0 held 0: 1/0"],
    without: [0, "own w1 r0 held 8: 2/1"],
  },
  {
    check: "dying domain in mark",
    what: "a dying domain's superpage would stay marked",
    before: dying,
    act: (guest) => guest.mark(),
    whole: [-ESRCH, "nobody's w0 r0 held 0: 1/0"],
    without: [0, "marked own w0 r0 held 8: 2/1"],
  },
  {
    check: "lead frame first",
    what: "a map that another one forestalls takes no reference of its own in any case",
    intrusions: [mapped(true)],
    act: (guest) => guest.map(true),
    whole: [0, "own w2 r0 held 8: 2/1"],
    without: [0, "own w2 r0 held 8: 2/1"],
  },
  {
    check: "lead frame first",
    what: "the first map takes one reference on each frame in any case",
    act: (guest) => guest.map(false),
    whole: [0, "own w0 r1 held 4: 2/0"],
    without: [0, "own w0 r1 held 4: 2/0"],
  },
  {
    check: "lead frame first",
    what: "a map of another's superpage is refused, and its word is as before in the end",
    act: otherMaps,
    whole: [-EINVAL, "nobody's w0 r0 held 0: 1/0"],
    without: [-EINVAL, "nobody's w0 r0 held 0: 1/0"],
  },
  {
    check: "lead frame first",
    what: "the word would be another's, while no reference says so, for a moment",
    contended: ["superpage", "count_info"],
    intrusions: [facts, facts],
    act: otherMaps,
    whole: [
      -EINVAL,
      "nobody's w0 r0 held 0: 1/0",
      ["nobody's w0 r0 held 0: 1/0", "nobody's w0 r0 held 0: 2/0 1/0 1/0 1/0"],
    ],
    without: [
      -EINVAL,
      "nobody's w0 r0 held 0: 1/0",
      ["nobody's w0 r0 held 0: 1/0", "busy the other's w0 r0 held 0: 1/0"],
    ],
  },
  {
    check: "decided afresh in map and mark",
    what: "the last writable entry goes, and one more would be counted without writable references",
    before: also(mapped(true), mapped(false)),
    intrusions: [unmapped(true)],
    act: (guest) => guest.map(true),
    whole: [0, "own w1 r1 held 8: 2/1"],
    without: [0, "own w1 r1 held 4: 2/0"],
  },
  {
    check: "decided afresh in map and mark",
    what: "two writable entries go, one before each attempt",
    before: also(mapped(true), mapped(true), mapped(false)),
    intrusions: [unmapped(true), unmapped(true)],
    act: (guest) => guest.map(true),
    whole: [0, "own w1 r1 held 8: 2/1"],
    without: [0, "own w1 r1 held 4: 2/0"],
  },
  {
    check: "decided afresh in unmap",
    what: "another goes first, and the references of the last would stay",
    before: also(mapped(true), mapped(true), mapped(false)),
    intrusions: [unmapped(true)],
    act: (guest) => guest.unmap(true),
    whole: [0, "own w0 r1 held 4: 2/0"],
    without: [0, "own w0 r1 held 8: 2/1"],
  },
  {
    check: "decided afresh in unmap",
    what: "two others go first, one before each attempt",
    before: also(mapped(true), mapped(true), mapped(true), mapped(false)),
    intrusions: [unmapped(true), unmapped(true)],
    act: (guest) => guest.unmap(true),
    whole: [0, "own w0 r1 held 4: 2/0"],
    without: [0, "own w0 r1 held 8: 2/1"],
  },
  {
    check: "decided afresh in unmark",
    what: "the entry goes first, and the references of the mark would stay",
    of: "sealed-deferred",
    before: also(marked, mapped(true)),
    intrusions: [unmapped(true)],
    act: (guest) => guest.unmark(),
    whole: [0, "nobody's w0 r0 held 0: 1/0"],
    without: [0, "own w0 r0 held 8: 2/1"],
  },
  {
    check: "enough is held",
    what: "a writable entry would be counted beside a read-only one without writable references",
    before: mapped(false),
    act: (guest) => guest.map(true),
    whole: [0, "own w1 r1 held 8: 2/1"],
    without: [0, "own w1 r1 held 4: 2/0"],
  },
  {
    check: "busy in the same swap",
    what: "an entry that is made amid the last unmap would be forgotten",
    contended: ["superpage", "type_info"],
    before: mapped(true),
    intrusions: [facts, (guest) => answerOf(() => guest.map(true))],
    act: (guest) => guest.unmap(true),
    whole: [0, "nobody's w0 r0 held 0: 1/0", ["own w1 r0 held 8: 2/1", "waits"]],
    without: [0, "nobody's w0 r0 held 0: 1/0", ["own w1 r0 held 8: 2/1", 0]],
  },
  {
    check: "busy in the same swap",
    what: "an entry that is made amid the unmark would be forgotten",
    contended: ["superpage", "type_info"],
    before: marked,
    intrusions: [facts, (guest) => answerOf(() => guest.map(true))],
    act: (guest) => guest.unmark(),
    whole: [0, "nobody's w0 r0 held 0: 1/0", ["marked own w0 r0 held 8: 2/1", "waits"]],
    without: [0, "nobody's w0 r0 held 0: 1/0", ["marked own w0 r0 held 8: 2/1", 0]],
  },
];

const schemeOf = ({ check, of = "sealed" }: Story, which: "whole" | "without"): Scheme =>
  which === "whole" ? schemeByName(of) : sealedWithout(check, of);

describe.each(["whole", "without"] as const)("%s", (which) => {
  it.each(stories)("$check: $what", (story) => {
    const guest = sealedGuest(schemeOf(story, which), story.contended);
    story.before?.(guest);
    const others: unknown[] = [];
    guest.words.before(...(story.intrusions ?? []).map((intrusion) => () => void others.push(intrusion(guest))));
    const [answer, left, answersOfOthers = others] = story[which];
    expect([answerOf(() => story.act(guest)), facts(guest), others]).toEqual([answer, left, answersOfOthers]);
    expect(guest.words.left).toBe(0);
    expect(guest.host.underflows).toBe(0);
  });
});

describe("a scheme without a check", () => {
  it("is `sealed` unless asked otherwise, goes by the name of the whole scheme, and is strict where that is", () => {
    const unmarked = (scheme: Scheme): unknown[] => {
      const guest = sealedGuest(scheme);
      return [scheme.name, guest.mark(), guest.map(true), guest.unmark()];
    };
    expect(unmarked(sealedWithout("lead frame last"))).toEqual(["sealed", 0, 0, -EBUSY]);
    expect(unmarked(sealedWithout("lead frame last", "sealed"))).toEqual(["sealed", 0, 0, -EBUSY]);
    expect(unmarked(sealedWithout("lead frame last", "sealed-deferred"))).toEqual(["sealed-deferred", 0, 0, 0]);
  });

  it("lacks one check and no other: each has a bit of its own", () => {
    const bits = sealedChecks.map(checkBit);
    expect(bits).toEqual(sealedChecks.map((_, place) => 1 << place));
  });
});
