import { expect, it } from "vitest";
import { isShippedScheme, knownSchemeNames, schemeByName, schemeHasMarks, schemeNames } from "../../src/index.ts";

/*
 * The list of schemes is asked within tests only: nearly every other file asks it while it is loaded, and a file that
 * fails then has no test that could fail.
 */

it.each([
  ["per-frame", false],
  ["rfc", true],
  ["rfc-busy-over-1", true],
  ["rfc-busy-over-2", true],
  ["xen-4.1", true],
  ["sealed", true],
  ["sealed-deferred", true],
  ["sealed-percpu", true],
])("finds XSP's own scheme %s by its name, and whether it has marks: %s", (name, marks) => {
  const scheme = schemeByName(name);
  expect([scheme.name, scheme.marks]).toEqual([name, marks]);
  expect([isShippedScheme(name), schemeHasMarks(name)]).toEqual([true, marks]);
});

it("names XSP's own in the order in which they were thought of, which is all there are at first", () => {
  const names = "per-frame rfc rfc-busy-over-1 rfc-busy-over-2 xen-4.1 sealed sealed-deferred sealed-percpu";
  expect(schemeNames.join(" ")).toBe(names);
  expect(knownSchemeNames().slice(0, schemeNames.length)).toEqual(schemeNames);
});

it.each(["", "Sealed", "xen-4.2", "toString", "__proto__"])(
  "has no scheme of the name %j, and tells which it has",
  (name) => {
    expect(isShippedScheme(name)).toBe(false);
    expect(() => schemeByName(name)).toThrow(RangeError);
    expect(() => schemeByName(name)).toThrow(
      `scheme: "${name}" given, expected one of per-frame, rfc, rfc-busy-over-1, rfc-busy-over-2, xen-4.1, `,
    );
  },
);
