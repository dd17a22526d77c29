import type { Words } from "./words.ts";

/**
 * Words of one thread: a bare `Int32Array`. The form for simulation and benchmarks.
 *
 * Cost: one bounds-checked array access an operation, which V8 inlines where a process uses one backend only.
 */
export class PlainWords implements Words {
  readonly length: number;
  /** The words themselves: for a loop that only one thread runs and that is measured. */
  readonly array: Int32Array;

  constructor(length: number) {
    this.length = length;
    this.array = new Int32Array(length);
  }

  load(index: number): number {
    return this.array[index] as number;
  }

  store(index: number, value: number): void {
    this.array[index] = value;
  }

  compareAndSwap(index: number, expected: number, desired: number): number {
    const array = this.array;
    const seen = array[index] as number;
    if (seen === expected) array[index] = desired;
    return seen;
  }

  /**
   * @throws Error when the word holds `value`: with one thread nobody is left who could change it.
   */
  waitWhile(index: number, value: number): number {
    const seen = this.array[index] as number;
    if (seen === value) throw new Error(`deadlock: the only thread waits for word ${index} to change from ${value}`);
    return seen;
  }
}

/** Allocates {@link PlainWords}. */
export function allocatePlainWords(length: number): PlainWords {
  return new PlainWords(length);
}
