/**
 * The values that each word of memory has been seen to hold, numbered from 0 in the order they came up; 0 is the
 * initial value. A state stores these numbers: a word that nobody changes takes no bit, one with three values takes two.
 *
 * Exact: a number stands for one value and back. Cost: a `Map` look-up, made once for each new node of a program tree
 * and never for a state.
 */
export class WordValues {
  private readonly values: number[][];
  /** Words that got a new value since whoever lays out states looked last; cleared by them. */
  readonly grown: number[] = [];
  private readonly numbers: (Map<number, number> | undefined)[];

  constructor(initial: Int32Array) {
    this.values = Array.from(initial, (value) => [value]);
    this.numbers = this.values.map(() => undefined);
  }

  /** How many values the word may hold as far as is known. */
  count(address: number): number {
    return (this.values[address] as number[]).length;
  }

  value(address: number, index: number): number {
    const value = (this.values[address] as number[])[index];
    if (value === undefined) throw new RangeError(`word ${address} has no value numbered ${index}`);
    return value;
  }

  /** The value's number; a new one if it has none yet. */
  number(address: number, value: number): number {
    const known = this.values[address] as number[];
    if (value === known[0]) return 0;
    const numbers = (this.numbers[address] ??= new Map([[known[0] as number, 0]]));
    const found = numbers.get(value);
    if (found !== undefined) return found;
    numbers.set(value, known.length);
    this.grown.push(address);
    return known.push(value) - 1;
  }
}
