import fc from "fast-check";
import { expect, it } from "vitest";
import { noteEntries, noteLinear, notePartial, withLinear, withProgress } from "../src/page-table-note.ts";

it("keeps progress and linear references apart, with up to 512 entries and 15 bits of either sign", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.nat(512),
      fc.boolean(),
      fc.integer({ min: -0x8000, max: 0x7fff }),
      (before, entries, partial, linear) => {
        const progressed = withProgress(before, entries, partial);
        expect([noteEntries(progressed), notePartial(progressed)]).toEqual([entries, partial]);
        expect(noteLinear(progressed)).toBe(noteLinear(before));
        const linked = withLinear(progressed, linear);
        expect(noteLinear(linked)).toBe(linear);
        expect([noteEntries(linked), notePartial(linked)]).toEqual([entries, partial]);
      },
    ),
  );
});
