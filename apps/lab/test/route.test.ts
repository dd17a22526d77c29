import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isBroken, misreadFields, readFragment, viewNames, wholeNumber, writeFragment } from "../src/route.ts";

test("a place that is written is read back as it was", () => {
  const field = fc.string({ minLength: 1 }).filter((name) => name !== "__proto__");
  const fields = fc.dictionary(field, fc.string({ unit: "grapheme" }));
  fc.assert(
    fc.property(fc.constantFrom(...viewNames), fields, (view, given) => {
      const read = readFragment(writeFragment(view, given));
      expect(read).toEqual({ view, fields: { ...given } });
    }),
  );
});

test("no address is the front page", () => {
  expect(readFragment("")).toEqual({ view: "home", fields: {} });
  expect(readFragment("#")).toEqual({ view: "home", fields: {} });
});

describe("a broken link says what is wrong", () => {
  test.each([
    ["of a later version", "#v2/step?token=xsp1.a", "version v2"],
    ["of something else", "#content", "not one that the lab has made"],
    ["to a view that there is not", "#v1/attic", "attic"],
    ["cut off", "#/step", "not one that the lab has made"],
  ])("%s", (_, fragment, words) => {
    const read = readFragment(fragment);
    expect(isBroken(read) ? read.problem : "").toContain(words);
  });
});

test("no fragment makes the reader throw", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => void readFragment(text)));
});

test.each([
  ["3", 3],
  ["0", 0],
  ["12", 7],
  ["-1", 7],
  ["1.5", 7],
  ["", 7],
  [undefined, 7],
])("the number %j in a link, from 0 to 10, is read as %i", (text, expected) => {
  expect(wholeNumber(text, 0, 10, 7)).toBe(expected);
});

describe("of a link is told what was not understood", () => {
  const understood = { schemes: "per-frame,sealed", gib: "4", do: undefined };
  test.each([
    ["nothing given", {}, []],
    ["all of it understood", { schemes: "per-frame,sealed", gib: "4" }, []],
    ["a list in another order", { schemes: "sealed,per-frame" }, []],
    ["an empty field", { do: "" }, []],
    ["another size", { gib: "3" }, ["gib=3"]],
    ["one member of a list", { schemes: "sealed,best" }, ["schemes=sealed,best"]],
    ["an action that there is not", { do: "dance" }, ["do=dance"]],
    ["a field that there is not", { mood: "blue", constructor: "x" }, ["mood=blue", "constructor=x"]],
  ] as const)("%s", (_, given, expected) => {
    expect(misreadFields(given as Record<string, string>, understood)).toEqual(expected);
  });
});
