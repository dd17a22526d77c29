import fc from "fast-check";
import { expect, test } from "vitest";
import { drawFrames } from "../src/model/frame-picture.ts";
import { placeOf } from "../src/model/frame-place.ts";

const colours = [0x000000, 0x0a141e, 0xff8040];
const lines = 0x123456;

function dot(pixels: Uint8ClampedArray, dots: number, x: number, y: number): readonly number[] {
  return [...pixels.subarray((y * dots + x) * 4, (y * dots + x) * 4 + 4)];
}

test("a frame has the colour of its class, wherever it stands in the sight", () => {
  const classes = Uint8Array.from({ length: 256 }, (_, frame) => frame % 3);
  fc.assert(
    fc.property(fc.nat({ max: 255 }), fc.constantFrom(16, 32), (frame, dots) => {
      const pixels = drawFrames(classes, { x: 0, y: 0, side: 16, dots, colours, lines });
      const { x, y } = placeOf(frame);
      const colour = colours.at(frame % 3)!;
      expect(dot(pixels, dots, (x * dots) / 16, (y * dots) / 16)).toEqual([
        colour >>> 16,
        (colour >>> 8) & 0xff,
        colour & 0xff,
        255,
      ]);
    }),
  );
});

test("a dot for several frames has the mean of their colours", () => {
  const classes = new Uint8Array(64);
  classes[5] = 2;
  const pixels = drawFrames(classes, { x: 0, y: 0, side: 8, dots: 4, colours, lines });
  // Frames 4 to 7 stand right of frames 0 to 3; one of the four is 0xff8040.
  expect(dot(pixels, 4, 1, 0)).toEqual([64, 32, 16, 255]);
  expect(dot(pixels, 4, 0, 0)).toEqual([0, 0, 0, 255]);
});

test("lines stand around superpages where frames are large", () => {
  const classes = new Uint8Array(2048).fill(1);
  const pixels = drawFrames(classes, { x: 0, y: 0, side: 32, dots: 128, colours, lines });
  expect(dot(pixels, 128, 0, 5)).toEqual([0x12, 0x34, 0x56, 255]);
  expect(dot(pixels, 128, 5, 64)).toEqual([0x12, 0x34, 0x56, 255]);
  expect(dot(pixels, 128, 5, 5)).toEqual([0x0a, 0x14, 0x1e, 255]);
});

test("what is beyond the end of the host has the colour of the lines", () => {
  const pixels = drawFrames(new Uint8Array(128), { x: 0, y: 0, side: 16, dots: 16, colours, lines });
  expect(dot(pixels, 16, 0, 15)).toEqual([0x12, 0x34, 0x56, 255]);
});
