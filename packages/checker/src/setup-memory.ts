import { AccessKind, type Instrument } from "@xsp/words";

/** Plain memory that a model's `setup` fills: what it holds in the end is the initial memory. */
export class SetupMemory implements Instrument {
  private memory: Int32Array = new Int32Array(256);
  private used = 0;

  /** Adds zeroed words and returns the address of the first. */
  extend(length: number): number {
    if (!Number.isInteger(length) || length < 0) throw new RangeError(`cannot allocate ${length} words`);
    const base = this.used;
    this.used += length;
    if (this.used > this.memory.length) {
      const larger = new Int32Array(Math.max(this.used, this.memory.length * 2));
      larger.set(this.memory);
      this.memory = larger;
    }
    return base;
  }

  contents(): Int32Array {
    return this.memory.slice(0, this.used);
  }

  access(kind: AccessKind, address: number, value: number, desired: number): number {
    const seen = this.memory[address] as number;
    if (kind === AccessKind.waitWhile && seen === value) {
      throw new Error(`setup waits for word ${address} to leave ${value}, and nobody else runs yet`);
    }
    if (kind === AccessKind.store) this.memory[address] = value;
    if (kind === AccessKind.compareAndSwap && seen === value) this.memory[address] = desired;
    return seen;
  }
}
