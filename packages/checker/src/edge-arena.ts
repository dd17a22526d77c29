/** Makes zeroed typed arrays; a pool of workers wants them in shared memory. */
export type AllocateInts = (length: number) => Int32Array;

/** Allocates in ordinary memory. */
export const allocateInts: AllocateInts = (length) => new Int32Array(length);

/** An `Int32Array` that grows by doubling. Whoever hoists `ints` out of a loop must take it anew after a growth. */
export class GrowingInts {
  ints: Int32Array;
  length = 0;
  private readonly allocate: AllocateInts;

  constructor(allocate: AllocateInts, capacity: number) {
    this.allocate = allocate;
    this.ints = allocate(capacity);
  }

  /** Adds `count` ints of the given value and returns the index of the first. */
  extend(count: number, value: number): number {
    const first = this.length;
    this.length += count;
    if (this.length > this.ints.length) {
      const larger = this.allocate(Math.max(this.length, this.ints.length * 2));
      larger.set(this.ints);
      this.ints = larger;
    }
    this.ints.fill(value, first, this.length);
    return first;
  }
}

/** An edge nobody has followed yet. */
export const UNKNOWN = -1;

/** The edges of all nodes of a tree: each node has a block, indexed by the number of the answer. */
export class EdgeArena extends GrowingInts {
  /** Makes a block and returns its base. */
  block(capacity: number): number {
    return this.extend(capacity, UNKNOWN);
  }

  /** A block of at least `wanted` edges with the contents of a smaller one, which is abandoned. */
  larger(base: number, capacity: number, wanted: number): { readonly base: number; readonly capacity: number } {
    const size = Math.max(wanted, capacity * 2);
    const moved = this.block(size);
    this.ints.copyWithin(moved, base, base + capacity);
    return { base: moved, capacity: size };
  }
}
