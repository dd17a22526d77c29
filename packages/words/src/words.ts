/**
 * The one door to shared memory.
 *
 * Every protocol of XSP (reference counts, page types, superpage words, page-table entries) is a plain synchronous
 * function over this interface, so that the same shipped function runs on one thread, on several real threads, with
 * every access counted, or under a model checker which decides what each access sees.
 *
 * ```text
 *   protocol code ──► Words ──► PlainWords         one thread: a typed array
 *                           ├─► SharedWords        several threads: Atomics over a SharedArrayBuffer
 *                           └─► InstrumentedWords  every access goes to an Instrument (counts, or replays)
 * ```
 *
 * A word is a signed 32-bit integer; an index is a word index, not a byte offset.
 */
export interface Words {
  /** Number of words. */
  readonly length: number;

  /** Reads a word. */
  load(index: number): number;

  /** Writes a word. */
  store(index: number, value: number): void;

  /**
   * Writes `desired` if the word holds `expected`, in one step.
   *
   * @returns the value seen: the swap took place exactly when it equals `expected`. A retry loop goes on from it, as
   * one does with the value that x86 `cmpxchg` leaves in EAX.
   */
  compareAndSwap(index: number, expected: number, desired: number): number;

  /**
   * Waits as long as the word holds `value`.
   *
   * @returns the first other value seen.
   */
  waitWhile(index: number, value: number): number;
}

/** Makes zeroed words. `name` says what they hold, for traces and counts. */
export type WordsAllocator = (length: number, name: string) => Words;
