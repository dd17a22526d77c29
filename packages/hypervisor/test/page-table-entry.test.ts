import fc from "fast-check";
import { expect, it } from "vitest";
import {
  PTE_FLAGS_MASK,
  _PAGE_AVAIL_HIGH,
  _PAGE_GUEST_KERNEL,
  _PAGE_NX,
  flagsHigh,
  formatPte,
  pteFlags,
  pteHi,
  pteLo,
  pteMfn,
} from "../src/page-table-entry.ts";

const frames = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 40 - 1 }),
  fc.constantFrom(0, 1, 0xfffff, 0x100000, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 39, 2 ** 40 - 1),
);

/** The 64-bit entry as the recorded traces write it: the independent definition. */
function entry(frame: number, flags: number): bigint {
  const high = BigInt(flags >>> 12) << 52n;
  return ((BigInt(frame) << 12n) & 0x000f_ffff_ffff_f000n) | BigInt(flags & 0xfff) | high;
}

it("makes the two halves of the 64-bit entry for 40-bit frames and all flags", () => {
  fc.assert(
    fc.property(frames, fc.nat(PTE_FLAGS_MASK), (frame, flags) => {
      const lo = pteLo(frame, flags);
      const hi = pteHi(frame, flags);
      expect([lo | 0, hi | 0]).toEqual([lo, hi]);
      expect((BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)).toBe(entry(frame, flags));
      expect(formatPte(lo, hi)).toBe(entry(frame, flags).toString(16).padStart(16, "0"));
    }),
  );
});

it("gives frame and flags back from any entry", () => {
  fc.assert(
    fc.property(frames, fc.nat(PTE_FLAGS_MASK), (frame, flags) => {
      const lo = pteLo(frame, flags);
      const hi = pteHi(frame, flags);
      expect(pteMfn(lo, hi)).toBe(frame);
      expect(pteFlags(lo, hi)).toBe(flags);
      expect(hi & ~0xfffff).toBe(flagsHigh(flags));
    }),
  );
});

it.each([
  ["no-execute is bit 63", _PAGE_NX, -0x8000_0000],
  ["the kernel flag is bit 52", _PAGE_GUEST_KERNEL, 1 << 20],
  ["available bits are 52 to 62", _PAGE_AVAIL_HIGH, 0x7ff0_0000],
])("%s", (_name, flag, high) => {
  expect(pteHi(0, flag)).toBe(high);
  expect(pteLo(0, flag)).toBe(0);
});
