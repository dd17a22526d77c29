import { describe, expect, it } from "vitest";
import {
  EBUSY,
  EINVAL,
  MMUEXT_NEW_BASEPTR,
  MMUEXT_NEW_USER_BASEPTR,
  UVMF_ALL,
  UVMF_INVLPG,
  UVMF_TLB_FLUSH,
  doUpdateVaMapping,
  loadFromFrameLow,
  pteHi,
  pteLo,
  storeToFrame,
  touch,
} from "../../src/index.ts";
import {
  BIG_RO,
  BIG_RW,
  RO,
  RW,
  type SmallGuest,
  build,
  everyWord,
  expectClean,
  ext,
  frameState,
  oneGuest,
} from "../small-host.ts";

/*
 * Frames: 27 L4, 26 L3, 25 L2, 24 L1; slot 0 of each leads down, slot 1 of the L2 is superpage 8 writable, slot 2 the
 * same read-only. Tables of 2^order entries.
 */
function running(tableOrder = 2, vcpus = 1): SmallGuest {
  const guest = oneGuest({ tableOrder }, { vcpus });
  build(guest, 24, 0, 12, RW);
  build(guest, 24, 1, 13, RO);
  build(guest, 25, 0, 24, RW);
  build(guest, 25, 1, 8, BIG_RW);
  build(guest, 25, 2, 8, BIG_RO);
  build(guest, 26, 0, 25, RW);
  build(guest, 27, 0, 26, RW);
  for (const vcpu of guest.domain.vcpus) expect(ext(vcpu, MMUEXT_NEW_BASEPTR, 27)).toBe(0);
  return guest;
}

const set = ({ vcpu }: SmallGuest, va: number, frame: number, entry: number, flags = 0): number =>
  doUpdateVaMapping(vcpu, va | 0, Math.floor(va / 2 ** 32) | 0, pteLo(frame, entry), pteHi(frame, entry), flags);

describe("update_va_mapping", () => {
  it("updates the L1 entry of the address, whatever its low 12 bits", () => {
    const guest = running();
    expect(set(guest, 0x2fff, 14, RW)).toBe(0);
    expect(frameState(guest.host, 14)).toEqual(["writable", 1, "va", 2, 0]);
    expect(guest.host.memory.loadLo(24, 2) >>> 12).toBe(14);
    expect(set(guest, 0x2000, 0, 0)).toBe(0);
    expect(frameState(guest.host, 14)[3]).toBe(1);
    expectClean(guest.host);
  });

  it("answers the errors of L1 entries, and leaves the old entry", () => {
    const guest = running();
    const before = everyWord(guest.host, { contents: true });
    expect([set(guest, 0, 24, RW), set(guest, 0, 1, RO), set(guest, 0, 40, RO)]).toEqual([-EBUSY, -EBUSY, -1]);
    expect(everyWord(guest.host, { contents: true })).toBe(before);
  });

  it.each([
    ["without an L3 table", 2 ** 18],
    ["without an L2 table", 2 ** 16],
    ["without an L1 table", 3 * 2 ** 14],
    ["in a superpage", 2 ** 14],
    ["in Xen's part", 0xffff_8000 * 2 ** 32],
    ["at the end of Xen's part", 0xffff_87ff * 2 ** 32],
    ["not canonical", 0x8000 * 2 ** 32],
  ])("has no entry for an address %s: EINVAL, for an empty value too", (_name, va) => {
    const guest = running();
    expect([set(guest, va, 14, RW), set(guest, va, 0, 0)]).toEqual([-EINVAL, -EINVAL]);
    expectClean(guest.host);
  });

  it("has none without a root, and walks the kernel root, not the user's", () => {
    const guest = oneGuest();
    expect(set(guest, 0, 14, RW)).toBe(-EINVAL);
    const other = running();
    expect(ext(other.vcpu, MMUEXT_NEW_BASEPTR, 20)).toBe(0);
    expect(ext(other.vcpu, MMUEXT_NEW_USER_BASEPTR, 27)).toBe(0);
    expect(set(other, 0, 14, RW)).toBe(-EINVAL);
  });

  it("marks the tables on its way as accessed", () => {
    const guest = running();
    for (const table of [25, 26]) expect(guest.host.memory.loadLo(table, 0) & 0x20).toBe(0);
    expect(set(guest, 0, 12, RW)).toBe(0);
    for (const table of [25, 26, 27]) expect(guest.host.memory.loadLo(table, 0) & 0x20).toBe(0x20);
  });

  it.each([
    ["nothing", 0, 0],
    ["the local CPU", UVMF_TLB_FLUSH, 1],
    ["all CPUs of the domain", UVMF_TLB_FLUSH | UVMF_ALL, 2],
    ["one page", UVMF_INVLPG, 0],
    ["one page on all CPUs", UVMF_INVLPG | UVMF_ALL, 0],
  ])("flushes %s", (_name, flags, flushed) => {
    const guest = running(2, 2);
    const before = guest.host.perf.tlbFlushes;
    expect(set(guest, 0x3000, 0, 0, flags)).toBe(0);
    expect(guest.host.perf.tlbFlushes - before).toBe(flushed);
  });

  it("splits addresses as the CPU does with tables of 512 entries", () => {
    const guest = running(9);
    expect(set(guest, 511 * 4096, 14, RW)).toBe(0);
    expect(guest.host.memory.loadLo(24, 511) >>> 12).toBe(14);
    for (const va of [2 ** 21 * 3, 2 ** 30, 2 ** 39]) expect(set(guest, va, 14, RW)).toBe(-EINVAL);
  });
});

describe("an access by the guest's CPU", () => {
  it.each([
    ["a load of a writable page", 0, false, true],
    ["a store to a writable page", 0, true, true],
    ["a load of a read-only page", 0x1000, false, true],
    ["a store to a read-only page", 0x1000, true, false],
    ["a load of nothing", 0x2000, false, false],
    ["a store to a writable superpage", 2 ** 14 + 0x3000, true, true],
    ["a load of a read-only superpage", 2 ** 15, false, true],
    ["a store to a read-only superpage", 2 ** 15, true, false],
    ["an address without tables", 2 ** 18, false, false],
  ])("%s (address %i, store %s) succeeds: %s", (_name, va, write, ok) => {
    const guest = running();
    expect(touch(guest.vcpu, va, 0, write)).toBe(ok);
    expect(touch(guest.vcpu, va, 0x8000, write)).toBe(false);
    expect(touch(guest.vcpu, va, 0xffff_8000, write)).toBe(false);
  });

  it("stores where the address leads and sets accessed and dirty", () => {
    const { host, vcpu } = running();
    expect(touch(vcpu, 2 ** 14 + 0x1008, 0, true, 77)).toBe(true);
    expect(host.memory.loadLo(9, 1)).toBe(77);
    expect(host.memory.loadLo(25, 1) & 0x60).toBe(0x60);
    expect(touch(vcpu, 0, 0, false)).toBe(true);
    expect(host.memory.loadLo(24, 0) & 0x60).toBe(0x20);
    expectClean(host);
  });

  it("through a mapping of the frame faults unless the frame is the guest's and mapped writable", () => {
    const { vcpu } = running();
    expect([12, 9].map((frame) => storeToFrame(vcpu, frame, 0, 5, 6))).toEqual([true, true]);
    expect(loadFromFrameLow(vcpu, 12, 0)).toBe(5);
    for (const frame of [13, 14, 24, 25, 27, 1, 32, -1]) expect(storeToFrame(vcpu, frame, 0, 5, 6)).toBe(false);
    expect(loadFromFrameLow(vcpu, 1, 0)).toBe(0);
  });
});
