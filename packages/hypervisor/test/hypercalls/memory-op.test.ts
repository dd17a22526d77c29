import { describe, expect, it } from "vitest";
import {
  DOMID_SELF,
  EINVAL,
  ENOMEM,
  ENOSYS,
  EPERM,
  ESRCH,
  type MemoryReservation,
  XENMEM_decrease_reservation,
  XENMEM_exchange,
  XENMEM_increase_reservation,
  XENMEM_populate_physmap,
  createDomain,
  destroyDomain,
  doMemoryOp,
  ownerOf,
} from "../../src/index.ts";
import {
  RO,
  RW,
  build,
  everyWord,
  expectClean,
  expectNothingLeft,
  frameState,
  guestAt,
  mark,
  oneGuest,
  pin,
  smallHost,
  unmark,
  unpin,
  update,
  vcpuOf,
} from "../small-host.ts";

function list(frames: readonly number[], extentOrder = 0, domid = DOMID_SELF): MemoryReservation {
  return { extents: Int32Array.from(frames), nrExtents: frames.length, extentOrder, domid };
}

describe.each([
  ["populate_physmap", XENMEM_populate_physmap],
  ["increase_reservation", XENMEM_increase_reservation],
])("%s", (_name, command) => {
  it.each([0, 1, 2, 3])("allocates aligned extents of order %i, each frame with the owner's own reference", (order) => {
    const host = smallHost();
    const domain = createDomain(host);
    const reservation = list([0, 0], order);
    expect(doMemoryOp(vcpuOf(domain), command, reservation)).toBe(2);
    const frames = [...reservation.extents].flatMap((first) => [...Array(2 ** order).keys()].map((i) => first + i));
    expect(new Set(frames).size).toBe(2 * 2 ** order);
    for (const first of reservation.extents) expect(first % 2 ** order).toBe(0);
    for (const frame of frames) {
      expect([frameState(host, frame), ownerOf(host, frame)]).toEqual([["none", 0, "a", 1, 0], domain.domid]);
    }
    expect(host.freeFrames).toBe(28 - 2 * 2 ** order);
    expectClean(host);
  });

  it("stops where memory ends and answers how many extents were done", () => {
    const host = smallHost();
    const domain = createDomain(host);
    expect(
      doMemoryOp(
        vcpuOf(domain),
        command,
        list(
          Array.from({ length: 9 }, () => 0),
          2,
        ),
      ),
    ).toBe(7);
    expect(doMemoryOp(vcpuOf(domain), command, list([0]))).toBe(0);
    expect(host.freeFrames).toBe(0);
    expectClean(host);
  });

  it("stops at the domain's limit", () => {
    const host = smallHost();
    const domain = createDomain(host, { maxFrames: 5 });
    expect(doMemoryOp(vcpuOf(domain), command, list([0, 0], 2))).toBe(1);
    expect(doMemoryOp(vcpuOf(domain), command, list([0, 0]))).toBe(1);
    expectClean(host);
  });
});

describe("decrease_reservation", () => {
  it("gives frames back to the heap", () => {
    const { host, vcpu } = oneGuest();
    expect(doMemoryOp(vcpu, XENMEM_decrease_reservation, list([4, 9]))).toBe(2);
    expect(doMemoryOp(vcpu, XENMEM_decrease_reservation, list([12], 2))).toBe(1);
    expect(host.freeFrames).toBe(6);
    expect(ownerOf(host, 13)).toBeUndefined();
    expectClean(host);
  });

  it.each([
    ["mapped", (g: ReturnType<typeof oneGuest>) => (build(g, 9, 0, 8, RW), pin(g.vcpu, 1, 9))],
    ["pinned", (g: ReturnType<typeof oneGuest>) => pin(g.vcpu, 3, 8)],
    ["marked", (g: ReturnType<typeof oneGuest>) => mark(g.vcpu, 8)],
  ])("leaves a frame that is %s with its owner until the last reference goes", (how, use) => {
    const guest = oneGuest();
    const { host, vcpu } = guest;
    expect(use(guest)).toBe(0);
    const [type, typeCount, , general] = frameState(host, 8);
    expect(doMemoryOp(vcpu, XENMEM_decrease_reservation, list([8]))).toBe(1);
    expect(frameState(host, 8)).toEqual([type, typeCount, how === "pinned" ? "vp" : "v", general - 1, 0]);
    expect([ownerOf(host, 8), host.freeFrames]).toEqual([1, 0]);
    expectClean(host);
    expect(doMemoryOp(vcpu, XENMEM_decrease_reservation, list([8]))).toBe(1);
    expect(frameState(host, 8)[3]).toBe(general - 1);
    expectClean(host);
    if (how === "mapped") expect(update(vcpu, 9, 0, 0, 0)).toBe(0);
    else if (how === "pinned") expect(unpin(vcpu, 8)).toBe(0);
    else expect(unmark(vcpu, 8)).toBe(0);
    expect([ownerOf(host, 8), host.freeFrames]).toEqual([undefined, 1]);
    expectClean(host);
  });

  it("lets a released frame that is still in use be mapped, retyped and pinned as before", () => {
    const guest = oneGuest();
    const { host, vcpu } = guest;
    build(guest, 9, 0, 8, RO);
    expect(pin(vcpu, 1, 9)).toBe(0);
    expect(doMemoryOp(vcpu, XENMEM_decrease_reservation, list([8]))).toBe(1);
    expect([update(vcpu, 9, 1, 8, RW), update(vcpu, 9, 1, 8, RO), pin(vcpu, 2, 8)]).toEqual([0, 0, 0]);
    expectClean(host);
  });

  it("stops at a frame that is not the domain's", () => {
    for (const bad of [1, 32, -1, 2 ** 31 - 1]) {
      const { host, vcpu } = oneGuest();
      expect(doMemoryOp(vcpu, XENMEM_decrease_reservation, list([4, bad, 5]))).toBe(1);
      expect(host.freeFrames).toBe(1);
    }
  });
});

describe("exchange", () => {
  it("gives scattered frames for a contiguous extent", () => {
    const host = smallHost();
    const guest = guestAt(host, 1, 3);
    const out = list([0], 1);
    const free = host.freeFrames;
    expect(doMemoryOp(guest.vcpu, XENMEM_exchange, { in: list([5, 10]), out })).toBe(0);
    const first = out.extents[0] ?? -1;
    expect(first % 2).toBe(0);
    expect([5, 10, first, first + 1].map((frame) => ownerOf(host, frame))).toEqual([undefined, undefined, 1, 1]);
    expect(host.freeFrames).toBe(free);
    expectClean(host);
  });

  it.each([
    ["mapped", 8],
    ["a page table", 9],
    ["another's", 28],
    ["Xen's", 1],
    ["given twice", 5],
  ])("refuses a frame that is %s (%i), and changes nothing", (_name, frame) => {
    const host = smallHost();
    const guest = guestAt(host, 1, 4);
    guestAt(host, 7, 1);
    build(guest, 9, 0, 8, RO);
    expect(pin(guest.vcpu, 1, 9)).toBe(0);
    const before = everyWord(host);
    expect(doMemoryOp(guest.vcpu, XENMEM_exchange, { in: list([5, frame]), out: list([0], 1) })).toBe(-EINVAL);
    expect(everyWord(host)).toBe(before);
    expectClean(host);
  });

  it("without memory for the new extents changes nothing", () => {
    const { host, vcpu } = oneGuest();
    const before = everyWord(host);
    expect(doMemoryOp(vcpu, XENMEM_exchange, { in: list([5, 9]), out: list([0], 1) })).toBe(-ENOMEM);
    expect(everyWord(host)).toBe(before);
  });

  it("keeps the chunks that were done when a later one fails, and says how many extents they had", () => {
    const host = smallHost();
    const guest = guestAt(host, 1, 4);
    // Three chunks of two frames each; the first of the third is mapped.
    build(guest, 9, 0, 8, RO);
    expect(pin(guest.vcpu, 1, 9)).toBe(0);
    const out = list([0, 0, 0], 1);
    const free = host.freeFrames;
    expect(doMemoryOp(guest.vcpu, XENMEM_exchange, { in: list([5, 10, 6, 11, 8, 7]), out })).toBe(-EINVAL);
    expect(guest.vcpu.done).toBe(4);
    expect([5, 10, 6, 11].map((frame) => ownerOf(host, frame))).toEqual(Array(4).fill(undefined));
    expect([8, 7].map((frame) => ownerOf(host, frame))).toEqual([1, 1]);
    expect([out.extents[2], host.freeFrames]).toEqual([0, free]);
    expectClean(host);
  });

  it("gives single frames for an extent", () => {
    const host = smallHost();
    const guest = guestAt(host, 1, 4);
    const out = list([0, 0, 0, 0]);
    expect(doMemoryOp(guest.vcpu, XENMEM_exchange, { in: list([4, 6], 1), out })).toBe(0);
    expect(guest.vcpu.done).toBe(2);
    expect([4, 5, 6, 7].filter((frame) => ownerOf(host, frame) === 1 && !out.extents.includes(frame))).toEqual([]);
    expect([...out.extents].map((frame) => ownerOf(host, frame))).toEqual([1, 1, 1, 1]);
    expectClean(host);
  });

  it.each([
    ["in", list([4], 10), list([0])],
    ["out", list([4]), list([0], 10)],
  ])("of an order that a guest may not ask for (%s) is EPERM", (_side, given, wanted) => {
    const { host, vcpu } = oneGuest();
    const before = everyWord(host);
    expect(doMemoryOp(vcpu, XENMEM_exchange, { in: given, out: wanted })).toBe(-EPERM);
    expect(everyWord(host)).toBe(before);
  });

  it.each([
    ["different sizes", list([4, 5, 6]), list([0], 1), -EINVAL],
    ["unknown domains", list([4, 5], 0, 99), list([0], 1), -ESRCH],
  ])("of %s is refused", (_name, given, wanted, rc) => {
    const { vcpu } = oneGuest();
    expect(doMemoryOp(vcpu, XENMEM_exchange, { in: given, out: wanted })).toBe(rc);
  });
});

it("the own id means oneself, and another domain is only for the privileged", () => {
  const host = smallHost();
  const dom0 = guestAt(host, 1, 1, { privileged: true, domid: 0 });
  const user = guestAt(host, 2, 1, { domid: 3 });
  expect(doMemoryOp(user.vcpu, XENMEM_decrease_reservation, list([8], 0, 3))).toBe(1);
  expect(doMemoryOp(user.vcpu, XENMEM_decrease_reservation, list([4], 0, 0))).toBe(0);
  expect(doMemoryOp(dom0.vcpu, XENMEM_decrease_reservation, list([9], 0, 3))).toBe(1);
  expect(doMemoryOp(dom0.vcpu, XENMEM_decrease_reservation, list([4], 0, 99))).toBe(0);
  expectClean(host);
});

it.each([2, 7, -1, 99])("command %i is unknown", (command) => {
  expect(doMemoryOp(oneGuest().vcpu, command, list([4]))).toBe(-ENOSYS);
});

it("what a dead domain released while another used it is free once and for all", () => {
  const host = smallHost();
  const free = host.freeFrames;
  const guest = guestAt(host, 1, 4);
  build(guest, 9, 0, 8, RW);
  expect(pin(guest.vcpu, 1, 9)).toBe(0);
  expect(doMemoryOp(guest.vcpu, XENMEM_decrease_reservation, list([8, 9]))).toBe(2);
  expect(destroyDomain(guest.domain)).toBe(0);
  expectNothingLeft(host, free);
});
