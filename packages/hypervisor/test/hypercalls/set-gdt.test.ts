import { describe, expect, it } from "vitest";
import { EFAULT, EINVAL, doSetGdt } from "../../src/index.ts";
import { RW, build, everyWord, expectClean, frameState, oneGuest, pin } from "../small-host.ts";

describe("set_gdt", () => {
  it("holds a general and a descriptor reference on each frame, and gives the old table's back", () => {
    const { host, vcpu } = oneGuest();
    expect(doSetGdt(vcpu, Int32Array.of(8, 9), 1024)).toBe(0);
    expect([8, 9].map((frame) => frameState(host, frame))).toEqual([
      ["seg", 1, "va", 2, 0],
      ["seg", 1, "va", 2, 0],
    ]);
    expectClean(host);
    expect(doSetGdt(vcpu, Int32Array.of(9, 8), 512)).toBe(0);
    expect([8, 9].map((frame) => frameState(host, frame)[1])).toEqual([0, 1]);
    expect(doSetGdt(vcpu, Int32Array.of(9), 15)).toBe(0);
    expect(frameState(host, 9)).toEqual(["seg", 1, "va", 2, 0]);
    expect(doSetGdt(vcpu, Int32Array.of(), 0)).toBe(0);
    expect(frameState(host, 9)).toEqual(["seg", 0, "va", 1, 0]);
    expectClean(host);
    expect(pin(vcpu, 1, 9)).toBe(0);
  });

  it.each([
    ["an L1 table", 10],
    ["a frame mapped writable", 11],
    ["Xen's", 1],
    ["no RAM", 32],
    ["no frame", -1],
  ])("refuses %s (%i) and keeps the old table", (_name, bad) => {
    const guest = oneGuest();
    const { host, vcpu } = guest;
    build(guest, 10, 0, 11, RW);
    expect([pin(vcpu, 1, 10), doSetGdt(vcpu, Int32Array.of(8), 1)]).toEqual([0, 0]);
    const before = everyWord(host, { history: true });
    expect(doSetGdt(vcpu, Int32Array.of(9, bad), 513)).toBe(-EINVAL);
    expect(everyWord(host, { history: true })).toBe(before);
    expectClean(host);
  });

  it.each([
    [0, 7168, -EFAULT],
    [14, 7168, 0],
    [14, 7169, -EINVAL],
    [13, 7168, -EFAULT],
    [1, 513, -EFAULT],
    [1, -1, -EINVAL],
  ])("with %i frames and %i entries answers %i", (frames, entries, rc) => {
    const { vcpu } = oneGuest();
    expect(
      doSetGdt(
        vcpu,
        Int32Array.from({ length: frames }, (_, i) => 8 + i),
        entries,
      ),
    ).toBe(rc);
  });
});

describe("a descriptor", () => {
  const PRESENT = 0x8000;
  it.each([
    ["not present", 0x0000_1234, 0x0000_0200, 0],
    ["of code, for ring 3", 0xffff, 0x00af_fb00, 0],
    ["of data, for ring 3", 0xffff, 0x00cf_f300, 0],
    ["of type 0, the second half of a call gate", 0, PRESENT | 0x6000, 0],
    ["of a call gate to the guest's own segment", 0x0033_0000, PRESENT | 0x6c00, 0],
    ["of a call gate to the local table", 0xe037_0000, PRESENT | 0x6c00, 0],
    ["of a call gate into Xen", 0xe008_0000, PRESENT | 0x6c00, -EINVAL],
    ["of a task segment", 0, PRESENT | 0x6900, -EINVAL],
    ["of a local descriptor table", 0, PRESENT | 0x6200, -EINVAL],
    ["of an interrupt gate", 0, PRESENT | 0x6e00, -EINVAL],
  ])("%s answers as Xen does", (_name, lo, hi, rc) => {
    const { host, vcpu } = oneGuest();
    host.memory.store(8, 2, lo | 0, hi);
    expect(doSetGdt(vcpu, Int32Array.of(8), 4)).toBe(rc);
    expectClean(host);
  });

  it("for an inner ring is lowered to the guest's", () => {
    const { host, vcpu } = oneGuest();
    host.memory.store(8, 1, 0xffff, 0x00af_9b00);
    expect(doSetGdt(vcpu, Int32Array.of(8), 4)).toBe(0);
    expect(host.memory.loadHi(8, 1)).toBe(0x00af_fb00);
  });
});
