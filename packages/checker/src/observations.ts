/**
 * The bits of each word that properties look at while operations are under way: those of `always` and `sometimes`. A
 * store that changes none of them can be seen by nobody but programs.
 *
 * What is known grows as predicates are run; like the footprints it is used in a frozen copy.
 */
export class Observations {
  /** For each address the bits that may be looked at. */
  readonly frozen: Int32Array;
  private readonly live: Int32Array;
  private changed = false;

  constructor(addresses: number) {
    this.live = new Int32Array(addresses);
    this.frozen = new Int32Array(addresses);
  }

  /** Enters that a predicate has looked at some bits of a word. */
  add(address: number, bits: number): void {
    const known = this.live[address] as number;
    if ((bits & ~known) === 0) return;
    this.live[address] = known | bits;
    this.changed = true;
  }

  /** Brings {@link frozen} up to date. @returns whether it has changed. */
  freeze(): boolean {
    if (!this.changed) return false;
    this.frozen.set(this.live);
    this.changed = false;
    return true;
  }
}
