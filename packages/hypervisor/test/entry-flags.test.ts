import { describe, expect, it } from "vitest";
import { EINVAL, EPERM, formatPte, pteHi, pteLo } from "../src/index.ts";
import { type SmallGuest, oneGuest, pin, smallHost, guestAt, update, build } from "./small-host.ts";

/*
 * What Xen refuses in entries and what it changes in them, as the recorded traces of a real Xen show it.
 */

const P = 1;
const U = 4;
const BIT52 = 1 << 12;
const TARGET = 4;
const TABLE = 8;

const stored = ({ host }: SmallGuest, slot: number): string =>
  formatPte(host.memory.loadLo(TABLE, slot), host.memory.loadHi(TABLE, slot));
const entry = (flags: number): string => formatPte(pteLo(TARGET, flags), pteHi(TARGET, flags));

describe("a present entry is stored with", () => {
  it.each([
    ["L1 without user: user and bit 52", 1, P, P | U | BIT52],
    ["L1 with user: global", 1, P | U, P | U | 0x100],
    ["L1 with user and bit 52: nothing more", 1, P | U | BIT52, P | U | BIT52],
    ["L1 with bit 52 alone: user", 1, P | BIT52, P | U | BIT52],
    ["L1 global without user: user and bit 52", 1, P | 0x100, P | U | 0x100 | BIT52],
    ["L2: user", 2, P, P | U],
    ["L2 superpage: user", 2, P | 0x80, P | U | 0x80],
    ["L3: user", 3, P, P | U],
    ["L4: user and accessed", 4, P, P | U | 0x20],
  ])("%s", (_name, level, flags, expected) => {
    const guest = oneGuest();
    expect(pin(guest.vcpu, level, TABLE)).toBe(0);
    expect(update(guest.vcpu, TABLE, 1, TARGET, flags)).toBe(0);
    expect(stored(guest, 1)).toBe(entry(expected));
    const built = oneGuest();
    build(built, TABLE, 3, TARGET, flags);
    expect(pin(built.vcpu, level, TABLE)).toBe(0);
    expect(stored(built, 3)).toBe(entry(expected));
  });

  it("L4 of Xen 4.6: user alone", () => {
    const guest = oneGuest({ version: "xen-4.6" });
    expect(pin(guest.vcpu, 4, TABLE)).toBe(0);
    expect(update(guest.vcpu, TABLE, 1, TARGET, P)).toBe(0);
    expect(stored(guest, 1)).toBe(entry(P | U));
  });
});

it("flags of an entry that is not present are never looked at", () => {
  for (const level of [1, 2, 3, 4]) {
    const guest = oneGuest();
    expect(pin(guest.vcpu, level, TABLE)).toBe(0);
    expect(update(guest.vcpu, TABLE, 1, 2 ** 39 + 5, 0xff_fffe)).toBe(0);
    expect(stored(guest, 1)).toBe(formatPte(pteLo(2 ** 39 + 5, 0xff_fffe), pteHi(2 ** 39 + 5, 0xff_fffe)));
  }
});

const flagBits = [...Array.from({ length: 11 }, (_, i) => i + 1), ...Array.from({ length: 12 }, (_, i) => i + 52)];
const flagOf = (bit: number): number => (bit < 12 ? 1 << bit : 1 << (bit - 40));

describe("of a privileged guest's entry with one more flag set", () => {
  it.each(flagBits)("bit %i is refused where a real Xen refuses it", (bit) => {
    for (const level of [1, 2, 3, 4]) {
      const guest = guestAt(smallHost(), 1, 4, { privileged: true });
      expect(pin(guest.vcpu, level, TABLE)).toBe(0);
      const refused = level > 1 && (bit === 3 || bit === 4 || bit === 8 || (bit === 7 && level > 2));
      expect([level, update(guest.vcpu, TABLE, 0, TARGET, P | flagOf(bit))]).toEqual([level, refused ? -EINVAL : 0]);
    }
  });

  it("bit 62 at L1 is refused by a debug build alone", () => {
    const guest = guestAt(smallHost({ debugBuild: true }), 1, 4, { privileged: true });
    expect(pin(guest.vcpu, 1, TABLE)).toBe(0);
    expect(update(guest.vcpu, TABLE, 0, TARGET, P | (1 << 22))).toBe(-EINVAL);
  });

  it.each([40, 45, 51])("bit %i belongs to the frame number", (bit) => {
    const guest = guestAt(smallHost(), 1, 4, { privileged: true });
    expect(pin(guest.vcpu, 1, TABLE)).toBe(0);
    expect(update(guest.vcpu, TABLE, 0, 2 ** (bit - 12) + TARGET, P)).toBe(-EPERM);
  });
});

describe("I/O memory", () => {
  const map = {
    memoryMap: [
      { start: 4, frames: 20, kind: "ram" },
      { start: 28, frames: 2, kind: "io" },
    ] as const,
  };

  it.each([
    ["an I/O frame of the frame table", 28, 0],
    ["a frame beyond the frame table", 1000, 0],
    ["the last frame that a physical address names", 2 ** 28 - 1, 0],
    ["the first frame that none names", 2 ** 28, -EPERM],
    ["the local APIC", 0xfee00, -EPERM],
    ["the I/O APIC", 0xfec00, 0],
    ["the all-ones frame", 2 ** 40 - 1, -EINVAL],
    ["Xen's frame", 1, -16],
  ])("%s (%i) answers %i to a privileged guest, and EPERM or the same to others", (_name, frame, rc) => {
    for (const privileged of [true, false]) {
      const guest = guestAt(smallHost(map), 1, 4, { privileged });
      expect(pin(guest.vcpu, 1, TABLE)).toBe(0);
      const words = [...Array(32).keys()].map((i) => guest.host.count.load(i));
      for (const flags of [P | U, P | U | 2]) {
        expect(update(guest.vcpu, TABLE, 0, frame, flags)).toBe(privileged || rc !== 0 ? rc : -EPERM);
      }
      expect([...Array(32).keys()].map((i) => guest.host.count.load(i))).toEqual(words);
    }
  });
});
