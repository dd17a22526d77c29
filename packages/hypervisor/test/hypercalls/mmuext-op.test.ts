import { describe, expect, it } from "vitest";
import {
  DOMID_COW,
  DOMID_IO,
  DOMID_SELF,
  DOMID_XEN,
  EFAULT,
  EINVAL,
  ENOSYS,
  EPERM,
  ESRCH,
  MMUEXT_CLEAR_PAGE,
  MMUEXT_COPY_PAGE,
  MMUEXT_NEW_BASEPTR,
  MMUEXT_NEW_USER_BASEPTR,
  MMUEXT_SET_LDT,
  MMUEXT_TLB_FLUSH_ALL,
  MMUEXT_TLB_FLUSH_LOCAL,
  MMUEXT_TLB_FLUSH_MULTI,
  doMmuextOp,
} from "../../src/index.ts";
import { VCPU_guest_table, VCPU_guest_table_user, VCPU_ldt_ents } from "../../src/vcpu-words.ts";
import {
  BIG_RW,
  RW,
  build,
  everyWord,
  expectClean,
  ext,
  frameState,
  guestAt,
  oneGuest,
  operation,
  pin,
  smallHost,
  unpin,
  vcpuOf,
} from "../small-host.ts";

const TABLE = 8;

describe("pin and unpin", () => {
  it.each([1, 2, 3, 4])("at L%i hold a general and a type reference in the name of the flag", (level) => {
    const { host, vcpu } = oneGuest();
    expect(pin(vcpu, level, TABLE)).toBe(0);
    expect(frameState(host, TABLE)).toEqual([`l${level}`, 1, "vpa", 2, 0]);
    expectClean(host);
    const before = everyWord(host);
    for (const again of [1, 2, 3, 4]) expect(pin(vcpu, again, TABLE)).toBe(-EINVAL);
    expect(everyWord(host)).toBe(before);
    expect(unpin(vcpu, TABLE)).toBe(0);
    expect(frameState(host, TABLE)).toEqual([`l${level}`, 0, "a", 1, 0]);
    expect(unpin(vcpu, TABLE)).toBe(-EINVAL);
    expectClean(host);
  });

  it.each([
    ["another's", 28],
    ["Xen's", 1],
    ["beyond memory", 32],
    ["beyond 32 bits", 2 ** 32 + TABLE],
    ["beyond 52 bits", 2 ** 52 + TABLE],
    ["the largest number", 2 ** 63],
  ])("refuse a frame that is %s (%i)", (_name, frame) => {
    const host = smallHost();
    const guest = guestAt(host, 1, 6);
    guestAt(host, 7, 1);
    const before = everyWord(host);
    for (const command of [0, 1, 2, 3, 4, 5, 15, MMUEXT_CLEAR_PAGE]) {
      expect([command, ext(guest.vcpu, command, frame)]).toEqual([command, -EINVAL]);
    }
    expect(ext(guest.vcpu, MMUEXT_COPY_PAGE, TABLE, frame)).toBe(-EINVAL);
    expect(ext(guest.vcpu, MMUEXT_COPY_PAGE, frame, TABLE)).toBe(-EINVAL);
    expect(everyWord(host)).toBe(before);
  });

  it("refuse a frame in use as something else", () => {
    const guest = oneGuest();
    build(guest, 9, 0, TABLE, RW);
    expect([pin(guest.vcpu, 1, 9), pin(guest.vcpu, 1, TABLE), pin(guest.vcpu, 2, 9)]).toEqual([0, -EINVAL, -EINVAL]);
    expectClean(guest.host);
  });
});

describe.each([
  ["kernel", MMUEXT_NEW_BASEPTR, VCPU_guest_table],
  ["user", MMUEXT_NEW_USER_BASEPTR, VCPU_guest_table_user],
] as const)("the %s root", (_name, command, field) => {
  it("holds a general and an L4 reference, and gives the old root's back", () => {
    const { host, vcpu } = oneGuest();
    expect(ext(vcpu, command, TABLE)).toBe(0);
    expect(frameState(host, TABLE)).toEqual(["l4", 1, "va", 2, 0]);
    expect(vcpu.load(field)).toBe(TABLE);
    expectClean(host);
    const before = everyWord(host);
    expect(ext(vcpu, command, TABLE)).toBe(0);
    expect(everyWord(host, {}).replaceAll(/domain .*/g, "")).toBe(before.replaceAll(/domain .*/g, ""));
    expect(ext(vcpu, command, TABLE + 1)).toBe(0);
    expect(frameState(host, TABLE)).toEqual(["l4", 0, "a", 1, 0]);
    expectClean(host);
  });

  it("stays when the new one is refused", () => {
    const guest = oneGuest();
    const { host, vcpu } = guest;
    build(guest, 9, 3, 1, RW);
    expect([ext(vcpu, command, TABLE), pin(vcpu, 3, 10)]).toEqual([0, 0]);
    for (const frame of [9, 10, 1, 32]) expect(ext(vcpu, command, frame)).toBe(-EINVAL);
    expect(vcpu.load(field)).toBe(TABLE);
    expectClean(host);
  });

  it("is as independent of the pin as the pin of it", () => {
    const { host, vcpu } = oneGuest();
    expect([ext(vcpu, command, TABLE), pin(vcpu, 4, TABLE), unpin(vcpu, TABLE)]).toEqual([0, 0, 0]);
    expect(frameState(host, TABLE)).toEqual(["l4", 1, "va", 2, 0]);
    expectClean(host);
  });
});

it("a user root of 0 means none", () => {
  const { host, vcpu } = oneGuest();
  expect(ext(vcpu, MMUEXT_NEW_USER_BASEPTR, 0)).toBe(0);
  expect([ext(vcpu, MMUEXT_NEW_USER_BASEPTR, TABLE), ext(vcpu, MMUEXT_NEW_USER_BASEPTR, 0)]).toEqual([0, 0]);
  expect(vcpu.load(VCPU_guest_table_user)).toBe(-1);
  expect(frameState(host, TABLE)[1]).toBe(0);
  expect(ext(vcpu, MMUEXT_NEW_BASEPTR, 0)).toBe(-EINVAL);
});

describe("clear and copy", () => {
  it("write the frame as a writable one", () => {
    const guest = oneGuest();
    const { host, vcpu } = guest;
    build(guest, 9, 1, 77, 0x123);
    expect(ext(vcpu, MMUEXT_COPY_PAGE, TABLE, 9)).toBe(0);
    expect(host.memory.loadLo(TABLE, 1)).toBe(host.memory.loadLo(9, 1));
    expect(frameState(host, TABLE)).toEqual(["writable", 0, "va", 1, 0]);
    expect(frameState(host, 9)).toEqual(["none", 0, "a", 1, 0]);
    expect(ext(vcpu, MMUEXT_CLEAR_PAGE, 9)).toBe(0);
    expect(host.memory.loadLo(9, 1)).toBe(0);
    expect(frameState(host, 9)).toEqual(["writable", 0, "va", 1, 0]);
  });

  it("refuse a page table as destination, and read one as source", () => {
    const { host, vcpu } = oneGuest();
    expect(pin(vcpu, 1, 9)).toBe(0);
    const before = everyWord(host);
    expect([ext(vcpu, MMUEXT_CLEAR_PAGE, 9), ext(vcpu, MMUEXT_COPY_PAGE, 9, TABLE)]).toEqual([-EINVAL, -EINVAL]);
    expect(everyWord(host)).toBe(before);
    expect(ext(vcpu, MMUEXT_COPY_PAGE, TABLE, 9)).toBe(0);
    expectClean(host);
  });
});

it.each([
  ["none at all, at any address", 0, 0x123, 0],
  ["none in Xen's part", 0, -1, 0],
  ["8192 entries", 8192, 0x1000, 0],
  ["8193 entries", 8193, 0x1000, -EINVAL],
  ["an address inside a page", 8, 0x1008, -EINVAL],
  ["an address in Xen's part", 8, 0xffff_8000 * 2 ** 32, -EINVAL],
  ["the last address of Xen's part", 8, 0xffff_87ff * 2 ** 32, -EINVAL],
  ["the first address behind Xen's part", 8, 0xffff_8800 * 2 ** 32, 0],
  ["an address that is not canonical", 8, 0x8000 * 2 ** 32, -EINVAL],
])("an LDT of %s (%i entries) answers %i", (_name, entries, address, rc) => {
  const { vcpu } = oneGuest();
  expect(ext(vcpu, MMUEXT_SET_LDT, address, entries)).toBe(rc);
  expect(vcpu.load(VCPU_ldt_ents)).toBe(rc === 0 ? entries : 0);
});

it("flushes go to the calling CPU or to all that run the domain", () => {
  const { host, domain } = oneGuest({}, { vcpus: 2 });
  for (const vcpu of domain.vcpus) expect(ext(vcpu, MMUEXT_NEW_BASEPTR, TABLE)).toBe(0);
  for (const [command, flushed] of [
    [MMUEXT_TLB_FLUSH_LOCAL, 1],
    [MMUEXT_TLB_FLUSH_MULTI, 2],
    [MMUEXT_TLB_FLUSH_ALL, 2],
    [7, 0],
    [9, 0],
    [11, 0],
  ] as const) {
    const before = host.perf.tlbFlushes;
    expect(ext(vcpuOf(domain), command, TABLE)).toBe(0);
    expect(host.perf.tlbFlushes - before).toBe(flushed);
  }
});

describe("the domain argument", () => {
  it.each([
    ["pin L1", 0, -EINVAL],
    ["pin L4", 3, -EINVAL],
    ["unpin", 4, -EINVAL],
    ["new base", 5, -EPERM],
    ["flush", 6, -EPERM],
    ["flush cache", 12, -EPERM],
    ["LDT", 13, -EPERM],
    ["new user base", 15, -EPERM],
    ["clear", 16, -EINVAL],
    ["copy", 17, -EINVAL],
    ["flush cache everywhere", 18, -EPERM],
    ["mark", 19, -EPERM],
    ["unmark", 20, -EPERM],
    ["an unknown command", 21, -ENOSYS],
  ])("I/O or Xen with %s (%i) answers %i to a privileged guest", (_name, command, rc) => {
    const { vcpu } = oneGuest({}, { privileged: true });
    expect(ext(vcpu, command, TABLE, 9, DOMID_IO)).toBe(rc);
    expect(ext(vcpu, command, TABLE, 9, DOMID_XEN)).toBe(rc);
  });

  it("is looked at before the command", () => {
    const { vcpu } = oneGuest({}, { privileged: true, domid: 0 });
    for (const domid of [0, 1, DOMID_COW, 0x7fff]) expect(ext(vcpu, 999, 0, 0, domid)).toBe(-ESRCH);
  });

  it("lets a privileged guest pin another's tables, and nobody else", () => {
    const host = smallHost();
    const dom0 = guestAt(host, 1, 2, { privileged: true, domid: 0 });
    const user = guestAt(host, 3, 2, { domid: 3 });
    expect(ext(dom0.vcpu, 1, 12, 0, 3)).toBe(0);
    expect(frameState(host, 12)).toEqual(["l2", 1, "vpa", 2, 0]);
    expect(ext(user.vcpu, 1, 4, 0, 0)).toBe(-EPERM);
    expect(ext(dom0.vcpu, 4, 12, 0, 3)).toBe(0);
    expectClean(host);
  });
});

it.each([14, 21, 31, 100, 0x7fff_ffff, -1])("command %i is unknown", (command) => {
  const { vcpu } = oneGuest();
  expect(ext(vcpu, command, TABLE)).toBe(-ENOSYS);
});

describe("several operations in one call", () => {
  it("stop at the first error and say how many were done", () => {
    const guest = oneGuest();
    build(guest, TABLE, 0, 4, BIG_RW);
    const operations = Int32Array.from(
      [operation(1, TABLE), operation(19, 4), operation(19, 4), operation(4, TABLE)].flat(),
    );
    expect([doMmuextOp(guest.vcpu, operations, 4, DOMID_SELF), guest.vcpu.done]).toEqual([-EINVAL, 2]);
    expect(frameState(guest.host, TABLE)[2]).toBe("vpa");
    expect(guest.host.perf.num_mmuext_ops).toBe(2);
    expectClean(guest.host);
  });

  it("may be none, and fault where their memory ends", () => {
    const { vcpu } = oneGuest();
    const operations = Int32Array.from([operation(1, TABLE), operation(4, TABLE)].flat());
    expect([doMmuextOp(vcpu, operations, 0, DOMID_SELF), vcpu.done]).toEqual([0, 0]);
    expect([doMmuextOp(vcpu, operations, 3, DOMID_SELF), vcpu.done]).toEqual([-EFAULT, 2]);
  });
});
