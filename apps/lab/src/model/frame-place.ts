/*
 * Where a frame stands in the picture of a host. The order is Morton's: even bits of the frame number go across, odd
 * bits down. Then every aligned run of frames is a rectangle, and what belongs together stays together:
 *
 *   a superpage, 2⁹ frames      32 × 16        1 GiB, 2¹⁸ frames      512 × 512
 *   2 superpages                32 × 32        64 GiB, 2²⁴ frames   4,096 × 4,096
 */

/** Frames across, and down, the picture of a host of so many frames. A square when the number is a power of four. */
export function sideOf(frames: number): number {
  return 2 ** Math.ceil(Math.log2(frames) / 2);
}

/** The even bits of a number, side by side: bit 2i becomes bit i. */
function evenBits(value: number): number {
  let x = value & 0x5555_5555;
  x = (x | (x >>> 1)) & 0x3333_3333;
  x = (x | (x >>> 2)) & 0x0f0f_0f0f;
  x = (x | (x >>> 4)) & 0x00ff_00ff;
  return (x | (x >>> 8)) & 0xffff;
}

/** The bits of a 16-bit number, spread: bit i becomes bit 2i. */
function spreadBits(value: number): number {
  let x = value & 0xffff;
  x = (x | (x << 8)) & 0x00ff_00ff;
  x = (x | (x << 4)) & 0x0f0f_0f0f;
  x = (x | (x << 2)) & 0x3333_3333;
  return (x | (x << 1)) & 0x5555_5555;
}

/** Column and row of a frame. */
export function placeOf(frame: number): { readonly x: number; readonly y: number } {
  return { x: evenBits(frame), y: evenBits(frame >>> 1) };
}

/** The frame at a column and a row, both below 2¹⁶. */
export function frameAt(x: number, y: number): number {
  return (spreadBits(x) | (spreadBits(y) << 1)) >>> 0;
}
