import { type Colouring, colourings } from "../model/frame-classes.ts";
import { sideOf } from "../model/frame-place.ts";
import { wholeNumber } from "../route.ts";
import { LEAST_SIDE, type Sight, nearestSight, wholeSight } from "./sight.ts";

/** How the frames of the machines are looked at: the same for both, so that they can be compared. */
export interface MapLook {
  readonly colouring: Colouring;
  readonly sight: Sight;
  /** The frame whose words are shown. */
  readonly frame: number;
}

/** The first frame above Xen's own superpage. */
const FIRST_FRAME = 512;

/** Reads the look out of the fields of a link; what makes no sense is as if it were not there. */
export function readLook(fields: Readonly<Record<string, string>>, frames: number): MapLook {
  return {
    colouring: colourings.find((name) => name === fields["colour"]) ?? "type count",
    sight: readSight(fields["sight"] ?? "", sideOf(frames)),
    frame: wholeNumber(fields["frame"], 0, frames - 1, FIRST_FRAME),
  };
}

/** `column.row.side`. */
function readSight(text: string, whole: number): Sight {
  const [, x, y, side] = (/^(\d{1,6})\.(\d{1,6})\.(\d{1,6})$/.exec(text) ?? []).map(Number);
  if (x === undefined || y === undefined || side === undefined) return wholeSight(whole);
  const isPower = side >= LEAST_SIDE && side <= whole && Math.log2(side) % 1 === 0;
  return isPower ? nearestSight(x, y, side, whole) : wholeSight(whole);
}

/** The look as fields of a link. */
export function lookFields({ colouring, sight, frame }: MapLook): Record<string, string> {
  return { colour: colouring, sight: `${sight.x}.${sight.y}.${sight.side}`, frame: String(frame) };
}

/** Those of the fields that a link needs: what is usual is left out. */
export function unusualLookFields(look: MapLook, frames: number): Record<string, string> {
  const usual = lookFields(readLook({}, frames));
  return Object.fromEntries(Object.entries(lookFields(look)).filter(([name, value]) => usual[name] !== value));
}
