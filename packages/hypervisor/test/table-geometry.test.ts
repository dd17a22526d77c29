import { describe, expect, it } from "vitest";
import { EBUSY, EINVAL, MMUEXT_CLEAR_PAGE, MMUEXT_NEW_BASEPTR, MMUEXT_NEW_USER_BASEPTR } from "../src/index.ts";
import {
  RW,
  build,
  expectClean,
  ext,
  frameState,
  oneGuest,
  pin,
  type SmallGuest,
  unpin,
  update,
} from "./small-host.ts";

/** A guest with tables of 512 entries. */
const full = (): SmallGuest => oneGuest({ tableOrder: 9 });
const presentXenSlots = ({ host }: SmallGuest, frame: number): number[] =>
  [...Array(512).keys()].filter((slot) => (host.memory.loadLo(frame, slot) & 1) !== 0);

describe("the slots 256 to 271 of an L4 table", () => {
  it("are skipped by validation and filled by Xen, whatever the guest had there", () => {
    const guest = full();
    for (const slot of [256, 257, 263, 271]) build(guest, 8, slot, 1, RW);
    build(guest, 8, 255, 9, RW);
    build(guest, 8, 272, 9, RW);
    expect(pin(guest.vcpu, 4, 8)).toBe(0);
    expect(frameState(guest.host, 9)).toEqual(["l3", 2, "va", 3, 0]);
    expect(presentXenSlots(guest, 8)).toEqual([255, 258, 260, 261, 262, 272]);
    expectClean(guest.host);
  });

  it.each([256, 258, 271])("are not the guest's to change: %i", (slot) => {
    const guest = full();
    expect(pin(guest.vcpu, 4, 8)).toBe(0);
    const before = guest.host.memory.loadLo(8, slot);
    expect(update(guest.vcpu, 8, slot, 9, RW)).toBe(-EINVAL);
    expect(update(guest.vcpu, 8, slot, 0, 0)).toBe(-EINVAL);
    expect(guest.host.memory.loadLo(8, slot)).toBe(before);
    expect([update(guest.vcpu, 8, 255, 9, RW), update(guest.vcpu, 8, 272, 9, RW)]).toEqual([0, 0]);
  });

  it.each([2, 3])("are the guest's own in an L%i table", (level) => {
    const guest = full();
    expect(pin(guest.vcpu, level, 8)).toBe(0);
    expect(update(guest.vcpu, 8, 258, 9, RW)).toBe(0);
  });

  it("shows the machine-to-physical table in slot 256 when loaded for the kernel, not for the user", () => {
    const guest = full();
    expect(ext(guest.vcpu, MMUEXT_NEW_USER_BASEPTR, 8)).toBe(0);
    expect(presentXenSlots(guest, 8)).toEqual([258, 260, 261, 262]);
    expect(ext(guest.vcpu, MMUEXT_NEW_BASEPTR, 8)).toBe(0);
    expect(presentXenSlots(guest, 8)).toEqual([256, 258, 260, 261, 262]);
    expectClean(guest.host);
  });

  it.each([
    [1, -EBUSY],
    [2, -EINVAL],
    [3, -EINVAL],
  ])("stay when the frame is no table any more: as L%i it answers %i until it is cleared", (level, rc) => {
    const guest = full();
    expect([pin(guest.vcpu, 4, 8), unpin(guest.vcpu, 8)]).toEqual([0, 0]);
    expect(pin(guest.vcpu, level, 8)).toBe(rc);
    expectClean(guest.host);
    expect([ext(guest.vcpu, MMUEXT_CLEAR_PAGE, 8), pin(guest.vcpu, level, 8)]).toEqual([0, 0]);
  });
});
