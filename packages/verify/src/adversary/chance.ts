/** Where decisions come from. The only door to chance: whoever runs the adversary gives a seed or the numbers. */
export interface Chance {
  /** A whole number from 0 to `limit` − 1. */
  below(limit: number): number;
}

/**
 * The generator sfc32 (Chris Doty-Humphrey's Small Fast Counting, 32-bit words): four words of state, passes PractRand,
 * and is the same on every machine.
 */
export class SeededChance implements Chance {
  private a: number;
  private b: number;
  private c = 0x9e3779b9 | 0;
  private counter = 1;

  /**
   * @param seed - any whole number.
   * @param stream - independent sequences under one seed.
   */
  constructor(seed: number, stream = 0) {
    this.a = seed | 0;
    this.b = stream | 0;
    for (let round = 0; round < 16; round++) this.next();
  }

  private next(): number {
    const { a, b, c } = this;
    const sum = (a + b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = b ^ (b >>> 9);
    this.b = (c + (c << 3)) | 0;
    this.c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum;
  }

  below(limit: number): number {
    return Math.floor(((this.next() >>> 0) / 2 ** 32) * limit);
  }
}

/** Decisions read from a list, then zeros: how a shrinking test library takes the place of a seed. */
export class ListedChance implements Chance {
  private readonly numbers: readonly number[];
  private at = 0;

  constructor(numbers: readonly number[]) {
    this.numbers = numbers;
  }

  below(limit: number): number {
    const number = this.numbers[this.at++] ?? 0;
    return limit <= 0 ? 0 : number % limit;
  }
}

/** One of a list, each as likely as the others. */
export function oneOf<T>(chance: Chance, list: readonly T[]): T {
  return list[chance.below(list.length)] as T;
}
