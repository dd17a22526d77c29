import { describe, expect, it } from "vitest";
import {
  DOMID_COW,
  DOMID_INVALID,
  DOMID_IO,
  DOMID_SELF,
  DOMID_XEN,
  EBUSY,
  EFAULT,
  EINVAL,
  ENOSYS,
  EPERM,
  ESRCH,
  XENMEM_decrease_reservation,
  doMemoryOp,
  doMmuUpdate,
  doSetGdt,
  formatPte,
} from "../../src/index.ts";
import {
  RO,
  RW,
  type SmallGuest,
  build,
  everyWord,
  expectClean,
  frameState,
  guestAt,
  oneGuest,
  pin,
  request,
  smallHost,
  unpin,
  update,
} from "../small-host.ts";

const TABLE = 8;
const TARGET = 4;

function withTable(level = 1, privileged = false): SmallGuest {
  const guest = oneGuest({}, { privileged, domid: privileged ? 0 : 7 });
  expect(pin(guest.vcpu, level, TABLE)).toBe(0);
  return guest;
}

describe("the command in the low bits of the address", () => {
  it.each([
    ["xen-4.9", [0, 0, 0, -ENOSYS, -ENOSYS, -ENOSYS, -ENOSYS, -ENOSYS]],
    ["xen-4.6", [0, 0, 0, -ENOSYS, -ENOSYS, -ENOSYS, -ENOSYS, -ENOSYS]],
    ["xen-4.17", [0, 0, 0, 0, -ENOSYS, -ENOSYS, -ENOSYS, -ENOSYS]],
  ] as const)("is one that %s knows: %j", (version, expected) => {
    const { vcpu } = oneGuest({ version });
    expect(pin(vcpu, 1, TABLE)).toBe(0);
    expect([...Array(8).keys()].map((command) => update(vcpu, TABLE, 1, TARGET, RO, command))).toEqual(expected);
  });

  it.each([
    ["an own frame", TARGET, 0],
    ["a frame beyond memory", 40, -EINVAL],
    ["Xen's frame", 1, -EINVAL],
  ])("1 updates the machine-to-physical entry of %s: %i → %i", (_name, frame, rc) => {
    const { vcpu } = oneGuest();
    expect(update(vcpu, frame, 0, 5, 0, 1)).toBe(rc);
  });
});

describe("the frame that is updated", () => {
  it.each([
    ["another's", 28],
    ["Xen's", 1],
    ["beyond memory", 32],
    ["beyond 32 bits", 2 ** 32 + TABLE],
    ["the largest", 2 ** 52 - 1],
  ])("is refused when it is %s (%i)", (_name, frame) => {
    const host = smallHost();
    const guest = guestAt(host, 1, 6);
    guestAt(host, 7, 1);
    const before = everyWord(host);
    expect(update(guest.vcpu, frame, 0, TARGET, RO)).toBe(-EINVAL);
    expect(everyWord(host)).toBe(before);
  });

  it("is refused when it is a descriptor page", () => {
    const { vcpu } = oneGuest();
    expect(doSetGdt(vcpu, Int32Array.of(TABLE), 8)).toBe(0);
    expect(update(vcpu, TABLE, 0, TARGET, RO)).toBe(-EINVAL);
  });

  it.each([
    ["in use as nothing", () => 0],
    ["mapped writable", (g: SmallGuest) => (build(g, 9, 0, TABLE, RW), pin(g.vcpu, 1, 9))],
    ["a table that was given up", (g: SmallGuest) => (pin(g.vcpu, 3, TABLE) === 0 ? unpin(g.vcpu, TABLE) : 1)],
  ])("is written without checks when it is %s", (_name, before) => {
    const guest = oneGuest();
    expect(before(guest)).toBe(0);
    const state = frameState(guest.host, TABLE);
    expect(update(guest.vcpu, TABLE, 2, 2 ** 39, 0xff_ffff)).toBe(0);
    expect(formatPte(guest.host.memory.loadLo(TABLE, 2), guest.host.memory.loadHi(TABLE, 2))).toBe("fff8000000000fff");
    expect(frameState(guest.host, TABLE)).toEqual(state[1] > 0 ? state : ["writable", 0, "va", 1, 0]);
    expect(guest.host.perf.writable_mmu_updates).toBe(1);
  });

  it("may be a table that was released but is still in use", () => {
    const { host, vcpu } = withTable();
    const list = { extents: Int32Array.of(TABLE), nrExtents: 1, extentOrder: 0, domid: DOMID_SELF };
    expect(doMemoryOp(vcpu, XENMEM_decrease_reservation, list)).toBe(1);
    expect(update(vcpu, TABLE, 0, TARGET, RW)).toBe(0);
    expect(frameState(host, TARGET)).toEqual(["writable", 1, "va", 2, 0]);
    expectClean(host);
  });
});

describe("a batch", () => {
  const requests = Int32Array.from([
    ...request(TABLE, 0, TARGET, RO),
    ...request(TABLE, 1, TARGET + 1, RW),
    ...request(TABLE, 2, TABLE, RW),
    ...request(TABLE, 3, TARGET, RO),
  ]);

  it("stops at the first error, says how many were done, and keeps those", () => {
    const { host, vcpu } = withTable();
    expect(doMmuUpdate(vcpu, requests, 4, DOMID_SELF)).toBe(-EBUSY);
    expect(vcpu.done).toBe(2);
    expect([TARGET, TARGET + 1].map((frame) => frameState(host, frame)[3])).toEqual([2, 2]);
    expect(host.memory.loadLo(TABLE, 3)).toBe(0);
    expect(host.perf.num_page_updates).toBe(2);
    expectClean(host);
  });

  it("of no requests does nothing", () => {
    const { vcpu } = withTable();
    vcpu.done = 9;
    expect([doMmuUpdate(vcpu, requests, 0, DOMID_SELF), vcpu.done]).toEqual([0, 0]);
  });

  it("longer than its memory faults where the memory ends", () => {
    const { vcpu } = withTable();
    expect([doMmuUpdate(vcpu, requests.slice(0, 8), 3, DOMID_SELF), vcpu.done]).toEqual([-EFAULT, 2]);
    expect([doMmuUpdate(vcpu, requests.slice(0, 7), 2, DOMID_SELF), vcpu.done]).toEqual([-EFAULT, 1]);
  });
});

describe("the domain argument", () => {
  it.each([
    ["self", DOMID_SELF, 0],
    ["the own id", 0, -ESRCH],
    ["an unknown id", 5, -ESRCH],
    ["I/O", DOMID_IO, 0],
    ["Xen", DOMID_XEN, 0],
    ["copy-on-write", DOMID_COW, -ESRCH],
    ["invalid", DOMID_INVALID, -ESRCH],
    ["the largest", 0x7fff, -ESRCH],
    ["tables of the own id", (1 << 16) | DOMID_SELF, 0],
    ["tables of an unknown domain", (2 << 16) | DOMID_SELF, -ESRCH],
    ["tables of I/O", (0x7ff2 << 16) | DOMID_SELF, -ESRCH],
  ])("%s (%i) of a privileged guest, clearing an entry, answers %i", (_name, domid, rc) => {
    const { vcpu } = withTable(1, true);
    expect(update(vcpu, TABLE, 0, 0, 0, 0, domid)).toBe(rc);
    expect(update(vcpu, TABLE, 0, 0, 0, 5, domid)).toBe(rc === 0 ? -ENOSYS : rc);
  });

  it.each([DOMID_IO, DOMID_XEN])("%i is not for a guest without privileges", (domid) => {
    const { vcpu } = withTable();
    expect(update(vcpu, TABLE, 0, 0, 0, 0, domid)).toBe(-EPERM);
  });

  it("I/O refuses RAM of one's own with EBUSY", () => {
    const { vcpu } = withTable(1, true);
    expect([RO, RW].map((flags) => update(vcpu, TABLE, 0, TARGET, flags, 0, DOMID_IO))).toEqual([-EBUSY, -EBUSY]);
    expect(update(vcpu, TABLE, 0, 1000, RW, 0, DOMID_IO)).toBe(0);
  });

  it("lets a privileged guest map another's frames, and update another's tables with them", () => {
    const host = smallHost();
    const dom0 = guestAt(host, 1, 2, { privileged: true, domid: 0 });
    const user = guestAt(host, 3, 2, { domid: 3 });
    expect([pin(dom0.vcpu, 1, 4), pin(user.vcpu, 1, 12)]).toEqual([0, 0]);
    expect(update(dom0.vcpu, 4, 0, 13, RW, 0, 3)).toBe(0);
    expect(frameState(host, 13)).toEqual(["writable", 1, "va", 2, 0]);
    expect(update(dom0.vcpu, 12, 1, 14, RW, 0, (4 << 16) | 3)).toBe(0);
    expect(update(dom0.vcpu, 12, 2, 5, RW, 0, (4 << 16) | 3)).toBe(-EBUSY);
    expectClean(host);
    expect(update(user.vcpu, 4, 0, 0, 0, 0, (1 << 16) | DOMID_SELF)).toBe(-EPERM);
    expect(update(user.vcpu, 12, 0, 5, RO, 0, 0)).toBe(-EPERM);
    expectClean(host);
  });
});
