import { expect, test } from "vitest";
import { explainToken } from "@xsp/verify";
import { readGallery } from "../gallery-plugin.ts";
import { gallery } from "./gallery.ts";

test("each scheme and property of the findings stands in the gallery once", () => {
  const names = gallery.map(({ scheme, property }) => `${scheme} ${property}`);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(expect.arrayContaining(["rfc S1", "xen-4.1 S1", "rfc-busy-over-1 S6"]));
});

test.each(gallery)("the token of $scheme $property replays, and breaks what it is listed for", (entry) => {
  const { scheme, model, violated } = explainToken(entry.token);
  expect({ scheme, model }).toEqual({ scheme: entry.scheme, model: entry.model });
  expect(violated.map(({ property }) => property)).toContain(entry.property);
});

test("findings without a counterexample are refused", () => {
  expect(() => readGallery("# Findings\n")).toThrow("no counterexample");
});
