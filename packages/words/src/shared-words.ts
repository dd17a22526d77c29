import type { Words } from "./words.ts";

/**
 * How long one `Atomics.wait` may sleep, in milliseconds. A store does not notify (that would cost a system call on
 * every store), so a waiter looks again by itself.
 */
const WAIT_SLICE_MS = 0.05;

/** How often a waiter re-reads the word before it sleeps: bulk work on one superpage lasts some microseconds. */
const SPINS_BEFORE_SLEEP = 200;

/**
 * Words of several threads: `Atomics` over a `SharedArrayBuffer`, sequentially consistent.
 *
 * A compare-and-swap first looks with a plain read and refuses early when the word already differs: a failed locked
 * swap takes the cache line exclusively all the same, and a stale plain read only makes the caller try again.
 *
 * `waitWhile` may sleep, which browsers forbid on their main thread: use shared words in workers.
 */
export class SharedWords implements Words {
  readonly length: number;
  /** The memory itself: hand it to another thread and open it there by giving it to the constructor. */
  readonly buffer: SharedArrayBuffer;
  private readonly array: Int32Array;

  /**
   * @param memory - how many zeroed words to make, or the buffer of words made by another thread.
   * @param first - the word of the buffer to begin at: several regions can stand in one buffer.
   * @param length - how many words. Default: to the end of the buffer.
   */
  constructor(memory: number | SharedArrayBuffer, first = 0, length?: number) {
    this.buffer = typeof memory === "number" ? new SharedArrayBuffer(memory * Int32Array.BYTES_PER_ELEMENT) : memory;
    this.array = new Int32Array(this.buffer, first * Int32Array.BYTES_PER_ELEMENT, length);
    this.length = this.array.length;
  }

  load(index: number): number {
    return Atomics.load(this.array, index);
  }

  store(index: number, value: number): void {
    Atomics.store(this.array, index, value);
  }

  compareAndSwap(index: number, expected: number, desired: number): number {
    const seen = this.array[index] as number;
    if (seen !== expected) return seen;
    return Atomics.compareExchange(this.array, index, expected, desired);
  }

  waitWhile(index: number, value: number): number {
    for (let spin = 0; spin < SPINS_BEFORE_SLEEP; spin++) {
      const seen = Atomics.load(this.array, index);
      if (seen !== value) return seen;
    }
    for (;;) {
      Atomics.wait(this.array, index, value, WAIT_SLICE_MS);
      const seen = Atomics.load(this.array, index);
      if (seen !== value) return seen;
    }
  }
}

/** Allocates {@link SharedWords}. */
export function allocateSharedWords(length: number): SharedWords {
  return new SharedWords(length);
}
