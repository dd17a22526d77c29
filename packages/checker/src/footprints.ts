import { type AllocateInts, GrowingInts, UNKNOWN } from "./edge-arena.ts";

/** The sets of words that a thread without the model's code needs to tell who could still disturb a step. */
export interface FrozenFootprints {
  /** For each address its place in the sets; -1 for a word that no program is known to touch. */
  readonly places: Int32Array;
  /** For each node {@link FrozenFootprints.stride} ints of words still read, then as many of words still written. */
  readonly sets: Int32Array;
  readonly stride: number;
  /** Nodes from here on are newer than the sets: they may touch anything. */
  readonly nodes: number;
}

/**
 * For each node, the words that its vCPU may still read or write from there on: in the rest of the operation and in
 * all operations that can follow it.
 *
 * ```text
 *   node: next access a ─┬─► children of the same operation        footprint(node) = {a} ∪ footprint of each child
 *                        └─► root of a following operation         one bit a word; what grows spreads to those before
 * ```
 *
 * What is known grows as code is run. Expansion uses a frozen copy, brought up to date between batches, so that several
 * threads decide alike; if a set that was in use has grown since, what was decided by it may be wrong, and the
 * exploration starts again with what it knows now (explorer.ts).
 *
 * Cost: some bytes a node; a bit spreads to each node before it at most once.
 */
export class Footprints {
  frozen: FrozenFootprints;
  private readonly allocate: AllocateInts;
  private readonly places: Int32Array;
  private readonly parents: number[] = [];
  /** For each root the nodes at which an operation ended that is followed by it. */
  private readonly before = new Map<number, number[]>();
  private sets: GrowingInts;
  private stride = 1;
  private words = 0;
  private changed = false;
  private grew = false;

  constructor(addresses: number, allocate: AllocateInts) {
    this.allocate = allocate;
    this.places = new Int32Array(addresses).fill(UNKNOWN);
    this.sets = new GrowingInts(allocate, 64);
    this.frozen = { places: this.places.slice(), sets: this.sets.ints, stride: 1, nodes: 0 };
  }

  /** Memory of the sets, those in use and those that grow. */
  get bytes(): number {
    return 2 * this.sets.length * 4;
  }

  /** Adds the next node, with the node before it in its operation; {@link UNKNOWN} for a root. */
  addNode(parent: number): void {
    this.parents.push(parent);
    this.sets.extend(2 * this.stride, 0);
    this.changed = true;
  }

  /** Enters the access that a node is parked before. */
  addAccess(node: number, address: number, reads: boolean, writes: boolean): void {
    const place = this.placeOf(address);
    const at = place >> 5;
    const bit = 1 << (place & 31);
    if (reads) this.spread(node, at, bit);
    if (writes) this.spread(node, this.stride + at, bit);
  }

  /** Enters that an operation ends at a node and `root` begins what follows. */
  addSuccessor(node: number, root: number): void {
    const known = this.before.get(root);
    if (known === undefined) this.before.set(root, [node]);
    else if (known.at(-1) !== node) known.push(node);
    const width = 2 * this.stride;
    for (let at = 0; at < width; at++) this.spread(node, at, this.sets.ints[root * width + at] as number);
  }

  /**
   * Brings {@link frozen} up to date.
   *
   * @returns whether the footprint of a node that was in it before has grown.
   */
  freeze(): boolean {
    if (!this.changed) return false;
    const { stride, sets } = this;
    const copy = this.allocate(Math.max(1, sets.length));
    copy.set(sets.ints.subarray(0, sets.length));
    const places = this.allocate(this.places.length);
    places.set(this.places);
    this.frozen = { places, sets: copy, stride, nodes: this.parents.length };
    this.changed = false;
    const { grew } = this;
    this.grew = false;
    return grew;
  }

  private placeOf(address: number): number {
    const known = this.places[address] as number;
    if (known !== UNKNOWN) return known;
    const place = this.words++;
    this.places[address] = place;
    if (place >= 32 * this.stride) this.widen();
    return place;
  }

  private widen(): void {
    const { stride, sets } = this;
    const nodes = this.parents.length;
    const wider = new GrowingInts(this.allocate, 64);
    wider.extend(nodes * 4 * stride, 0);
    for (let half = 0; half < 2 * nodes; half++) {
      const from = sets.ints.subarray(half * stride, (half + 1) * stride);
      wider.ints.set(from, half * 2 * stride);
    }
    this.sets = wider;
    this.stride = 2 * stride;
  }

  private spread(first: number, at: number, bits: number): void {
    const width = 2 * this.stride;
    const { ints } = this.sets;
    const open = [first];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      const here = node * width + at;
      const known = ints[here] as number;
      if ((bits & ~known) === 0) continue;
      ints[here] = known | bits;
      this.changed = true;
      if (node < this.frozen.nodes) this.grew = true;
      const parent = this.parents[node] as number;
      if (parent !== UNKNOWN) open.push(parent);
      else for (const end of this.before.get(node) ?? []) open.push(end);
    }
  }
}
