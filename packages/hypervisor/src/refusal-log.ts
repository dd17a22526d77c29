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
  private next = 0;

  /** Adds one, in the place of the oldest when the ring is full. */
  add(refusal: Refusal): void {
    this.ring[this.next] = refusal;
    this.next = (this.next + 1) % CAPACITY;
  }

  /** What is kept, oldest first. */
  entries(): readonly Refusal[] {
    return [...this.ring.slice(this.next), ...this.ring.slice(0, this.next)];
  }
}
