import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addWord64,
  bitWord64,
  composeEntry,
  formatWord64,
  frameAddress,
  numberOfWord64,
  parseWord64,
  word64,
} from "../../src/trace/word64.ts";

const big = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const text = (value: bigint): string => `0x${value.toString(16)}`;
const parsed = (value: bigint): { lo: number; hi: number } => {
  const word = parseWord64(text(value));
  if (word === undefined) throw new Error(`not parsed: ${text(value)}`);
  return word;
};
const mask = 2n ** 64n - 1n;

/** Both items of the pair are the same, whatever the arguments. */
function holds<A, B>(a: fc.Arbitrary<A>, b: fc.Arbitrary<B>, pair: (a: A, b: B) => readonly [unknown, unknown]): void {
  fc.assert(
    fc.property(a, b, (x, y) => {
      const [found, expected] = pair(x, y);
      expect(found).toBe(expected);
    }),
  );
}

describe("64-bit words", () => {
  test("are printed as they were read", () => {
    holds(big, big, (value) => [formatWord64(parsed(value)), text(value)]);
  });

  test("add modulo 2^64", () => {
    holds(big, big, (a, b) => [formatWord64(addWord64(parsed(a), parsed(b))), text((a + b) & mask)]);
  });

  test("give the address of a frame", () => {
    holds(big, big, (a) => [formatWord64(frameAddress(parsed(a))), text((a << 12n) & mask)]);
  });

  test("compose an entry as FORMAT.md says", () => {
    holds(big, big, (frame, flags) => [
      formatWord64(composeEntry(parsed(frame), parsed(flags))),
      text(((frame << 12n) & 0x000ffffffffff000n) | flags),
    ]);
  });

  test("are numbers below 2^53", () => {
    holds(fc.maxSafeNat(), fc.nat(), (value) => [numberOfWord64(word64(value)), value]);
    expect(numberOfWord64(parsed(2n ** 53n))).toBeUndefined();
    expect(numberOfWord64(parsed(2n ** 63n))).toBeUndefined();
  });

  test.each([0, 1, 31, 32, 62, 63])("have bit %i", (bit) => {
    expect(formatWord64(bitWord64(bit))).toBe(text(1n << BigInt(bit)));
  });

  test.each(["", "0x", "12", "0xg", "0x12345678901234567", "-0x1"])("are not read from %j", (wrong) => {
    expect(parseWord64(wrong)).toBeUndefined();
  });
});
