import { AccessKind, type Instrument, InstrumentedWords, type WordsAllocator } from "@xsp/words";

/**
 * Memory in which another CPU can get in between a load and the swap that relies on it: the moment at which every retry
 * loop of the hypervisor must look again. Nothing of the loops is replaced: they run on this backend as on any.
 */
export class ContendedWords implements Instrument {
  private readonly memory: number[] = [];
  private readonly intrusions: (() => void)[] = [];
  private intruding = false;

  /** Allocates a zeroed region. */
  readonly allocate: WordsAllocator = (length) => {
    const base = this.memory.length;
    for (let i = 0; i < length; i++) this.memory.push(0);
    return new InstrumentedWords(this, base, length);
  };

  /** Lets others act, each once, right before the next swaps or waits. What they do is not intruded upon. */
  before(...intrusions: readonly (() => void)[]): void {
    this.intrusions.push(...intrusions);
  }

  /** Intrusions that have not happened yet. */
  get left(): number {
    return this.intrusions.length;
  }

  access(kind: AccessKind, address: number, value: number, desired: number): number {
    if (!this.intruding && (kind === AccessKind.compareAndSwap || kind === AccessKind.waitWhile)) {
      this.intruding = true;
      this.intrusions.shift()?.();
      this.intruding = false;
    }
    const seen = this.memory[address];
    if (seen === undefined) throw new RangeError(`address: ${address} given, expected one below ${this.memory.length}`);
    if (kind === AccessKind.waitWhile && seen === value)
      throw new Error("deadlock: nobody changes the word waited for");
    if (kind === AccessKind.store) this.memory[address] = value;
    if (kind === AccessKind.compareAndSwap && seen === value) this.memory[address] = desired;
    return seen;
  }
}
