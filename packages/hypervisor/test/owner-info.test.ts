import { PlainWords } from "@xsp/words";
import fc from "fast-check";
import { expect, it } from "vitest";
import { OWNER_SLOTS, TLB_CLOCK_MAX, loadOwner, loadStamp, storeOwner, storeStamp } from "../src/owner-info.ts";

const FRAMES = 6;

it("keeps an owner and a stamp for each frame, and a store touches neither the other one nor a neighbour", () => {
  const store = fc.record({
    what: fc.constantFrom("owner" as const, "stamp" as const),
    frame: fc.nat(FRAMES - 1),
    value: fc.nat(255),
  });
  fc.assert(
    fc.property(fc.array(store, { maxLength: 40 }), (stores) => {
      const words = new PlainWords(FRAMES / 2);
      const owner = Array.from({ length: FRAMES }, () => 0);
      const stamp = Array.from({ length: FRAMES }, () => 0);
      for (const { what, frame, value } of stores) {
        if (what === "owner") storeOwner(words, frame, (owner[frame] = value));
        else storeStamp(words, frame, (stamp[frame] = value));
        expect(owner.map((_, i) => loadOwner(words, i))).toEqual(owner);
        expect(stamp.map((_, i) => loadStamp(words, i))).toEqual(stamp);
      }
    }),
  );
});

it("has room for every owner slot and every value of the clock", () => {
  const words = new PlainWords(1);
  storeOwner(words, 1, OWNER_SLOTS - 1);
  storeStamp(words, 1, TLB_CLOCK_MAX);
  expect([loadOwner(words, 1), loadStamp(words, 1)]).toEqual([OWNER_SLOTS - 1, TLB_CLOCK_MAX]);
  expect([loadOwner(words, 0), loadStamp(words, 0)]).toEqual([0, 0]);
});
