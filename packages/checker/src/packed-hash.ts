/** States in one slab, as a shift: large enough that slabs are few, small enough that a small model stays small. */
export const SLAB_SHIFT = 14;
/** States in one slab. */
export const SLAB_STATES: number = 1 << SLAB_SHIFT;
/** Index of a state in its slab. */
export const SLAB_MASK: number = SLAB_STATES - 1;

/**
 * Hash of packed words. Low bits choose the place in the table and high bits tag the entry, so both must depend on every
 * word: multiply and fold after each, and once more at the end.
 */
export function hashPacked(packed: Int32Array, base: number, slots: number): number {
  let hash = 0x2545_f491;
  for (let k = 0; k < slots; k++) {
    hash = Math.imul(hash ^ (packed[base + k] as number), 0x9e37_79b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0x85eb_ca6b);
  return hash ^ (hash >>> 13);
}
