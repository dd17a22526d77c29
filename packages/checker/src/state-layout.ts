import type { AllocateInts } from "./edge-arena.ts";

/**
 * Where each field of a state lies in its packed words: the number of each memory word's value, then the node of each
 * vCPU.
 *
 * ```text
 *            31                    12 11       5 4   2 1 0
 *   slot 0  | node of vCPU 0         | word 7   | w 3 | w 0 |     fields never straddle two slots;
 *   slot 1  | node of vCPU 1         | node of vCPU 2       |     a word that never changed has no bits at all
 * ```
 *
 * The packing is exact: a field has at least the bits for all numbers known so far. When a number outgrows its field,
 * a new layout is made and all states are packed anew, which happens some dozens of times in a long run.
 */
export class StateLayout {
  /** Packed words of a state. */
  readonly slots: number;
  readonly slot: Int32Array;
  readonly shift: Int32Array;
  readonly mask: Int32Array;
  /** The fields that have any bits. */
  private readonly wide: Int32Array;

  /** @param placement - slot, shift and mask of each field, as {@link placeFields} makes them. */
  constructor({ slots, slot, shift, mask }: FieldPlacement) {
    this.slots = slots;
    this.slot = slot;
    this.shift = shift;
    this.mask = mask;
    this.wide = Int32Array.from(mask.keys()).filter((field) => (mask[field] as number) > 0);
  }

  fits(field: number, number: number): boolean {
    return number <= (this.mask[field] as number);
  }

  /** Unpacks the state at `base` of `packed` into one number a field. */
  unpack(packed: Int32Array, base: number, fields: Int32Array): void {
    const { slot, shift, mask } = this;
    fields.fill(0);
    for (const field of this.wide) {
      const word = packed[base + (slot[field] as number)] as number;
      fields[field] = (word >>> (shift[field] as number)) & (mask[field] as number);
    }
  }

  /** Packs one number a field to `base` of `packed`. */
  pack(fields: Int32Array, packed: Int32Array, base: number): void {
    const { slot, shift, slots } = this;
    packed.fill(0, base, base + slots);
    for (const field of this.wide) {
      const at = base + (slot[field] as number);
      packed[at] = (packed[at] as number) | ((fields[field] as number) << (shift[field] as number));
    }
  }

  /** Sets, at `base` of `out`, the bits in which the given fields lie. */
  setBits(fields: Iterable<number>, out: Int32Array, base: number): void {
    for (const field of fields) {
      const at = base + (this.slot[field] as number);
      out[at] = (out[at] as number) | ((this.mask[field] as number) << (this.shift[field] as number));
    }
  }

  /**
   * Packs the state at `base` of `packed`, which is packed by this layout, by another to `toBase` of `out`.
   *
   * The other layout must have bits for every field that has any here, which later layouts of an exploration do.
   */
  translate(packed: Int32Array, base: number, to: StateLayout, out: Int32Array, toBase: number): void {
    const { slot, shift, mask, wide } = this;
    out.fill(0, toBase, toBase + to.slots);
    for (let index = 0; index < wide.length; index++) {
      const field = wide[index] as number;
      const number = ((packed[base + (slot[field] as number)] as number) >>> (shift[field] as number)) & mask[field]!;
      const at = toBase + (to.slot[field] as number);
      out[at] = (out[at] as number) | (number << (to.shift[field] as number));
    }
  }
}

/** Where each field lies. */
export type FieldPlacement = Pick<StateLayout, "slots" | "slot" | "shift" | "mask">;

/**
 * Places fields into as few slots as first-fit finds, widest first.
 *
 * @param highest - for each field, the highest number it must hold.
 */
export function placeFields(highest: readonly number[], allocate: AllocateInts): FieldPlacement {
  const widths = highest.map((number) => 32 - Math.clz32(number));
  const { slotOf, free } = firstFitDecreasing(widths);
  const slots = Math.max(1, free.length);
  spendFreeBits(widths, slotOf, free);
  const [slot, shift, mask] = [allocate(highest.length), allocate(highest.length), allocate(highest.length)];
  const used = Array.from({ length: slots }, () => 0);
  widths.forEach((width, field) => {
    if (width === 0) return;
    const at = slotOf[field] as number;
    slot[field] = at;
    shift[field] = used[at] as number;
    mask[field] = 2 ** width - 1;
    used[at] = (used[at] as number) + width;
  });
  return { slots, slot, shift, mask };
}

function firstFitDecreasing(widths: readonly number[]): { slotOf: number[]; free: number[] } {
  const slotOf = widths.map(() => 0);
  const free: number[] = [];
  const order = widths.map((_, field) => field).filter((field) => (widths[field] as number) > 0);
  order.sort((a, b) => (widths[b] as number) - (widths[a] as number) || a - b);
  for (const field of order) {
    const width = widths[field] as number;
    let slot = free.findIndex((bits) => bits >= width);
    if (slot < 0) slot = free.push(32) - 1;
    free[slot] = (free[slot] as number) - width;
    slotOf[field] = slot;
  }
  return { slotOf, free };
}

// Bits left over in a slot go to its fields in turn, widest first: room to grow that costs nothing. A field stops at 31
// bits so that numbers stay positive.
function spendFreeBits(widths: number[], slotOf: readonly number[], free: number[]): void {
  free.forEach((bits, slot) => {
    const fields = widths.map((_, field) => field).filter((f) => slotOf[f] === slot && (widths[f] as number) > 0);
    fields.sort((a, b) => (widths[b] as number) - (widths[a] as number) || a - b);
    let left = bits;
    while (left > 0 && fields.some((field) => (widths[field] as number) < 31)) {
      for (const field of fields) {
        if (left === 0 || (widths[field] as number) >= 31) continue;
        widths[field] = (widths[field] as number) + 1;
        left--;
      }
    }
    free[slot] = left;
  });
}
