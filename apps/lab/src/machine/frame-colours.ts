import type { Colouring } from "../model/frame-classes.ts";

/*
 * Colours of the classes of frames. Kinds have hues that are told apart with any colour vision (after Okabe and Ito);
 * counts go from pale to dark in one sequence (after cividis), so that more always looks like more.
 */

interface Palette {
  readonly kinds: readonly number[];
  readonly counts: readonly number[];
  readonly owners: readonly number[];
  readonly lines: number;
}

const light: Palette = {
  kinds: [0xefece5, 0xb9b5ab, 0x9cc3e6, 0xe69f00, 0xd55e00, 0xcc79a7, 0x4b0082, 0x009e73],
  counts: [0xefece5, 0xfbe68b, 0xe2cc5c, 0xc4b56c, 0xa69d75, 0x8a8779, 0x707173, 0x575c6d, 0x39486b, 0x00204d],
  owners: [0xefece5, 0xd55e00, 0x9cc3e6],
  lines: 0xffffff,
};

const dark: Palette = {
  kinds: [0x24272d, 0x565b66, 0x2b5f94, 0xe69f00, 0xff7a33, 0xe39bc4, 0xf0e442, 0x1fc79a],
  counts: [0x24272d, 0x0a2f63, 0x39486b, 0x575c6d, 0x707173, 0x8a8779, 0xa69d75, 0xc4b56c, 0xe4cf5b, 0xffea46],
  owners: [0x24272d, 0xff7a33, 0x2b5f94],
  lines: 0x15171b,
};

/** Colours for a colouring, 0xRRGGBB, in the order of its classes. */
export function coloursOf(colouring: Colouring, isDark: boolean): readonly number[] {
  const palette = isDark ? dark : light;
  if (colouring === "type") return palette.kinds;
  return colouring === "owner" ? palette.owners : palette.counts;
}

/** Colour of the lines between superpages. */
export function lineColour(isDark: boolean): number {
  return (isDark ? dark : light).lines;
}

/** A colour for CSS. */
export function cssColour(colour: number): string {
  return `#${colour.toString(16).padStart(6, "0")}`;
}
