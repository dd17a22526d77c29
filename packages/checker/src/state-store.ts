import type { AllocateInts } from "./edge-arena.ts";
import { hashPacked, SLAB_MASK, SLAB_SHIFT, SLAB_STATES } from "./packed-hash.ts";
import type { StateLayout } from "./state-layout.ts";

const SMALLEST_TABLE = 1 << 12;
/** Above this share of used places, linear probing gets slow. */
const FULLEST = 0.7;

/** Up to so many places, 64 MB, a table that is too full is made four times as large, later twice. */
const QUADRUPLES_BELOW = 1 << 24;

/** States entered into the table together; divides a slab. */
const FILL = 128;

/** Entering all states anew is most of what growing costs: quadrupling does it half as often, for some memory. */
function larger(places: number): number {
  return places < QUADRUPLES_BELOW ? 4 * places : 2 * places;
}

/**
 * All states found, in the order they were found, which is breadth first; and an open-addressing table to find them
 * again.
 *
 * ```text
 *   slab (16,384 states): | packed words … | parent | packed words … | parent | …
 *   table:                entry = tag | index + 1, 0 = empty; place = low bits of the hash, tag = the high bits
 * ```
 *
 * Exact: the tag only saves looks at states that differ anyway; every match is compared in full. Slabs never move. The
 * table doubles at 70 % and is filled anew from the slabs, so that at no time two tables exist.
 */
export class StateStore {
  readonly slabs: Int32Array[] = [];
  table: Int32Array;
  count = 0;
  layout: StateLayout;
  private readonly allocate: AllocateInts;
  /** Keeps the loads that only warm the cache from being optimised away. */
  warmed = 0;

  constructor(layout: StateLayout, allocate: AllocateInts) {
    this.layout = layout;
    this.allocate = allocate;
    this.table = allocate(SMALLEST_TABLE);
  }

  /** No more states than this fit without {@link reserve}. */
  get room(): number {
    return Math.min(this.slabs.length * SLAB_STATES, Math.floor(this.table.length * FULLEST));
  }

  get bytes(): number {
    return this.slabs.length * SLAB_STATES * (this.layout.slots + 1) * 4 + this.table.length * 4;
  }

  /** What {@link bytes} will be once `states` states are held. */
  bytesFor(states: number): number {
    const slabs = Math.max(this.slabs.length, Math.ceil(states / SLAB_STATES));
    let places = this.table.length;
    while (states > places * FULLEST) places = larger(places);
    return slabs * SLAB_STATES * (this.layout.slots + 1) * 4 + places * 4;
  }

  /** Makes room for `more` states. Fills the table anew when it must grow: linear in the states, each time. */
  reserve(more: number): void {
    const wanted = this.count + more;
    while (this.slabs.length * SLAB_STATES < wanted) {
      this.slabs.push(this.allocate(SLAB_STATES * (this.layout.slots + 1)));
    }
    let places = this.table.length;
    while (wanted > places * FULLEST) places = larger(places);
    if (places > 2 ** 30) throw new RangeError(`${wanted} states are more than a table can number`);
    if (places !== this.table.length) {
      this.table = this.allocate(0);
      this.table = this.allocate(places);
      this.fillTable();
    }
  }

  /** Forgets all states; those to come are packed by `layout`. */
  clear(layout: StateLayout): void {
    this.count = 0;
    this.layout = layout;
    this.slabs.length = 0;
    this.table.fill(0);
  }

  /** Adds a packed state unless it is known. There must be room. */
  insert(packed: Int32Array, base: number, parent: number): void {
    const { slots } = this.layout;
    const { table } = this;
    const indexMask = table.length - 1;
    const hash = hashPacked(packed, base, slots);
    let place = hash & indexMask;
    for (let entry = table[place] as number; entry !== 0; entry = table[place] as number) {
      if (((entry ^ hash) & ~indexMask) === 0 && this.equals((entry & indexMask) - 1, packed, base)) return;
      place = (place + 1) & indexMask;
    }
    const slab = this.slabs[this.count >>> SLAB_SHIFT] as Int32Array;
    const at = (this.count & SLAB_MASK) * (slots + 1);
    for (let k = 0; k < slots; k++) slab[at + k] = packed[base + k] as number;
    slab[at + slots] = parent;
    this.count++;
    table[place] = this.count | (hash & ~indexMask);
  }

  /** Unpacks a state into one number a field. */
  read(state: number, fields: Int32Array): void {
    this.layout.unpack(this.slabOf(state), (state & SLAB_MASK) * (this.layout.slots + 1), fields);
  }

  /** The state from which a state was found first; -1 for the initial one. */
  parent(state: number): number {
    const { slots } = this.layout;
    return this.slabOf(state)[(state & SLAB_MASK) * (slots + 1) + slots] as number;
  }

  /** Packs all states anew. Linear in the states. */
  repack(layout: StateLayout): void {
    const before = this.layout;
    this.slabs.forEach((old, number) => {
      const states = Math.min(SLAB_STATES, this.count - number * SLAB_STATES);
      const slab = this.allocate(SLAB_STATES * (layout.slots + 1));
      for (let each = 0; each < states; each++) {
        before.translate(old, each * (before.slots + 1), layout, slab, each * (layout.slots + 1));
        slab[each * (layout.slots + 1) + layout.slots] = old[each * (before.slots + 1) + before.slots] as number;
      }
      this.slabs[number] = slab;
    });
    this.layout = layout;
    this.table.fill(0);
    this.fillTable();
  }

  /** Enters all states into an empty table. They are known to differ. */
  fillTable(): void {
    const { table, count, slabs } = this;
    const { slots } = this.layout;
    const indexMask = table.length - 1;
    const hashes = new Int32Array(FILL);
    let warmed = 0;
    for (let from = 0; from < count; from += FILL) {
      const states = Math.min(FILL, count - from);
      const slab = slabs[from >>> SLAB_SHIFT] as Int32Array;
      for (let each = 0; each < states; each++) {
        hashes[each] = hashPacked(slab, ((from + each) & SLAB_MASK) * (slots + 1), slots);
      }
      // As for pending successors: load all places first, with nothing in between, so that their cache misses overlap.
      for (let each = 0; each < states; each++) warmed ^= table[(hashes[each] as number) & indexMask] as number;
      for (let each = 0; each < states; each++) {
        const hash = hashes[each] as number;
        let place = hash & indexMask;
        while (table[place] !== 0) place = (place + 1) & indexMask;
        table[place] = (from + each + 1) | (hash & ~indexMask);
      }
    }
    this.warmed = warmed;
  }

  private equals(state: number, packed: Int32Array, base: number): boolean {
    const { slots } = this.layout;
    const slab = this.slabOf(state);
    const at = (state & SLAB_MASK) * (slots + 1);
    for (let k = 0; k < slots; k++) if (slab[at + k] !== packed[base + k]) return false;
    return true;
  }

  private slabOf(state: number): Int32Array {
    return this.slabs[state >>> SLAB_SHIFT] as Int32Array;
  }
}
