import { describe, expect, it } from "vitest";
import { EINVAL, MMU_PT_UPDATE_PRESERVE_AD, formatPte, pteHi, pteLo } from "../src/index.ts";
import {
  BIG_RO,
  BIG_RW,
  RO,
  RW,
  allSchemes,
  everyWord,
  expectClean,
  frameCounts,
  frameState,
  oneGuest,
  pin,
  update,
} from "./small-host.ts";

const TABLE = 12;
const TARGET = 4;

describe("a change of soft flags alone", () => {
  it.each([
    ["accessed", 0x20],
    ["dirty", 0x40],
    ["available", 0xe00],
    ["no-execute", 1 << 23],
    ["available high", 0x7ff << 12],
  ])("%s, takes and drops nothing at any level", (_name, flag) => {
    for (const level of [1, 2, 3, 4]) {
      const { host, vcpu } = oneGuest();
      expect(pin(vcpu, level, TABLE)).toBe(0);
      expect(update(vcpu, TABLE, 0, TARGET, RW)).toBe(0);
      const before = everyWord(host, { contents: true });
      const { tableFrameGets, tableTypeGets } = host.perf;
      expect(update(vcpu, TABLE, 0, TARGET, RW | flag)).toBe(0);
      expect(everyWord(host, { contents: true })).toBe(before);
      expect([host.perf.tableFrameGets, host.perf.tableTypeGets]).toEqual([tableFrameGets, tableTypeGets]);
      const word = formatPte(host.memory.loadLo(TABLE, 0), host.memory.loadHi(TABLE, 0));
      const asked = formatPte(pteLo(TARGET, RW | flag), pteHi(TARGET, RW | flag));
      expect(BigInt(`0x${word}`) & BigInt(`0x${asked}`)).toBe(BigInt(`0x${asked}`));
    }
  });

  it("still refuses a flag that a guest may not set", () => {
    const { vcpu } = oneGuest();
    expect(pin(vcpu, 2, TABLE)).toBe(0);
    expect(update(vcpu, TABLE, 0, TARGET, RW)).toBe(0);
    expect(update(vcpu, TABLE, 0, TARGET, RW | 0x100)).toBe(-EINVAL);
  });
});

describe("a change that is not soft", () => {
  it("of RW at L1 takes or drops the writable reference", () => {
    const { host, vcpu } = oneGuest();
    expect(pin(vcpu, 1, TABLE)).toBe(0);
    expect(update(vcpu, TABLE, 0, TARGET, RO)).toBe(0);
    expect(frameState(host, TARGET)).toEqual(["none", 0, "a", 2, 0]);
    expect(update(vcpu, TABLE, 0, TARGET, RW)).toBe(0);
    expect(frameState(host, TARGET)).toEqual(["writable", 1, "va", 2, 0]);
    expect(update(vcpu, TABLE, 0, TARGET, RO)).toBe(0);
    expect(frameState(host, TARGET)).toEqual(["writable", 0, "va", 2, 0]);
  });

  it.each(allSchemes)("of RW or PSE at L2 is accounted under %s (XSA-148)", (scheme) => {
    const { host, vcpu } = oneGuest({ scheme });
    expect(pin(vcpu, 2, TABLE)).toBe(0);
    for (const flags of [BIG_RO, BIG_RW, BIG_RO, 0, BIG_RW]) {
      expect(update(vcpu, TABLE, 0, TARGET, flags)).toBe(0);
      expectClean(host);
      const types = frameCounts(host, TARGET).map(([, type]) => type);
      const held = flags === BIG_RW || (flags === BIG_RO && scheme === "xen-4.1");
      expect(types.slice(1)).toEqual(held ? [1, 1, 1] : [0, 0, 0]);
    }
    // Without PSE the same entry asks for an L1 table, which a frame that is written through a superpage cannot be.
    expect(update(vcpu, TABLE, 0, TARGET, RW)).toBe(-EINVAL);
    expect(host.memory.loadLo(TABLE, 0)).toBe(pteLo(TARGET, BIG_RW));
    expectClean(host);
  });

  it.each([3, 4])("of RW at L%i is checked: a linear entry does not become writable (XSA-182)", (level) => {
    const { host, vcpu } = oneGuest();
    expect(pin(vcpu, level, TABLE)).toBe(0);
    expect(update(vcpu, TABLE, 0, TABLE, RO)).toBe(0);
    expect(update(vcpu, TABLE, 0, TABLE, RW)).toBe(-EINVAL);
    expect(host.memory.loadLo(TABLE, 0) & 2).toBe(0);
  });

  it("of the frame takes the new reference before it drops the old one", () => {
    const { host, vcpu } = oneGuest();
    expect([pin(vcpu, 2, TABLE), update(vcpu, TABLE, 0, TARGET, RW)]).toEqual([0, 0]);
    expect(update(vcpu, TABLE, 0, TARGET + 1, RW)).toBe(0);
    expect(frameState(host, TARGET)).toEqual(["l1", 0, "a", 1, 0]);
    expect(frameState(host, TARGET + 1)).toEqual(["l1", 1, "va", 2, 0]);
  });

  it("that is refused leaves the old entry and its references", () => {
    const { host, vcpu } = oneGuest();
    expect([pin(vcpu, 2, TABLE), update(vcpu, TABLE, 0, TARGET, RW)]).toEqual([0, 0]);
    const before = everyWord(host);
    expect(update(vcpu, TABLE, 0, 1, RW)).toBe(-EINVAL);
    expect(update(vcpu, TABLE, 0, TARGET + 2, BIG_RW)).toBe(-EINVAL);
    expect(everyWord(host)).toBe(before);
  });
});

describe("MMU_PT_UPDATE_PRESERVE_AD", () => {
  it.each([1, 2, 3, 4])("keeps the old entry's accessed and dirty bits at L%i, a normal update does not", (level) => {
    const { host, vcpu } = oneGuest();
    expect(pin(vcpu, level, TABLE)).toBe(0);
    expect(update(vcpu, TABLE, 0, TARGET, RW | 0x60)).toBe(0);
    expect(update(vcpu, TABLE, 0, TARGET + 1, RW, MMU_PT_UPDATE_PRESERVE_AD)).toBe(0);
    expect(host.memory.loadLo(TABLE, 0) & 0x60).toBe(0x60);
    expect(update(vcpu, TABLE, 0, TARGET + 1, RW)).toBe(0);
    expect(host.memory.loadLo(TABLE, 0) & 0x60).toBe(level === 4 ? 0x20 : 0);
  });

  it("stores the value unchanged in a frame that is no table", () => {
    const { host, vcpu } = oneGuest();
    host.memory.store(TARGET, 1, 0x60, 0);
    expect(update(vcpu, TARGET, 1, 7, 0x1, MMU_PT_UPDATE_PRESERVE_AD)).toBe(0);
    expect(host.memory.loadLo(TARGET, 1)).toBe((7 << 12) | 1);
  });
});
