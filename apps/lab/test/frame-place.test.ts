import fc from "fast-check";
import { expect, test } from "vitest";
import { frameAt, placeOf, sideOf } from "../src/model/frame-place.ts";

const anyFrame = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test("each frame has one place, and each place one frame", () => {
  fc.assert(
    fc.property(anyFrame, (frame) => {
      const { x, y } = placeOf(frame);
      expect(frameAt(x, y)).toBe(frame);
    }),
  );
});

test.each([
  ["a superpage", 9, 32, 16],
  ["1 GiB", 18, 512, 512],
  ["64 GiB", 24, 4096, 4096],
])("%s is a rectangle wherever it begins", (_, order, width, height) => {
  const start = fc.integer({ min: 0, max: 2 ** (32 - order) - 1 });
  fc.assert(
    fc.property(start, fc.nat({ max: 2 ** order - 1 }), (run, offset) => {
      const first = placeOf(run * 2 ** order);
      const { x, y } = placeOf(run * 2 ** order + offset);
      expect(x - first.x).toBeGreaterThanOrEqual(0);
      expect(y - first.y).toBeGreaterThanOrEqual(0);
      expect(x - first.x).toBeLessThan(width);
      expect(y - first.y).toBeLessThan(height);
    }),
  );
});

test.each([
  [1, 512],
  [4, 1024],
  [16, 2048],
  [64, 4096],
])("a host of %i GiB is a square of %i frames", (gib, side) => {
  expect(sideOf((gib * 2 ** 30) / 4096)).toBe(side);
});
