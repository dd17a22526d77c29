import type { Words } from "@xsp/words";

/**
 * Who owns a frame and when its type was last dropped: two frames share a word.
 *
 * ```text
 *  31           24 23           16 15            8 7             0
 * +---------------+---------------+---------------+---------------+
 * | stamp         | owner         | stamp         | owner         |
 * +---------------+---------------+---------------+---------------+
 *       frame 2n + 1                     frame 2n
 *   owner  domain slot: 0 nobody, 1 Xen, 2 I/O, from 3 on guests
 *   stamp  TLB clock at the frame's last drop to type count 0, or when it was freed
 * ```
 *
 * Simplified: Xen keeps the owner and a 32-bit timestamp in fields of their own. Sixteen bits a frame keep all
 * accounting state of this model at 10 bytes a frame; a short clock only means that it wraps more often, and every
 * wrap flushes all CPUs (debug builds of Xen use a short clock for the same reason: to see it wrap).
 */
export const OWNER_NONE = 0;
export const OWNER_XEN = 1;
export const OWNER_IO = 2;
/** First slot of a guest. */
export const OWNER_FIRST_DOMAIN = 3;
/** Slots, guests and the special ones together. */
export const OWNER_SLOTS = 256;
/** Largest value of the TLB clock. */
export const TLB_CLOCK_MAX = 255;

/** Owner slot of a frame. */
export function loadOwner(words: Words, frame: number): number {
  return (words.load(frame >> 1) >> ((frame & 1) << 4)) & 0xff;
}

/** TLB-clock stamp of a frame. */
export function loadStamp(words: Words, frame: number): number {
  return (words.load(frame >> 1) >> (((frame & 1) << 4) + 8)) & 0xff;
}

/**
 * Sets a frame's owner and keeps its stamp. A swap, because the neighbour in the same word is somebody else's.
 */
export function storeOwner(words: Words, frame: number, slot: number): void {
  const index = frame >> 1;
  const shift = (frame & 1) << 4;
  let x = words.load(index);
  for (;;) {
    const seen = words.compareAndSwap(index, x, (x & ~(0xff << shift)) | (slot << shift));
    if (seen === x) return;
    x = seen;
  }
}

/** Sets a frame's stamp and keeps its owner. */
export function storeStamp(words: Words, frame: number, stamp: number): void {
  const index = frame >> 1;
  const shift = ((frame & 1) << 4) + 8;
  let x = words.load(index);
  for (;;) {
    const desired = (x & ~(0xff << shift)) | (stamp << shift);
    if (desired === x) return;
    const seen = words.compareAndSwap(index, x, desired);
    if (seen === x) return;
    x = seen;
  }
}
