/** Why something was refused. */
export interface Refusal {
  /** The function and its condition. */
  readonly check: string;
  /** The frame it was about. */
  readonly mfn: number;
  /** What it answered. */
  readonly rc: number;
  /** The frame's `count_info` as the check saw it. */
  readonly count: number;
  /** The frame's `type_info` as the check saw it. */
  readonly type: number;
  /** The type that the frame was wanted as, where that is what was refused; otherwise 0. */
  readonly wantedType: number;
}

/** Refusals that are kept: Xen's console ring forgets too. */
const CAPACITY = 256;

/**
 * The last refusals of a host, oldest first: what its console ring is printed from. Nothing is decided by it, and it is
 * touched on refusal only. It is no part of the shared words: each thread has its own.
 */
export class RefusalLog {
  private readonly ring: Refusal[] = [];
  private count = 0;

  /** How many were ever added. */
  get added(): number {
    return this.count;
  }

  /** Adds one, in the place of the oldest when the ring is full. */
  add(refusal: Refusal): void {
    this.ring[this.count % CAPACITY] = refusal;
    this.count++;
  }

  /**
   * What is kept, oldest first.
   *
   * @param since - leaves out as many as were added first: an earlier {@link added}.
   */
  entries(since = 0): readonly Refusal[] {
    const next = this.count % CAPACITY;
    const kept = [...this.ring.slice(next), ...this.ring.slice(0, next)];
    return kept.slice(Math.max(0, kept.length - (this.count - since)));
  }
}
