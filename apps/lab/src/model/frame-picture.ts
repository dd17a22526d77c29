import { frameAt } from "./frame-place.ts";

/** A part of the picture of a host. */
export interface PictureView {
  /** Column and row of its first frame; multiples of the frames a dot stands for. */
  readonly x: number;
  readonly y: number;
  /** Frames across and down: a power of two. */
  readonly side: number;
  /** Dots across and down: a power of two. */
  readonly dots: number;
  /** A colour for each class: 0xRRGGBB. */
  readonly colours: readonly number[];
  /** Colour of the lines between superpages, and of what is outside of the host. */
  readonly lines: number;
}

/** A superpage of 512 frames in Morton order. */
const SUPERPAGE_WIDTH = 32;
const SUPERPAGE_HEIGHT = 16;
/** Dots a frame at which lines are drawn. */
const LINES_FROM = 4;

/**
 * Draws a part of a host. Where a dot stands for several frames, they are k × k, which is one run of frames, and it gets
 * the mean of their colours: a few page tables in much memory show as a tint, and are not lost.
 *
 * @returns red, green, blue and opacity of each dot.
 *
 * Cost: one load for each frame in sight.
 */
export function drawFrames(classes: Uint8Array, view: PictureView): Uint8ClampedArray<ArrayBuffer> {
  const { side, dots } = view;
  const pixels = new Uint8ClampedArray(new ArrayBuffer(dots * dots * 4));
  if (side >= dots) drawSmall(pixels, classes, view);
  else drawLarge(pixels, classes, view);
  return pixels;
}

/** Several frames a dot. */
function drawSmall(pixels: Uint8ClampedArray, classes: Uint8Array, view: PictureView): void {
  const { x, y, side, dots, colours, lines } = view;
  const across = side / dots;
  const run = across * across;
  const reds = Uint8Array.from(colours, (colour) => colour >>> 16);
  const greens = Uint8Array.from(colours, (colour) => colour >>> 8);
  const blues = Uint8Array.from(colours);
  for (let row = 0; row < dots; row++) {
    for (let column = 0; column < dots; column++) {
      const first = frameAt(x + column * across, y + row * across);
      const at = (row * dots + column) * 4;
      if (first >= classes.length) {
        paint(pixels, at, lines);
        continue;
      }
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let frame = first; frame < first + run; frame++) {
        const each = classes[frame] as number;
        red += reds[each] as number;
        green += greens[each] as number;
        blue += blues[each] as number;
      }
      pixels[at] = red / run;
      pixels[at + 1] = green / run;
      pixels[at + 2] = blue / run;
      pixels[at + 3] = 255;
    }
  }
}

/** Several dots a frame, with lines around superpages. */
function drawLarge(pixels: Uint8ClampedArray, classes: Uint8Array, view: PictureView): void {
  const { x, y, side, dots, colours, lines } = view;
  const dotsEach = dots / side;
  const drawsLines = dotsEach >= LINES_FROM;
  for (let row = 0; row < dots; row++) {
    const down = y + Math.floor(row / dotsEach);
    const isRowLine = drawsLines && row % dotsEach === 0 && down % SUPERPAGE_HEIGHT === 0;
    for (let column = 0; column < dots; column++) {
      const across = x + Math.floor(column / dotsEach);
      const isLine = isRowLine || (drawsLines && column % dotsEach === 0 && across % SUPERPAGE_WIDTH === 0);
      const frame = frameAt(across, down);
      const colour = isLine || frame >= classes.length ? lines : (colours[classes[frame] as number] as number);
      paint(pixels, (row * dots + column) * 4, colour);
    }
  }
}

function paint(pixels: Uint8ClampedArray, at: number, colour: number): void {
  pixels[at] = colour >>> 16;
  pixels[at + 1] = (colour >>> 8) & 0xff;
  pixels[at + 2] = colour & 0xff;
  pixels[at + 3] = 255;
}
