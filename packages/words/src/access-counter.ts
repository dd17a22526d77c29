import { AccessKind, InstrumentedWords, type Instrument } from "./instrumented-words.ts";

/** How often each kind of access was made. */
export interface AccessCounts {
  readonly loads: number;
  readonly stores: number;
  /** Compare-and-swaps that wrote. */
  readonly swaps: number;
  /** Compare-and-swaps that found another value. */
  readonly failedSwaps: number;
  /** Waits, each counted once however long it took. */
  readonly waits: number;
}

/** One region handed out by an {@link AccessCounter}. */
export interface CountedRegion {
  readonly name: string;
  readonly base: number;
  readonly length: number;
}

/**
 * An {@link Instrument} that keeps plain memory and counts every access: costs that are exact and the same on every
 * machine.
 *
 * @example
 * ```ts
 * const counter = new AccessCounter();
 * const words = counter.allocate(4, "typeInfo");
 * words.compareAndSwap(0, 0, 1);
 * counter.counts().swaps; // 1
 * ```
 */
export class AccessCounter implements Instrument {
  private memory: Int32Array = new Int32Array(1024);
  private used = 0;
  private loads = 0;
  private stores = 0;
  private swaps = 0;
  private failedSwaps = 0;
  private waits = 0;
  /** Every region in the order of allocation. */
  readonly regions: CountedRegion[] = [];

  /** Allocates a zeroed region. An arrow function, so that it can be passed on as a `WordsAllocator`. */
  readonly allocate = (length: number, name: string): InstrumentedWords => {
    const base = this.used;
    this.used += length;
    if (this.used > this.memory.length) {
      const larger = new Int32Array(Math.max(this.used, this.memory.length * 2));
      larger.set(this.memory);
      this.memory = larger;
    }
    this.regions.push({ name, base, length });
    return new InstrumentedWords(this, base, length);
  };

  /** The counts since the start or the last {@link AccessCounter.reset}. */
  counts(): AccessCounts {
    const { loads, stores, swaps, failedSwaps, waits } = this;
    return { loads, stores, swaps, failedSwaps, waits };
  }

  /** Sets all counts to 0; memory stays as it is. */
  reset(): void {
    this.loads = this.stores = this.swaps = this.failedSwaps = this.waits = 0;
  }

  access(kind: AccessKind, address: number, value: number, desired: number): number {
    const seen = this.memory[address] as number;
    switch (kind) {
      case AccessKind.load:
        this.loads++;
        return seen;
      case AccessKind.store:
        this.stores++;
        this.memory[address] = value;
        return seen;
      case AccessKind.compareAndSwap:
        if (seen === value) {
          this.swaps++;
          this.memory[address] = desired;
        } else {
          this.failedSwaps++;
        }
        return seen;
      case AccessKind.waitWhile:
        this.waits++;
        if (seen === value) throw new Error(`deadlock: the only thread waits for word ${address} to leave ${value}`);
        return seen;
    }
  }
}
