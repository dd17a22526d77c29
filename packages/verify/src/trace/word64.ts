/** A 64-bit machine word as two signed 32-bit halves, the way the hypervisor's interface takes them. */
export interface Word64 {
  readonly lo: number;
  readonly hi: number;
}

/** The word 0. */
export const ZERO: Word64 = { lo: 0, hi: 0 };

/** Makes a word of a number from 0 to 2^53 − 1. */
export function word64(value: number): Word64 {
  return { lo: value | 0, hi: Math.floor(value / 2 ** 32) | 0 };
}

/**
 * Reads a hexadecimal word such as `"0x1ffe0"`.
 *
 * @returns `undefined` when the text is no hexadecimal number of at most 64 bits.
 */
export function parseWord64(text: string): Word64 | undefined {
  if (!/^0x[0-9a-f]{1,16}$/i.test(text)) return undefined;
  const low = Math.max(2, text.length - 8);
  return { lo: parseInt(text.slice(low), 16) | 0, hi: low > 2 ? parseInt(text.slice(2, low), 16) | 0 : 0 };
}

/** Writes a word as the traces do: `"0x1ffe0"`. */
export function formatWord64({ lo, hi }: Word64): string {
  if (hi === 0) return `0x${(lo >>> 0).toString(16)}`;
  return `0x${(hi >>> 0).toString(16)}${(lo >>> 0).toString(16).padStart(8, "0")}`;
}

/** Adds modulo 2^64. */
export function addWord64(a: Word64, b: Word64): Word64 {
  const low = (a.lo >>> 0) + (b.lo >>> 0);
  return { lo: low | 0, hi: (a.hi + b.hi + (low >= 2 ** 32 ? 1 : 0)) | 0 };
}

/** The address of a frame: the number shifted left by 12, modulo 2^64. */
export function frameAddress(frame: Word64): Word64 {
  return { lo: frame.lo << 12, hi: (frame.hi << 12) | (frame.lo >>> 20) };
}

/** A page-table entry as the traces compose it: `((frame << 12) & 0x000ffffffffff000) | flags`. */
export function composeEntry(frame: Word64, flags: Word64): Word64 {
  const address = frameAddress(frame);
  return { lo: address.lo | flags.lo, hi: (address.hi & 0x000fffff) | flags.hi };
}

/** The one bit `1 << bit`, for bits 0 to 63. */
export function bitWord64(bit: number): Word64 {
  return bit < 32 ? { lo: 1 << bit, hi: 0 } : { lo: 0, hi: 1 << (bit - 32) };
}

/** The word as a number when it is below 2^53, otherwise `undefined`. */
export function numberOfWord64({ lo, hi }: Word64): number | undefined {
  if (hi < 0 || hi >= 2 ** 21) return undefined;
  return hi * 2 ** 32 + (lo >>> 0);
}
