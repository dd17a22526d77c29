import type { Words } from "@xsp/words";

/**
 * Words of one thread that have an end: an access beyond it throws, where an array would answer `undefined` and a real
 * hypervisor would read or write whatever lies behind its table. It is how the adversary sees that a frame number got
 * through which names no frame.
 */
class GuardedWords implements Words {
  readonly length: number;
  private readonly name: string;
  private readonly array: Int32Array;

  constructor(length: number, name: string) {
    this.length = length;
    this.name = name;
    this.array = new Int32Array(length);
  }

  load(index: number): number {
    return this.array[index] ?? this.beyond(index);
  }

  store(index: number, value: number): void {
    if (this.array[index] === undefined) this.beyond(index);
    this.array[index] = value;
  }

  compareAndSwap(index: number, expected: number, desired: number): number {
    const seen = this.load(index);
    if (seen === expected) this.array[index] = desired;
    return seen;
  }

  waitWhile(index: number, value: number): number {
    const seen = this.load(index);
    if (seen === value) throw new Error(`deadlock: the only thread waits for ${this.name} word ${index}`);
    return seen;
  }

  private beyond(index: number): never {
    throw new RangeError(`${this.name} word ${index} is touched, of ${this.length} that there are`);
  }
}

/** Allocates words that throw when touched beyond their end. */
export function allocateGuardedWords(length: number, name: string): Words {
  return new GuardedWords(length, name);
}
