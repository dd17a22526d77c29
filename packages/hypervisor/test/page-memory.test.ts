import { allocatePlainWords } from "@xsp/words";
import fc from "fast-check";
import { expect, it } from "vitest";
import { PageMemory } from "../src/page-memory.ts";

const FRAMES = 600;
const frame = fc.constantFrom(0, 1, 63, 64, 511, 512, 599);
const step = fc.record({
  what: fc.constantFrom("store" as const, "clear" as const, "release" as const, "copy" as const, "note" as const),
  frame,
  other: frame,
  entry: fc.nat(3),
  lo: fc.integer(),
  hi: fc.integer(),
});

it("reads as what was last written, frame by frame, and as zero where nothing was", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const memory = new PageMemory(FRAMES, 2, allocatePlainWords, false);
      const expected = new Map<number, { entries: number[]; note: number }>();
      const of = (mfn: number): { entries: number[]; note: number } => {
        const known = expected.get(mfn) ?? { entries: Array.from({ length: 8 }, () => 0), note: 0 };
        expected.set(mfn, known);
        return known;
      };
      for (const { what, frame: mfn, other, entry, lo, hi } of steps) {
        if (what === "store") {
          memory.store(mfn, entry, lo, hi);
          of(mfn).entries.splice(2 * entry, 2, lo, hi);
        } else if (what === "clear") {
          memory.clear(mfn);
          of(mfn).entries.fill(0);
        } else if (what === "copy") {
          memory.copy(mfn, other);
          of(mfn).entries.splice(0, 8, ...of(other).entries);
        } else if (what === "note") {
          expect(memory.swapNote(mfn, of(mfn).note, lo)).toBe(of(mfn).note);
          of(mfn).note = lo;
        } else {
          memory.release(mfn);
          expected.delete(mfn);
          expect(memory.find(mfn)).toBe(-1);
        }
        for (const at of [0, 1, 63, 64, 511, 512, 599]) {
          const words = [0, 1, 2, 3].flatMap((slot) => [memory.loadLo(at, slot), memory.loadHi(at, slot)]);
          expect([at, words, memory.loadNote(at)]).toEqual([at, of(at).entries, of(at).note]);
        }
      }
    }),
    { numRuns: 60, seed: 2010 },
  );
});

it("costs nothing for frames that were never written, or only zeroed", () => {
  let words = 0;
  const count = (length: number): ReturnType<typeof allocatePlainWords> => {
    words += length;
    return allocatePlainWords(length);
  };
  const memory = new PageMemory(2 ** 24, 9, count, false);
  memory.store(5, 7, 0, 0);
  memory.storeNote(5, 0);
  memory.clear(6);
  memory.copy(8, 9);
  expect([memory.loadLo(2 ** 24 - 1, 511), words]).toEqual([0, 0]);
});

it("resident memory has every frame's place at once and for ever", () => {
  const memory = new PageMemory(8, 2, allocatePlainWords, true);
  const places = [...Array(8).keys()].map((at) => memory.find(at));
  memory.store(3, 1, 5, 6);
  memory.release(3);
  expect([...Array(8).keys()].map((at) => memory.find(at))).toEqual(places);
  expect(places).toEqual([...new Set(places)]);
});
