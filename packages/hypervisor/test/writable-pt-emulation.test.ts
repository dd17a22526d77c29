import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clearBitsInPageTable, pteHi, pteLo, storeToPageTable } from "../src/index.ts";
import {
  RO,
  RW,
  type SmallGuest,
  allSchemes,
  everyWord,
  expectClean,
  frameState,
  oneGuest,
  pin,
  smallHost,
  guestAt,
  update,
} from "./small-host.ts";

const TABLE = 12;
const TARGET = 4;
const OTHER = 5;

/** A guest whose frame {@link TABLE} is a pinned, empty L1 table. */
function withL1(options: Parameters<typeof oneGuest>[0] = {}): SmallGuest {
  const guest = oneGuest(options);
  expect(pin(guest.vcpu, 1, TABLE)).toBe(0);
  return guest;
}

const store = ({ vcpu }: SmallGuest, slot: number, frame: number, flags: number): boolean =>
  storeToPageTable(vcpu, TABLE, slot, pteLo(frame, flags), pteHi(frame, flags));

describe("a store to an L1 table in use", () => {
  it("takes the references of the new entry and drops those of the old, as [S XEN ptwr_emulated_update]", () => {
    const guest = withL1();
    expect(store(guest, 0, TARGET, RW)).toBe(true);
    expect(frameState(guest.host, TARGET)).toEqual(["writable", 1, "va", 2, 0]);
    expect(store(guest, 0, OTHER, RO)).toBe(true);
    expect(frameState(guest.host, TARGET)).toEqual(["writable", 0, "va", 1, 0]);
    expect(frameState(guest.host, OTHER)).toEqual(["none", 0, "a", 2, 0]);
    expect(guest.host.perf.ptwr_emulations).toBe(2);
    expectClean(guest.host);
  });

  it("of an entry that is not present drops the old one's references", () => {
    const guest = withL1();
    store(guest, 1, TARGET, RW);
    expect(storeToPageTable(guest.vcpu, TABLE, 1, 0x1234_5000, 0)).toBe(true);
    expect(guest.host.memory.loadLo(TABLE, 1)).toBe(0x1234_5000);
    expect(frameState(guest.host, TARGET)).toEqual(["writable", 0, "va", 1, 0]);
    expectClean(guest.host);
  });

  it("has no short cut for soft flags: references are taken and dropped where mmu_update takes none", () => {
    const guest = withL1();
    store(guest, 0, TARGET, RW);
    const { tableFrameGets, tableFramePuts, tableTypeGets, tableTypePuts } = guest.host.perf;
    expect(store(guest, 0, TARGET, RW | 0x20)).toBe(true);
    const { perf } = guest.host;
    expect([
      perf.tableFrameGets - tableFrameGets,
      perf.tableFramePuts - tableFramePuts,
      perf.tableTypeGets - tableTypeGets,
      perf.tableTypePuts - tableTypePuts,
    ]).toEqual([1, 1, 1, 1]);
    expectClean(guest.host);
  });

  it.each([
    ["maps a page table in use writable", TABLE, RW],
    ["has a flag that a guest may not set", TARGET, RW | 0x80],
    ["names a frame of Xen's", 0, RO],
    ["names no RAM", 0x10_0000, RO],
  ])("that %s is a page fault for the guest, with nothing changed", (_what, frame, flags) => {
    const guest = withL1();
    store(guest, 0, OTHER, RO);
    const before = everyWord(guest.host);
    expect(store(guest, 0, frame, flags)).toBe(false);
    expect(everyWord(guest.host)).toBe(before);
    expect(guest.host.perf.ptwr_emulations).toBe(1);
  });
});

describe("a store to a frame that is not an L1 table in use", () => {
  it.each([2, 3, 4])("is a page fault where it is an L%i table: only L1 is emulated [linux-facts §3.3]", (level) => {
    const guest = oneGuest();
    expect(pin(guest.vcpu, level, TABLE)).toBe(0);
    expect(store(guest, 0, TARGET, 0)).toBe(false);
    expect(guest.host.perf.ptwr_emulations).toBe(0);
  });

  it("is a page fault where nothing uses it, and a plain store where a writable mapping does", () => {
    const guest = withL1();
    expect(storeToPageTable(guest.vcpu, TARGET, 0, 7, 0)).toBe(false);
    store(guest, 0, TARGET, RW);
    expect(storeToPageTable(guest.vcpu, TARGET, 0, 0x7007, 0)).toBe(true);
    expect(guest.host.memory.loadLo(TARGET, 0)).toBe(0x7007);
    expect(guest.host.perf.ptwr_emulations).toBe(1);
    expect(clearBitsInPageTable(guest.vcpu, TARGET, 0, 2)).toBe(true);
    expect(guest.host.memory.loadLo(TARGET, 0)).toBe(0x7005);
    expect(guest.host.perf.ptwr_emulations).toBe(1);
  });

  it("is a page fault where it is another domain's table, or no frame", () => {
    const host = smallHost();
    const first = guestAt(host, 1, 3);
    const second = guestAt(host, 4, 3);
    expect(pin(first.vcpu, 1, TABLE)).toBe(0);
    expect(storeToPageTable(second.vcpu, TABLE, 0, 0, 0)).toBe(false);
    expect(storeToPageTable(second.vcpu, 1 << 20, 0, 0, 0)).toBe(false);
    expect(clearBitsInPageTable(second.vcpu, -1, 0, 2)).toBe(false);
    expectClean(host);
  });
});

describe("write protection of a forking parent's entry", () => {
  it("clears RW, drops the writable reference, and counts one emulation for each entry [linux-facts §3.3]", () => {
    const guest = withL1();
    for (const slot of [0, 1, 2]) store(guest, slot, TARGET + slot, RW);
    const { ptwr_emulations } = guest.host.perf;
    for (const slot of [0, 1, 2]) expect(clearBitsInPageTable(guest.vcpu, TABLE, slot, 2)).toBe(true);
    expect(guest.host.perf.ptwr_emulations - ptwr_emulations).toBe(3);
    for (const slot of [0, 1, 2]) {
      expect(frameState(guest.host, TARGET + slot)).toEqual(["writable", 0, "va", 2, 0]);
      expect(guest.host.memory.loadLo(TABLE, slot) & 3).toBe(1);
    }
    expectClean(guest.host);
  });

  it("of an entry that is read-only already is emulated, and stores nothing", () => {
    const guest = withL1();
    store(guest, 0, TARGET, RO);
    const before = everyWord(guest.host);
    const gets = guest.host.perf.tableFrameGets;
    expect(clearBitsInPageTable(guest.vcpu, TABLE, 0, 2)).toBe(true);
    expect(everyWord(guest.host)).toBe(before);
    expect([guest.host.perf.ptwr_emulations, guest.host.perf.tableFrameGets]).toEqual([2, gets]);
  });
});

describe.each(allSchemes)("any stores under %s", (scheme) => {
  it("leave every count as the same updates by mmu_update do, and the audit clean after each", () => {
    const entry = fc.record({
      slot: fc.nat(3),
      frame: fc.oneof(fc.integer({ min: 4, max: 15 }), fc.constantFrom(0, 40, 0x10_0000)),
      flags: fc.constantFrom(RO, RW, 0, 6, RW | 0x20, RO | 0x40, RW | 0x80, RW | 0x100),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 24 }), (entries) => {
        const [emulated, asked] = [withL1({ scheme }), withL1({ scheme })];
        for (const { slot, frame, flags } of entries) {
          const done = store(emulated, slot, frame, flags);
          expect(done).toBe(update(asked.vcpu, TABLE, slot, frame, flags) === 0);
          expectClean(emulated.host);
        }
        const leaveOut = { history: true };
        expect(everyWord(emulated.host, leaveOut)).toBe(everyWord(asked.host, leaveOut));
      }),
      { numRuns: 60 },
    );
  });
});
