import { describe, expect, it, test } from "vitest";
import {
  type Scheme,
  SchemeProblem,
  addScheme,
  audit,
  createHost,
  getSuperpageFrames,
  knownSchemeNames,
  putSuperpageFrames,
  schemeByName,
  schemeHasMarks,
  schemeNames,
} from "../../src/index.ts";
import { BIG_RO, BIG_RW, expectClean, oneGuest, pin, update } from "../small-host.ts";

/*
 * A scheme of somebody else's: what is asked of it, how it becomes known, and that the audit holds it to what it says.
 */

/** Takes both references on each frame for each entry, read-only ones too, and counts entries in a word. */
function countingScheme(name: string): Scheme {
  return {
    name,
    marks: false,
    wordsPerSuperpage: 1,
    map(vcpu, domain, head) {
      const { host } = vcpu;
      const rc = getSuperpageFrames(vcpu, domain, head, head + (1 << host.superpageOrder), true);
      const at = head >> host.superpageOrder;
      if (rc === 0) host.superpage.store(at, host.superpage.load(at) + 1);
      return rc;
    },
    unmap(vcpu, head) {
      const { host } = vcpu;
      const at = head >> host.superpageOrder;
      putSuperpageFrames(vcpu, head, head + (1 << host.superpageOrder), true);
      host.superpage.store(at, host.superpage.load(at) - 1);
      return 0;
    },
    mark: () => -1,
    unmark: () => -1,
    relinquish: () => 0,
    trim: () => 0,
    leftOver: () => false,
    state: () => ({ type: "none", count: 0, marked: false, busy: false }),
    expected(host, head, users) {
      const { writers, readers } = users(head);
      const uses = writers + readers;
      return {
        words: [uses],
        references: [{ first: 0, end: 1 << host.superpageOrder, general: uses, writable: uses }],
      };
    },
  };
}

const HEAD = 8;
const TABLE = 24;

describe("a scheme that is no scheme is refused, with what is missing", () => {
  const good = countingScheme("good");
  const without = (part: keyof Scheme): object => ({ ...good, [part]: undefined });
  test.each<[string, unknown, RegExp]>([
    ["nothing", undefined, /a value of type undefined is given; expected an object/],
    ["null", null, /null is given/],
    ["a function", () => good, /a value of type function is given/],
    ["no name", without("name"), /name is missing; expected lower-case/],
    ["a name with a blank", { ...good, name: "my scheme" }, /name is "my scheme"; expected lower-case/],
    ["a path for a name", { ...good, name: "../up" }, /name is "..\/up"/],
    ["a name that is too long", { ...good, name: "x".repeat(41) }, /at most 40 characters/],
    ["a name like sealed's", { ...good, name: "sealed-mine" }, /does not begin with sealed/],
    ["no marks", without("marks"), /marks is missing; expected true or false/],
    [
      "half a word",
      { ...good, wordsPerSuperpage: 0.5 },
      /wordsPerSuperpage is 0.5; expected a whole number from 0 to 16/,
    ],
    ["slots, which no audit would see", { ...good, slots: 2 }, /slots is 2; expected no slots/],
    ["too many words", { ...good, wordsPerSuperpage: 17 }, /wordsPerSuperpage is 17/],
    [
      "no map",
      without("map"),
      /map is missing; expected the function map\(vcpu, domain, head, writable, preemptible\)/,
    ],
    ["no expected", without("expected"), /expected is missing; expected the function expected\(host, head, users\)/],
    ["a trim that is none", { ...good, trim: 0 }, /trim is 0; expected the function trim/],
    ["a wrong describeWord", { ...good, describeWord: "w" }, /describeWord is "w"/],
  ])("%s", (_, candidate, message) => {
    expect(() => addScheme(candidate)).toThrow(SchemeProblem);
    expect(() => addScheme(candidate)).toThrow(message);
    expect(knownSchemeNames()).not.toContain("good");
  });

  it("says so where a host is built with it, too", () => {
    const scheme = without("expected") as Scheme;
    expect(() => createHost({ frames: 64, scheme })).toThrow(/expected is missing/);
    for (const none of [undefined, null, 7]) {
      expect(() => createHost({ frames: 64, scheme: none as never })).toThrow(SchemeProblem);
    }
  });
});

it("is known by its name once it is added, once and for all", () => {
  const scheme = countingScheme("counting");
  expect(() => schemeByName("counting")).toThrow(/"counting" given, expected one of per-frame, /);
  expect(addScheme(scheme)).toBe(scheme);
  expect(addScheme(scheme)).toBe(scheme);
  expect([schemeByName("counting"), schemeHasMarks("counting")]).toEqual([scheme, false]);
  expect(knownSchemeNames()).toEqual([...schemeNames, "counting"]);
  expect(() => addScheme(countingScheme("counting"))).toThrow(/name is "counting", and there is a scheme of that name/);
  expect(() => addScheme({ ...scheme, name: "rfc" })).toThrow(/there is a scheme of that name/);
});

it("is audited by what it expects of its words and frames", () => {
  const guest = oneGuest({ scheme: countingScheme("audited") });
  const { host, vcpu } = guest;
  expect(pin(vcpu, 2, TABLE)).toBe(0);
  expect([update(vcpu, TABLE, 0, HEAD, BIG_RW), update(vcpu, TABLE, 1, HEAD, BIG_RO)]).toEqual([0, 0]);
  expectClean(host);
  host.superpage.store(HEAD >> 2, 7);
  expect(audit(host)).toEqual([
    { mfn: HEAD, word: "superpage", expected: 2, found: 7, reason: "word 0 of the superpage" },
  ]);
  host.superpage.store(HEAD >> 2, 2);
  putSuperpageFrames(vcpu, HEAD + 1, HEAD + 2, true);
  expect(audit(host).map(({ mfn, word, expected, found }) => [mfn, word, expected, found])).toEqual([
    [HEAD + 1, "count", 3, 2],
    [HEAD + 1, "type", 2, 1],
  ]);
});

it("has no users beyond the end of memory", () => {
  const scheme = countingScheme("beyond");
  const seen: number[] = [];
  const curious: Scheme = {
    ...scheme,
    expected(host, head, users) {
      for (const other of [-4, host.frames, host.frames + 4096]) seen.push(users(other).writers + users(other).readers);
      return scheme.expected!(host, head, users);
    },
  };
  const { host } = oneGuest({ scheme: curious });
  expectClean(host);
  expect(new Set(seen)).toEqual(new Set([0]));
});
