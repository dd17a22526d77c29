import fc from "fast-check";
import { expect, test } from "vitest";
import { lookFields, readLook, unusualLookFields } from "../src/machine/map-look.ts";
import { framesOf, sizes } from "../src/machine/bench-settings.ts";
import {
  DOTS,
  LEAST_SIDE,
  NOT_DRAGGED,
  type Sight,
  draggedBy,
  frameUnder,
  isInSight,
  sightAround,
  wholeSight,
  zoomedAt,
} from "../src/machine/sight.ts";
import { colourings } from "../src/model/frame-classes.ts";
import { placeOf, sideOf } from "../src/model/frame-place.ts";
import { isBroken, readFragment, writeFragment } from "../src/route.ts";

const share = fc.double({ min: 0, max: 1, noNaN: true });
const host = fc.constantFrom(...sizes).map((gib) => ({ frames: framesOf({ gib }), whole: sideOf(framesOf({ gib })) }));

/** A host, and a part of it that one can come to see. */
const seen = host.chain(({ frames, whole }) => {
  const halvings = Math.log2(whole / LEAST_SIDE);
  return fc.record({
    frames: fc.constant(frames),
    whole: fc.constant(whole),
    sight: fc
      .tuple(fc.nat({ max: frames - 1 }), fc.nat({ max: halvings }))
      .map(([frame, halving]) => sightAround(frame, whole / 2 ** halving, whole)),
  });
});

/** What the picture needs: it lies within the host, and a dot begins where an aligned run of frames does. */
function expectDrawable({ x, y, side }: Sight, whole: number): void {
  const run = Math.max(1, side / DOTS);
  expect(Math.log2(side) % 1).toBe(0);
  expect(side).toBeGreaterThanOrEqual(LEAST_SIDE);
  for (const at of [x, y]) {
    expect(at % run).toBe(0);
    expect(at).toBeGreaterThanOrEqual(0);
    expect(at + side).toBeLessThanOrEqual(whole);
  }
}

test("whatever one does to it, a part of a host can be drawn", () => {
  const far = fc.double({ min: -10, max: 10, noNaN: true });
  fc.assert(
    fc.property(seen, share, share, far, far, fc.integer({ min: -12, max: 12 }), (at, across, down, dx, dy, by) => {
      const { sight, whole } = at;
      expectDrawable(sight, whole);
      expectDrawable(zoomedAt(sight, sight.side * 2 ** by, across, down, whole), whole);
      expectDrawable(draggedBy(sight, NOT_DRAGGED, dx, dy, whole).sight, whole);
    }),
  );
});

test("a slow hand drags as far as a quick one", () => {
  const whole = 4096;
  const start = sightAround(8_000_000, 64, whole);
  let slow = { sight: start, rest: NOT_DRAGGED };
  for (let move = 0; move < 256; move++) slow = draggedBy(slow.sight, slow.rest, 1 / 512, -1 / 512, whole);
  expect(slow.sight).toEqual(draggedBy(start, NOT_DRAGGED, 0.5, -0.5, whole).sight);
});

test("what was dragged beyond the edge of the host is forgotten, so that the next drag does not jump", () => {
  fc.assert(
    fc.property(seen, fc.double({ min: 1, max: 10, noNaN: true }), ({ sight, whole }, far) => {
      const { rest } = draggedBy(wholeSight(whole), NOT_DRAGGED, far, -far, whole);
      expect(draggedBy(sight, rest, 0, 0, whole).sight).toEqual(sight);
    }),
  );
});

test("going nearer keeps what is under the pointer there, to within one dot", () => {
  fc.assert(
    fc.property(seen, share, share, ({ sight, whole }, across, down) => {
      fc.pre(sight.side > LEAST_SIDE);
      const before = placeOf(frameUnder(sight, across, down));
      const near = zoomedAt(sight, sight.side / 2, across, down, whole);
      const after = placeOf(frameUnder(near, across, down));
      const slack = Math.max(1, near.side / DOTS);
      expect(Math.abs(after.x - before.x)).toBeLessThanOrEqual(slack);
      expect(Math.abs(after.y - before.y)).toBeLessThanOrEqual(slack);
    }),
  );
});

test("the frame under a point is in sight, and a frame that one looks around is", () => {
  fc.assert(
    fc.property(seen, share, share, ({ sight, whole }, across, down) => {
      const under = frameUnder(sight, across, down);
      expect(isInSight(under, sight)).toBe(true);
      expect(isInSight(under, sightAround(under, LEAST_SIDE, whole))).toBe(true);
    }),
  );
});

test("how the frames are looked at is read back out of a link", () => {
  fc.assert(
    fc.property(seen, fc.constantFrom(...colourings), share, ({ frames, sight }, colouring, at) => {
      const look = { colouring, sight, frame: Math.floor(at * (frames - 1)) };
      for (const fields of [lookFields(look), unusualLookFields(look, frames)]) {
        const place = readFragment(writeFragment("machine", fields));
        expect(isBroken(place) ? place : readLook(place.fields, frames)).toEqual(look);
      }
    }),
  );
});

test.each([
  ["a sight outside of the host", { sight: "0.0.8192" }],
  ["a side that is no power of two", { sight: "0.0.100" }],
  ["too small a side", { sight: "0.0.2" }],
  ["a sight that is no sight", { sight: "here" }],
  ["a frame outside of the host", { frame: "16777216" }],
  ["a colouring that there is not", { colour: "mood" }],
])("%s in a link is as if it were not there", (_, fields) => {
  const frames = framesOf({ gib: 64 });
  expect(readLook(fields, frames)).toEqual({
    colouring: "type count",
    sight: wholeSight(sideOf(frames)),
    frame: 512,
  });
});
