import type { Words } from "./words.ts";

/** The four kinds of access. */
export const AccessKind = { load: 0, store: 1, compareAndSwap: 2, waitWhile: 3 } as const;
/** One of the four kinds of access, as a number from 0 to 3. */
export type AccessKind = (typeof AccessKind)[keyof typeof AccessKind];

/**
 * What stands behind {@link InstrumentedWords}: it sees every access of every region and answers it.
 *
 * One class of words with exchangeable instruments, not one class of words for each purpose: from the fourth class of
 * `Words` in a process on, every call site in the hypervisor slows down (measured: 5.7 ns a frame with one class,
 * 11.5 with four, 54 with five).
 */
export interface Instrument {
  /**
   * Performs one access.
   *
   * @param kind - which of the four.
   * @param address - the word, numbered through all regions that were allocated from this instrument.
   * @param value - store: what to write; compare-and-swap: what is expected; wait: what to wait out; load: 0.
   * @param desired - compare-and-swap: what to write; else 0.
   * @returns what memory answers; for a store nobody reads it.
   */
  access(kind: AccessKind, address: number, value: number, desired: number): number;
}

/** A region of words whose every access is answered by an {@link Instrument}. */
export class InstrumentedWords implements Words {
  readonly length: number;
  /** Address of the region's first word. */
  readonly base: number;
  private readonly instrument: Instrument;

  constructor(instrument: Instrument, base: number, length: number) {
    this.instrument = instrument;
    this.base = base;
    this.length = length;
  }

  load(index: number): number {
    return this.instrument.access(AccessKind.load, this.base + index, 0, 0);
  }

  store(index: number, value: number): void {
    this.instrument.access(AccessKind.store, this.base + index, value, 0);
  }

  compareAndSwap(index: number, expected: number, desired: number): number {
    return this.instrument.access(AccessKind.compareAndSwap, this.base + index, expected, desired);
  }

  waitWhile(index: number, value: number): number {
    return this.instrument.access(AccessKind.waitWhile, this.base + index, value, 0);
  }
}
