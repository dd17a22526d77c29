import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  EBUSY,
  EINVAL,
  ENOSYS,
  EOPNOTSUPP,
  EPERM,
  ESRCH,
  DOMID_IO,
  DOMID_SELF,
  MMUEXT_MARK_SUPER,
  MMUEXT_UNMARK_SUPER,
  allocateFramesAt,
  createDomain,
  destroyDomain,
  doSetGdt,
  schemeByName,
  schemeHasMarks,
  schemeNames,
  superpageState,
} from "../../src/index.ts";
import {
  BIG_RO,
  BIG_RW,
  RW,
  type SmallGuest,
  allSchemes,
  build,
  everyWord,
  expectClean,
  expectNothingLeft,
  ext,
  frameCounts,
  guestAt,
  mark,
  markingSchemes,
  oneGuest,
  pin,
  smallHost,
  unmark,
  unpin,
  update,
} from "../small-host.ts";
import { type Operation, SuperpageModel, operations } from "./superpage-model.ts";

const HEAD = 8;
const TABLE = 24;

/** A guest with an empty L2 table pinned, and in lowmem an L1 table that maps the superpage's frames writable. */
function guestWith(scheme: (typeof allSchemes)[number], base: number, tableOrder = 3): SmallGuest {
  const guest = oneGuest({ scheme, superpages: 8, tableOrder });
  if (base > 0) for (let i = 0; i < guest.size; i++) build(guest, TABLE + 1, i, HEAD + i, RW);
  expect([pin(guest.vcpu, 1, TABLE + 1), pin(guest.vcpu, 2, TABLE)]).toEqual([0, 0]);
  return guest;
}

/** Runs an operation by hypercall; maps go to free slots of the table. */
function run({ vcpu, host }: SmallGuest, operation: Operation): number {
  const slots = [...Array(host.memory.entries).keys()].map((slot) => host.memory.loadLo(TABLE, slot) & 0x83);
  switch (operation) {
    case "map RW":
      return update(vcpu, TABLE, slots.indexOf(0), HEAD, BIG_RW);
    case "map RO":
      return update(vcpu, TABLE, slots.indexOf(0), HEAD, BIG_RO);
    case "unmap RW":
      return update(vcpu, TABLE, slots.indexOf(0x83), 0, 0);
    case "unmap RO":
      return update(vcpu, TABLE, slots.indexOf(0x81), 0, 0);
    case "mark":
      return mark(vcpu, HEAD);
    case "unmark":
      return unmark(vcpu, HEAD);
  }
}

describe.each(allSchemes)("%s", (scheme) => {
  it.each([0, 1])("answers and holds what its description says, from a writable count of %i", (base) => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...operations), { maxLength: 30 }), (program) => {
        const guest = guestWith(scheme, base);
        const model = new SuperpageModel(scheme, base);
        for (const operation of program) {
          const full = operation.startsWith("map") && model.uses === guest.host.memory.entries;
          if (full || !model.documented(operation)) continue;
          expect([operation, run(guest, operation)]).toEqual([operation, model.apply(operation)]);
          expect(frameCounts(guest.host, HEAD)).toEqual(model.counts(guest.size));
          expect(superpageState(guest.host, HEAD)).toEqual(model.state());
          expectClean(guest.host);
        }
      }),
      { numRuns: 60, seed: 2010 },
    );
  });

  it.each([0, 1, 2, 3])("gives everything back when frame %i is a page table", (frame) => {
    const guest = guestWith(scheme, 0);
    expect(pin(guest.vcpu, 1, HEAD + frame)).toBe(0);
    const before = everyWord(guest.host, { history: true });
    expect(run(guest, "map RW")).toBe(-EINVAL);
    if (schemeHasMarks(scheme)) expect(run(guest, "mark")).toBe(-EINVAL);
    if (scheme === "xen-4.1") expect(run(guest, "map RO")).toBe(-EINVAL);
    expect(everyWord(guest.host, { history: true })).toBe(before);
    expectClean(guest.host);
  });

  it.each([0, 2, 3])("refuses a superpage with a descriptor page at frame %i, and changes nothing", (frame) => {
    const guest = guestWith(scheme, 0);
    expect(doSetGdt(guest.vcpu, Int32Array.of(HEAD + frame), 8)).toBe(0);
    const before = everyWord(guest.host, { history: true });
    expect(run(guest, "map RW")).toBe(-EINVAL);
    if (schemeHasMarks(scheme)) expect(run(guest, "mark")).toBe(-EINVAL);
    expect(everyWord(guest.host, { history: true })).toBe(before);
  });

  it.each([0, 1, 3])("refuses a superpage whose frame %i is another's, and changes nothing", (frame) => {
    const host = smallHost({ scheme });
    const guest = guestAt(host, 6, 1);
    const other = createDomain(host);
    for (let i = 0; i < 4; i++) {
      expect(allocateFramesAt(i === frame ? other : guest.domain, HEAD + i, 1)).toBe(true);
    }
    expect(pin(guest.vcpu, 2, TABLE)).toBe(0);
    const before = everyWord(host, { history: true });
    expect([run(guest, "map RW"), run(guest, "map RO")]).toEqual([-EINVAL, -EINVAL]);
    if (schemeHasMarks(scheme)) expect(run(guest, "mark")).toBe(-EINVAL);
    expect(everyWord(host, { history: true })).toBe(before);
  });

  it("refuses a page table or descriptor page inside a superpage that is mapped writable", () => {
    const guest = guestWith(scheme, 0);
    expect(run(guest, "map RW")).toBe(0);
    const before = everyWord(guest.host);
    for (let i = 0; i < guest.size; i++) {
      for (const level of [1, 2, 3, 4]) expect(pin(guest.vcpu, level, HEAD + i)).toBe(-EINVAL);
      expect(doSetGdt(guest.vcpu, Int32Array.of(HEAD + i), 8)).toBe(-EINVAL);
      expect(update(guest.vcpu, TABLE, 3, HEAD + i, RW)).toBe(-EINVAL);
    }
    expect(everyWord(guest.host)).toBe(before);
    expect(run(guest, "unmap RW")).toBe(0);
    expect(pin(guest.vcpu, 1, HEAD + 3)).toBe(0);
  });

  it("accounts the superpage entries of a table when it is pinned and unpinned", () => {
    const guest = guestWith(scheme, 0);
    for (const slot of [0, 2, 5]) build(guest, TABLE + 2, slot, HEAD, slot === 2 ? BIG_RO : BIG_RW);
    const before = everyWord(guest.host, { history: true, contents: true });
    const model = new SuperpageModel(scheme, 0);
    for (const operation of ["map RW", "map RO", "map RW"] as const) model.apply(operation);
    expect(pin(guest.vcpu, 2, TABLE + 2)).toBe(0);
    expect(frameCounts(guest.host, HEAD)).toEqual(model.counts(4));
    expectClean(guest.host);
    expect(unpin(guest.vcpu, TABLE + 2)).toBe(0);
    expect(everyWord(guest.host, { history: true, contents: true })).toBe(before);
  });

  it.each([
    ["below the tables", HEAD, TABLE],
    ["above the tables", 16, 12],
  ])("leaves nothing of a guest that dies with a superpage %s marked and mapped", (_where, head, table) => {
    const host = smallHost({ scheme });
    const free = host.freeFrames;
    const guest = guestAt(host, 1, 7);
    build(guest, table, 0, head, BIG_RW);
    build(guest, table, 1, head, BIG_RO);
    if (schemeHasMarks(scheme)) expect(mark(guest.vcpu, head)).toBe(0);
    expect(pin(guest.vcpu, 2, table)).toBe(0);
    expect(destroyDomain(guest.domain)).toBe(0);
    expectNothingLeft(host, free);
  });
});

describe.each(markingSchemes)("marks of %s", (scheme) => {
  it("do not nest, and what is not marked cannot be unmarked: EINVAL, and nothing changes", () => {
    const guest = guestWith(scheme, 1);
    let before = everyWord(guest.host);
    expect(unmark(guest.vcpu, HEAD)).toBe(-EINVAL);
    expect(everyWord(guest.host)).toBe(before);
    expect(mark(guest.vcpu, HEAD)).toBe(0);
    before = everyWord(guest.host);
    expect(mark(guest.vcpu, HEAD)).toBe(-EINVAL);
    expect(everyWord(guest.host)).toBe(before);
    expect(guest.vcpu.done).toBe(0);
    expectClean(guest.host);
  });

  it("keep every frame from becoming a page table or descriptor page", () => {
    const guest = guestWith(scheme, 0);
    expect(mark(guest.vcpu, HEAD)).toBe(0);
    const before = everyWord(guest.host);
    for (let i = 0; i < guest.size; i++) {
      for (const level of [1, 2, 3, 4]) expect(pin(guest.vcpu, level, HEAD + i)).toBe(-EINVAL);
      expect(doSetGdt(guest.vcpu, Int32Array.of(HEAD + i), 8)).toBe(-EINVAL);
    }
    expect(everyWord(guest.host)).toBe(before);
    expect(scheme === "rfc-busy-over-1" || unmark(guest.vcpu, HEAD) === 0).toBe(true);
  });

  it("have their arguments checked in Xen's order", () => {
    const order: readonly (readonly [string, boolean, number, number, number])[] = [
      ["an unknown domain before all", false, 0x1234, HEAD + 1, -ESRCH],
      ["the own id before all", false, 1, HEAD + 1, -ESRCH],
      ["superpages not allowed", false, DOMID_IO, HEAD + 1, -EOPNOTSUPP],
      ["superpages not allowed, whatever the frame", false, DOMID_SELF, 2 ** 33, -EOPNOTSUPP],
      ["another domain named", true, DOMID_IO, HEAD + 1, -EPERM],
      ["misaligned", true, DOMID_SELF, HEAD + 1, -EINVAL],
      ["beyond memory", true, DOMID_SELF, 32, -EINVAL],
      ["far beyond memory", true, DOMID_SELF, 2 ** 32 + HEAD, -EINVAL],
      ["Xen's", true, DOMID_SELF, 0, -EINVAL],
    ];
    for (const [what, superpagesAllowed, domid, frame, rc] of order) {
      const guest = guestAt(smallHost({ scheme, superpagesAllowed }), 1, 7, { privileged: true });
      for (const command of [MMUEXT_MARK_SUPER, MMUEXT_UNMARK_SUPER]) {
        expect([what, ext(guest.vcpu, command, frame, 0, domid)]).toEqual([what, rc]);
      }
    }
  });

  it("reach only superpages that are whole: one cut off by the end of memory is refused", () => {
    const guest = guestAt(smallHost({ scheme, superpages: 8, frames: 30 }), 1, 6);
    expect(allocateFramesAt(guest.domain, 28, 2)).toBe(true);
    expect(mark(guest.vcpu, 28)).toBe(-EINVAL);
    expect(pin(guest.vcpu, 2, TABLE)).toBe(0);
    expect([update(guest.vcpu, TABLE, 0, 28, BIG_RW), update(guest.vcpu, TABLE, 0, 28, BIG_RO)]).toEqual([
      -EINVAL,
      -EINVAL,
    ]);
    expectClean(guest.host);
  });

  it("are answered by version where superpages are not allowed", () => {
    for (const [version, rc] of [
      ["xen-4.6", -ENOSYS],
      ["xen-4.9", -EOPNOTSUPP],
      ["xen-4.17", -EOPNOTSUPP],
    ] as const) {
      const guest = oneGuest({ scheme, version, superpagesAllowed: false });
      expect([version, mark(guest.vcpu, HEAD), unmark(guest.vcpu, HEAD)]).toEqual([version, rc, rc]);
    }
  });
});

it("per-frame has no marks", () => {
  const guest = oneGuest({ scheme: "per-frame" });
  expect([mark(guest.vcpu, HEAD), unmark(guest.vcpu, HEAD)]).toEqual([-EOPNOTSUPP, -EOPNOTSUPP]);
});

it.each([
  ["rfc", 0, 0],
  ["rfc-busy-over-1", 0, 0],
  ["rfc-busy-over-1", 1, -EBUSY],
  ["rfc-busy-over-2", 0, 0],
  ["rfc-busy-over-2", 1, 0],
  ["sealed", 1, 0],
  ["sealed-percpu", 1, 0],
  ["xen-4.1", 1, 0],
] as const)(
  "an unmapped superpage under %s, of writable count %i before the mark, is unmarked with %i",
  (scheme, base, rc) => {
    const guest = guestWith(scheme, base);
    expect(mark(guest.vcpu, HEAD)).toBe(0);
    expect(frameCounts(guest.host, HEAD)[1]).toEqual([2 + base, 1 + base]);
    expect(unmark(guest.vcpu, HEAD)).toBe(rc);
  },
);

it("schemes are found by name, and a wrong name is told which there are", () => {
  expect(schemeNames.map((name) => schemeByName(name).name)).toEqual(schemeNames);
  expect(() => schemeByName("toString")).toThrow(/"toString" given, expected one of per-frame, rfc/);
  expect(schemeNames.filter((name) => !schemeHasMarks(name))).toEqual(["per-frame"]);
});
