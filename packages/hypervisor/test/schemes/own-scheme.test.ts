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
import { requireScheme } from "../../src/schemes/own-scheme.ts";
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
  const names = "lower-case letters and digits, parts joined by - or ., at most 40 characters, such as my-scheme";
  const giveName = "give it a name of this form: it stands in tokens and file names";
  const anObject = "an object with name, marks, wordsPerSuperpage and the functions of a scheme";
  const begin = "begin with the template: xsp new scheme";
  const sayWords = "say how many words it keeps for each superpage";
  const wordCount = "a whole number from 0 to 16";
  test.each<[string, unknown, string, string, string]>([
    ["nothing", undefined, "a value of type undefined is given", anObject, begin],
    ["null", null, "null is given", anObject, begin],
    ["a function", () => good, "a value of type function is given", anObject, begin],
    ["no name", without("name"), "name is missing", names, giveName],
    ["a name that is a list", { ...good, name: ["good"] }, "name is a value of type object", names, giveName],
    ["a name with a blank", { ...good, name: "my scheme" }, 'name is "my scheme"', names, giveName],
    ["a path for a name", { ...good, name: "../up" }, 'name is "../up"', names, giveName],
    ["a name too long", { ...good, name: "x".repeat(41) }, `name is "${"x".repeat(41)}"`, names, giveName],
    [
      "a name like sealed's",
      { ...good, name: "sealed-mine" },
      'name is "sealed-mine"',
      "a name that does not begin with sealed: the checker reads the words of such schemes as XSP's sealed writes them",
      "choose another name",
    ],
    [
      "no marks",
      without("marks"),
      "marks is missing",
      "true or false",
      "say whether guests can mark superpages under it",
    ],
    ["half a word", { ...good, wordsPerSuperpage: 0.5 }, "wordsPerSuperpage is 0.5", wordCount, sayWords],
    ["words in letters", { ...good, wordsPerSuperpage: "2" }, 'wordsPerSuperpage is "2"', wordCount, sayWords],
    ["too few words", { ...good, wordsPerSuperpage: -1 }, "wordsPerSuperpage is -1", wordCount, sayWords],
    ["too many words", { ...good, wordsPerSuperpage: 17 }, "wordsPerSuperpage is 17", wordCount, sayWords],
    [
      "slots, which no audit would see",
      { ...good, slots: 2 },
      "slots is 2",
      "no slots: the audit holds the words of host.superpage alone against what such a scheme expects",
      "leave slots out and keep all words in host.superpage: wordsPerSuperpage says how many",
    ],
    [
      "no map",
      without("map"),
      "map is missing",
      "the function map(vcpu, domain, head, writable, preemptible)",
      "add map to the scheme",
    ],
    [
      "no expected",
      without("expected"),
      "expected is missing",
      "the function expected(host, head, users)",
      "add expected to the scheme",
    ],
    [
      "a trim that is none",
      { ...good, trim: 0 },
      "trim is 0",
      "the function trim(vcpu, slot, head, preemptible)",
      "add trim to the scheme",
    ],
    [
      "a wrong describeWord",
      { ...good, describeWord: true },
      "describeWord is a value of type boolean",
      "the function describeWord(place, word), or nothing",
      "leave it out, and traces show plain numbers",
    ],
  ])("%s", (_, candidate, problem, expected, remedy) => {
    expect(() => addScheme(candidate)).toThrow(SchemeProblem);
    expect(() => addScheme(candidate)).toThrow(
      expect.objectContaining({
        name: "SchemeProblem",
        message: `scheme: ${problem}; expected ${expected}`,
        problem,
        expected,
        remedy,
      }),
    );
    expect(knownSchemeNames()).not.toContain("good");
  });

  test.each<[string, Partial<Scheme>]>([
    ["the longest name", { name: "x".repeat(40) }],
    ["a name of parts", { name: "a1.b-2" }],
    ["no words", { wordsPerSuperpage: 0 }],
    ["the most words", { wordsPerSuperpage: 16 }],
    ["words described", { describeWord: (place, word) => `${place}: ${word} uses` }],
  ])("but not %s", (_, part) => {
    const scheme = { ...good, ...part };
    expect(requireScheme(scheme)).toBe(scheme);
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
  expect(() => addScheme(countingScheme("counting"))).toThrow(
    expect.objectContaining({
      problem: 'name is "counting", and there is a scheme of that name',
      expected: "a name of its own",
      remedy: "choose another name",
    }),
  );
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
