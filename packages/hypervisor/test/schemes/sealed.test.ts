import { AccessCounter, allocatePlainWords } from "@xsp/words";
import { describe, expect, it } from "vitest";
import { DOMAIN_state, DOMSTATE_dying } from "../../src/domain-words.ts";
import {
  EBUSY,
  EINVAL,
  ESRCH,
  XENMEM_decrease_reservation,
  XENMEM_populate_physmap,
  createDomain,
  destroyDomain,
  doMemoryOp,
  superpageState,
} from "../../src/index.ts";
import {
  SEALED_busy,
  SEALED_mark,
  SEALED_max_uses,
  SEALED_owner_shift,
  SEALED_readers_mask,
  SEALED_writers_mask,
} from "../../src/sealed-info.ts";
import {
  BIG_RO,
  BIG_RW,
  type SmallGuest,
  build,
  everyWord,
  expectClean,
  expectNothingLeft,
  frameCounts,
  frameState,
  guestAt,
  mark,
  oneGuest,
  pin,
  smallHost,
  unmark,
  unpin,
  update,
} from "../small-host.ts";

/*
 * What `sealed` and its variants must do, by the numbers of the list in the protocol's specification.
 */

const modes = ["sealed", "sealed-deferred", "sealed-percpu"] as const;
const HEAD = 8;
const TABLE = 24;

function guestWithTable(scheme: (typeof modes)[number]): SmallGuest {
  const guest = oneGuest({ scheme, tableOrder: 3 });
  expect(pin(guest.vcpu, 2, TABLE)).toBe(0);
  return guest;
}

describe.each(modes)("%s", (scheme) => {
  describe.each([
    ["held by writable entries", BIG_RW, false, [true, false]],
    ["held by a mark", 0, true, [true, false]],
    ["held by read-only entries", BIG_RO, false, [false]],
  ] as const)("(1) of a superpage %s", (_name, entry, marked, kinds) => {
    it.each([1, 5, 9])("a map and an unmap are one swap each, with 2^%i frames", (superpageOrder) => {
      const superpageWords = new AccessCounter();
      const frameWords = new AccessCounter();
      const host = smallHost({
        scheme,
        superpageOrder,
        superpages: 4,
        allocate: (length, name) => {
          if (name === (scheme === "sealed-percpu" ? "superpage slots" : "superpage"))
            return superpageWords.allocate(length, name);
          const perFrame = name === "count_info" || name === "type_info" || name === "owner";
          return perFrame ? frameWords.allocate(length, name) : allocatePlainWords(length);
        },
      });
      const guest = guestAt(host, 1, 2);
      const head = guest.start;
      if (marked) expect(host.scheme.mark(guest.vcpu, guest.domain, head, false)).toBe(0);
      else expect(host.scheme.map(guest.vcpu, guest.domain, head, (entry & 2) !== 0, false)).toBe(0);
      for (const writable of kinds) {
        for (const step of ["map", "unmap"] as const) {
          superpageWords.reset();
          frameWords.reset();
          if (step === "map") expect(host.scheme.map(guest.vcpu, guest.domain, head, writable, false)).toBe(0);
          else expect(host.scheme.unmap(guest.vcpu, head, writable, false)).toBe(0);
          expect(superpageWords.counts()).toMatchObject({ swaps: 1, failedSwaps: 0, stores: 0, waits: 0 });
          expect(frameWords.counts()).toMatchObject({ swaps: 0, stores: 0 });
        }
      }
    });
  });

  it("(2) takes the references with the first map of a guest that never marks, and drops them with the last unmap", () => {
    const { host, vcpu } = guestWithTable(scheme);
    const before = everyWord(host, { history: true });
    for (const slot of [0, 1, 2]) expect(update(vcpu, TABLE, slot, HEAD, BIG_RW)).toBe(0);
    expect(frameCounts(host, HEAD)).toEqual(Array.from({ length: 4 }, () => [2, 1]));
    for (const slot of [1, 0]) expect(update(vcpu, TABLE, slot, 0, 0)).toBe(0);
    expect(frameCounts(host, HEAD)).toEqual(Array.from({ length: 4 }, () => [2, 1]));
    expect(update(vcpu, TABLE, 2, 0, 0)).toBe(0);
    expect(everyWord(host, { history: true })).toBe(before);
  });

  it.each([
    ["writable", BIG_RW],
    ["read-only", BIG_RO],
  ])("(3) an unmark while %s entries exist follows the mode of the host", (_name, flags) => {
    const { host, vcpu } = guestWithTable(scheme);
    expect([mark(vcpu, HEAD), update(vcpu, TABLE, 0, HEAD, flags)]).toEqual([0, 0]);
    const before = everyWord(host);
    if (scheme !== "sealed-deferred") {
      expect(unmark(vcpu, HEAD)).toBe(-EBUSY);
      expect(everyWord(host)).toBe(before);
    } else {
      expect(unmark(vcpu, HEAD)).toBe(0);
      expect(superpageState(host, HEAD)).toMatchObject({ type: "dynamic", count: 1, marked: false });
      expect(frameCounts(host, HEAD)[2]).toEqual(flags === BIG_RW ? [2, 1] : [2, 0]);
      expect(unmark(vcpu, HEAD)).toBe(-EINVAL);
    }
    expect(update(vcpu, TABLE, 0, 0, 0)).toBe(0);
    if (scheme !== "sealed-deferred") expect(unmark(vcpu, HEAD)).toBe(0);
    expect(frameCounts(host, HEAD)).toEqual(Array.from({ length: 4 }, () => [1, 0]));
    expect(superpageState(host, HEAD)).toEqual({ type: "none", count: 0, marked: false, busy: false });
    expectClean(host);
  });

  it("(4) another domain's superpage is refused in every way, held or not, and its word never changes", () => {
    const host = smallHost({ scheme });
    const owner = guestAt(host, 1, 3);
    const other = guestAt(host, 4, 3);
    for (const guest of [owner, other]) expect(pin(guest.vcpu, 2, guest.start + 8)).toBe(0);
    const steps = [
      () => 0,
      () => update(owner.vcpu, 12, 0, 4, BIG_RO),
      () => update(owner.vcpu, 12, 1, 4, BIG_RW),
      () => mark(owner.vcpu, 4),
    ];
    for (const step of steps) {
      expect(step()).toBe(0);
      const before = everyWord(host);
      expect(update(other.vcpu, 24, 0, 4, BIG_RW)).toBe(-EINVAL);
      expect(update(other.vcpu, 24, 0, 4, BIG_RO)).toBe(-EINVAL);
      expect([mark(other.vcpu, 4), unmark(other.vcpu, 4)]).toEqual([-EINVAL, -EINVAL]);
      expect(everyWord(host)).toBe(before);
    }
  });

  it("(4) a superpage that was freed and given to another domain is the other's", () => {
    const host = smallHost({ scheme, superpages: 4 });
    const first = guestAt(host, 1, 2);
    const second = createDomain(host);
    const [vcpu] = second.vcpus;
    expect([mark(first.vcpu, 4), unmark(first.vcpu, 4)]).toEqual([0, 0]);
    const superpage = (extents: Int32Array): Parameters<typeof doMemoryOp>[2] => ({
      extents,
      nrExtents: 1,
      extentOrder: 2,
      domid: 0x7ff0,
    });
    expect(doMemoryOp(first.vcpu, XENMEM_decrease_reservation, superpage(Int32Array.of(4)))).toBe(1);
    for (;;) {
      const extents = Int32Array.of(0);
      expect(doMemoryOp(vcpu as never, XENMEM_populate_physmap, superpage(extents))).toBe(1);
      if (extents[0] === 4) break;
    }
    expect(mark(vcpu as never, 4)).toBe(0);
    expect([mark(first.vcpu, 4), unmark(first.vcpu, 4)]).toEqual([-EINVAL, -EINVAL]);
    expect(frameCounts(host, 4)[0]).toEqual([2, 1]);
    expectClean(host);
  });

  it("(4) a superpage that its owner released stays its own while it is marked", () => {
    const { host, vcpu, domain } = oneGuest({ scheme });
    const free = host.freeFrames;
    expect(mark(vcpu, HEAD)).toBe(0);
    const released = { extents: Int32Array.of(HEAD), nrExtents: 1, extentOrder: 2, domid: 0x7ff0 };
    expect(doMemoryOp(vcpu, XENMEM_decrease_reservation, released)).toBe(1);
    expect(host.freeFrames).toBe(free);
    expect(frameState(host, HEAD)).toEqual(["writable", 1, "v", 1, 0]);
    expectClean(host);
    expect(unmark(vcpu, HEAD)).toBe(0);
    expect(host.freeFrames).toBe(free + 4);
    expect(mark(vcpu, HEAD)).toBe(-EINVAL);
    expect(destroyDomain(domain)).toBe(0);
    expectNothingLeft(host, free + 28);
  });

  it("(5) a read-only entry goes over page tables, and makes no frame writable", () => {
    const { host, vcpu } = guestWithTable(scheme);
    expect(pin(vcpu, 1, HEAD + 2)).toBe(0);
    expect(update(vcpu, TABLE, 0, HEAD, BIG_RO)).toBe(0);
    expect(frameCounts(host, HEAD)).toEqual([
      [2, 0],
      [2, 0],
      [3, 1],
      [2, 0],
    ]);
    expect(pin(vcpu, 3, HEAD + 1)).toBe(0);
    expectClean(host);
  });

  it("(5) writable references come with the first writable entry or mark, and go with the last", () => {
    const { host, vcpu } = guestWithTable(scheme);
    const types = (): number => frameCounts(host, HEAD)[3]?.[1] ?? -1;
    expect(update(vcpu, TABLE, 0, HEAD, BIG_RO)).toBe(0);
    expect(types()).toBe(0);
    expect(update(vcpu, TABLE, 1, HEAD, BIG_RW)).toBe(0);
    expect(types()).toBe(1);
    expect(mark(vcpu, HEAD)).toBe(0);
    expect(update(vcpu, TABLE, 1, 0, 0)).toBe(0);
    expect(types()).toBe(1);
    expect(update(vcpu, TABLE, 0, 0, 0)).toBe(0);
    expect(types()).toBe(1);
    expect(unmark(vcpu, HEAD)).toBe(0);
    expect(frameCounts(host, HEAD)).toEqual(Array.from({ length: 4 }, () => [1, 0]));
  });

  it.each([0, 1, 2, 3])("(6) a refusal at frame %i undoes as far as the remaining users require", (frame) => {
    const { host, vcpu } = guestWithTable(scheme);
    expect(pin(vcpu, 1, HEAD + frame)).toBe(0);
    expect(update(vcpu, TABLE, 0, HEAD, BIG_RO)).toBe(0);
    const before = everyWord(host, { history: true });
    expect(update(vcpu, TABLE, 1, HEAD, BIG_RW)).toBe(-EINVAL);
    expect(update(vcpu, TABLE, 0, HEAD, BIG_RW)).toBe(-EINVAL);
    expect(mark(vcpu, HEAD)).toBe(-EINVAL);
    expect(everyWord(host, { history: true })).toBe(before);
    expectClean(host);
    expect([unpin(vcpu, HEAD + frame), mark(vcpu, HEAD)]).toEqual([0, 0]);
  });

  it.each([
    ["misaligned", HEAD + 1],
    ["out of range", 32],
    ["far out of range", 2 ** 36],
    ["Xen's", 0],
  ])("(7) a superpage that is %s is refused with EINVAL", (_name, head) => {
    const { vcpu } = guestWithTable(scheme);
    expect([mark(vcpu, head), unmark(vcpu, head)]).toEqual([-EINVAL, -EINVAL]);
    expect([update(vcpu, TABLE, 0, head, BIG_RW), update(vcpu, TABLE, 0, head, BIG_RO)]).toEqual([-EINVAL, -EINVAL]);
  });

  it("(7) a dying domain is refused", () => {
    const { host, vcpu, domain } = guestWithTable(scheme);
    domain.store(DOMAIN_state, DOMSTATE_dying);
    const before = everyWord(host, { history: true });
    expect(mark(vcpu, HEAD)).toBe(-ESRCH);
    expect(everyWord(host, { history: true })).toBe(before);
    expect(update(vcpu, TABLE, 0, HEAD, BIG_RW)).toBeLessThan(0);
    expect(everyWord(host, { history: true })).toBe(before);
  });
});

// The slots of sealed-percpu have a limit of their own, and a slot in use has no need of the word.
describe.each(["sealed", "sealed-deferred"] as const)("%s", (scheme) => {
  it.each([
    ["writable", BIG_RW, SEALED_writers_mask],
    ["read-only", BIG_RO, SEALED_readers_mask],
  ])("(7) one more %s entry than the word can count is refused with EINVAL", (_name, flags, field) => {
    const { host, vcpu } = guestWithTable(scheme);
    expect(mark(vcpu, HEAD)).toBe(0);
    const index = 2 * (HEAD >> 2);
    const word = host.superpage.load(index) | field;
    host.superpage.store(index, word);
    expect(superpageState(host, HEAD).count).toBe(SEALED_max_uses);
    expect(update(vcpu, TABLE, 0, HEAD, flags)).toBe(-EINVAL);
    expect(host.superpage.load(index)).toBe(word);
    expect(host.memory.loadLo(TABLE, 0)).toBe(0);
  });

  it("an operation on a superpage that is busy waits", () => {
    const { host, vcpu, domain } = guestWithTable(scheme);
    const busy = SEALED_busy | SEALED_mark | (domain.slot << SEALED_owner_shift);
    host.superpage.store(2 * (HEAD >> 2), busy);
    expect(superpageState(host, HEAD).busy).toBe(true);
    const { scheme: held } = host;
    expect(() => held.mark(vcpu, domain, HEAD, false)).toThrow(/deadlock/);
    expect(() => held.unmark(vcpu, domain, HEAD, false)).toThrow(/deadlock/);
    expect(() => held.map(vcpu, domain, HEAD, true, false)).toThrow(/deadlock/);
    expect(() => held.map(vcpu, domain, HEAD, false, false)).toThrow(/deadlock/);
    expect(() => held.unmap(vcpu, HEAD, true, false)).toThrow(/deadlock/);
    expect(() => held.relinquish(vcpu, domain, HEAD, false)).toThrow(/deadlock/);
    expect(host.superpage.load(2 * (HEAD >> 2))).toBe(busy);
  });
});

it("2,047 writable and as many read-only entries of one superpage are counted for real", () => {
  const guest = oneGuest({ scheme: "sealed", tableOrder: 9, superpages: 8 });
  for (let table = 12; table < 20; table++) {
    for (let slot = 0; slot < 512; slot++) build(guest, table, slot, HEAD, table < 16 ? BIG_RW : BIG_RO);
  }
  for (const table of [12, 13, 14, 16, 17, 18]) expect(pin(guest.vcpu, 2, table)).toBe(0);
  expect([pin(guest.vcpu, 2, 15), pin(guest.vcpu, 2, 19)]).toEqual([-EINVAL, -EINVAL]);
  for (const table of [15, 19]) {
    expect(update(guest.vcpu, table, 511, 0, 0)).toBe(0);
    expect(pin(guest.vcpu, 2, table)).toBe(0);
  }
  expect(superpageState(guest.host, HEAD)).toMatchObject({ type: "dynamic", count: 2 * SEALED_max_uses });
  expectClean(guest.host);
  expect(destroyDomain(guest.domain)).toBe(0);
  expectNothingLeft(guest.host, 28);
});
