/*
 * The words by which the threads of a stress run agree on rounds. They are no part of the machine that is examined.
 *
 *   referee (the thread of vCPU 0)            every other thread
 *   ────────────────────────────────────────  ──────────────────────────────────
 *   puts memory back
 *   prepare := n                              sees it, perhaps wakes up for it
 *                                             ready := n, and spins from here on
 *   waits for everybody's ready, go := n      sees it: all begin within some 100 ns
 *   performs its operations                   performs its operations
 *   arrived := n, waits for everybody's       arrived := n
 *   evaluates the properties
 *
 * Two steps to a start, because a thread that has gone to sleep over the evaluation takes longer to wake up than all the
 * operations of a round take.
 */

/** Words that all threads share. */
export const Shared = {
  /** Whose turn it is to build its machine; the number of vCPUs when all are built. */
  turn: 0,
  /** The round that is being prepared. */
  prepare: 1,
  /** The round that runs. */
  go: 2,
  /** Whoever wants the run to end after the round under way sets it to 1. */
  stop: 3,
  /** The referee has left: no round follows. */
  over: 4,
  /** Rounds that were evaluated. */
  rounds: 5,
  /** Rounds that broke a property. */
  broken: 6,
  /** The first of them. */
  firstBroken: 7,
  size: 8,
} as const;

/** Words of one vCPU, in a row of their own. */
const Own = {
  ready: 0,
  arrived: 1,
  /** The operation under way, from 1; 0 between operations. */
  operation: 2,
  /** Whether an operation threw: 1. */
  failed: 3,
  /** How many numbers the vCPU remembers, then the numbers. */
  localLength: 4,
  local: 5,
} as const;

/** Words of a row: 256 bytes, so that no two vCPUs write to one line of the cache. */
const ROW = 64;
const MOST_LOCAL = ROW - Own.local;

/** How often a thread looks before it begins to sleep between two looks: as long as an evaluation of a small machine. */
const SPINS = 1 << 14;
/** The same for the start of a round, which follows at once unless the referee has lost its processor. */
const SPINS_AT_START = 1 << 17;
const SLEEP_MS = 0.05;

/** The control words of a run, the same in all of its threads. */
export class RoundControl {
  private readonly words: Int32Array;

  /** @param memory - how many vCPUs to make the words for, or the words that another thread made. */
  constructor(memory: number | SharedArrayBuffer) {
    const bytes = (vcpus: number): number => (vcpus + 1) * ROW * Int32Array.BYTES_PER_ELEMENT;
    this.words = new Int32Array(typeof memory === "number" ? new SharedArrayBuffer(bytes(memory)) : memory);
  }

  /** What another thread needs to open the same words. */
  get buffer(): SharedArrayBuffer {
    return this.words.buffer as SharedArrayBuffer;
  }

  load(index: number): number {
    return Atomics.load(this.words, index);
  }

  store(index: number, value: number): void {
    Atomics.store(this.words, index, value);
  }

  /** Index of a word of a vCPU. */
  row(vcpu: number, field: keyof typeof Own): number {
    return (vcpu + 1) * ROW + Own[field];
  }

  /** Waits until a word has at least this value, or `over` is set. */
  waitFor(index: number, value: number): void {
    const spins = index === Shared.go ? SPINS_AT_START : SPINS;
    for (let look = 0; ; look++) {
      const seen = Atomics.load(this.words, index);
      if (seen >= value || Atomics.load(this.words, Shared.over) !== 0) return;
      if (look >= spins) Atomics.wait(this.words, index, seen, SLEEP_MS);
    }
  }

  /** Lets so many looks at a word of the vCPU's own pass: some nanoseconds each. */
  pause(vcpu: number, looks: number): void {
    const index = this.row(vcpu, "operation");
    for (let look = 0; look < looks; look++) Atomics.load(this.words, index);
  }

  /** Shows what a vCPU remembers to the referee. */
  storeLocal(vcpu: number, local: readonly number[]): void {
    if (local.length > MOST_LOCAL) throw new RangeError(`a vCPU that remembers ${local.length} numbers has no room`);
    const at = this.row(vcpu, "local");
    local.forEach((value, place) => this.store(at + place, value));
    this.store(this.row(vcpu, "localLength"), local.length);
  }

  /** What a vCPU showed. */
  loadLocal(vcpu: number): number[] {
    const at = this.row(vcpu, "local");
    return Array.from({ length: this.load(this.row(vcpu, "localLength")) }, (_, place) => this.load(at + place));
  }
}
