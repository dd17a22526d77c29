import { describe, expect, it } from "vitest";
import {
  EBUSY,
  EINVAL,
  EPERM,
  allocateFramesAt,
  createDomain,
  doMemoryOp,
  doSetGdt,
  errnoName,
  pteHi,
  pteLo,
} from "../src/index.ts";
import {
  BIG_RO,
  BIG_RW,
  RO,
  RW,
  type SmallGuest,
  type SmallHostOptions,
  build,
  everyWord,
  expectClean,
  frameState,
  guestAt,
  oneGuest,
  pin,
  smallHost,
  unpin,
  update,
} from "./small-host.ts";

/*
 * One entry of each level against each kind of target: by pin, and by an update of the pinned table. The guest owns
 * frames 4 to 27 of 32; 28 to 31 are another domain's. The frames used as targets:
 */
const FREE = 8;
const L1_TABLE = 9;
const L2_TABLE = 10;
const L3_TABLE = 11;
const WRITABLE = 12;
const DESCRIPTORS = 13;
/** An L1 table of the guest that maps a page table writable, so that it can never be validated. */
const BAD_L1 = 14;
const RELEASED = 15;
const SUPERPAGE = 16;
const MIXED_SUPERPAGE = 20;
const TABLE = 24;
const HOLDER = 25;
const FOREIGN = 28;
const XENS = 1;
const BEYOND = 32;
const ALL_ONES = 2 ** 40 - 1;

function world(options: SmallHostOptions = {}): SmallGuest {
  const guest = guestAt(smallHost(options), 1, 6);
  const other = createDomain(guest.host);
  expect(allocateFramesAt(other, FOREIGN, 4)).toBe(true);
  const { vcpu } = guest;
  build(guest, HOLDER, 0, WRITABLE, RW);
  build(guest, HOLDER, 1, MIXED_SUPERPAGE + 1, RO);
  expect([pin(vcpu, 1, L1_TABLE), pin(vcpu, 2, L2_TABLE), pin(vcpu, 3, L3_TABLE)]).toEqual([0, 0, 0]);
  expect([pin(vcpu, 1, HOLDER), pin(vcpu, 1, MIXED_SUPERPAGE + 1)]).toEqual([0, 0]);
  expect(doSetGdt(vcpu, Int32Array.of(DESCRIPTORS), 8)).toBe(0);
  build(guest, BAD_L1, 1, L1_TABLE, RW);
  const released = { extents: Int32Array.of(RELEASED), nrExtents: 1, extentOrder: 0, domid: 0x7ff0 };
  expect(doMemoryOp(vcpu, 1, released)).toBe(1);
  return guest;
}

type Row = readonly [level: number, what: string, frame: number, flags: number, rc: number];

const l1Rows: readonly Row[] = [
  [1, "read-only of a frame in use as nothing", FREE, RO, 0],
  [1, "writable of a frame in use as nothing", FREE, RW, 0],
  [1, "writable of a frame mapped writable", WRITABLE, RW, 0],
  [1, "read-only of a page table", L2_TABLE, RO, 0],
  [1, "writable of an L1 table", L1_TABLE, RW, -EBUSY],
  [1, "writable of an L2 table", L2_TABLE, RW, -EBUSY],
  [1, "read-only of itself", TABLE, RO, 0],
  [1, "writable of itself", TABLE, RW, -EBUSY],
  [1, "read-only of a descriptor page", DESCRIPTORS, RO, 0],
  [1, "writable of a descriptor page", DESCRIPTORS, RW, -EBUSY],
  [1, "read-only of another's frame", FOREIGN, RO, -EBUSY],
  [1, "writable of another's frame", FOREIGN, RW, -EBUSY],
  [1, "read-only of Xen's frame", XENS, RO, -EBUSY],
  [1, "read-only of a released frame", RELEASED, RO, -EBUSY],
  [1, "of a frame that is no RAM", BEYOND, RO, -EPERM],
  [1, "of the all-ones frame", ALL_ONES, RW, -EINVAL],
];

const tables = (level: number, below: number, wrong: number): readonly Row[] => [
  [level, "a frame that can become the table below", FREE, RW, 0],
  [level, "a table of the level below", below, RW, 0],
  [level, "a table of the level below, read-only", below, RO, 0],
  [level, "a table of another level", wrong, RW, -EINVAL],
  [level, "a frame mapped writable", WRITABLE, RW, -EINVAL],
  [level, "a descriptor page", DESCRIPTORS, RO, -EINVAL],
  [level, "another's frame", FOREIGN, RW, -EINVAL],
  [level, "Xen's frame", XENS, RW, -EINVAL],
  [level, "a released frame", RELEASED, RW, -EINVAL],
  [level, "a frame that is no RAM", BEYOND, RW, -EINVAL],
  [level, "the all-ones frame", ALL_ONES, RW, -EINVAL],
  [level, "a frame above 32 bits", 2 ** 32 + FREE, RW, -EINVAL],
  [level, "itself, read-only", TABLE, RO, 0],
  [level, "itself, writable", TABLE, RW, -EINVAL],
  [level, "PWT set", FREE, RW | 0x8, -EINVAL],
  [level, "PCD set", FREE, RW | 0x10, -EINVAL],
  [level, "global set", FREE, RW | 0x100, -EINVAL],
  [level, "available, accessed and dirty bits and NX set", FREE, RW | 0xe60 | (0xfff << 12), 0],
];

const rows: readonly Row[] = [
  ...l1Rows,
  ...tables(2, L1_TABLE, L2_TABLE + 1),
  ...tables(3, L2_TABLE, L1_TABLE),
  ...tables(4, L3_TABLE, L2_TABLE),
  [2, "an L1 table with a refused entry", BAD_L1, RW, -EBUSY],
  [2, "a superpage, writable", SUPERPAGE, BIG_RW, 0],
  [2, "a superpage, read-only", SUPERPAGE, BIG_RO, 0],
  [2, "a superpage with NX and available bits", SUPERPAGE, BIG_RW | 0xe60 | (0xfff << 12), 0],
  [2, "a misaligned superpage", SUPERPAGE + 1, BIG_RW, -EINVAL],
  [2, "a superpage at the end of memory", BEYOND, BIG_RW, -EINVAL],
  [2, "the all-ones superpage", ALL_ONES - 3, BIG_RW, -EINVAL],
  [2, "another's superpage, writable", FOREIGN, BIG_RW, -EINVAL],
  [2, "another's superpage, read-only", FOREIGN, BIG_RO, -EINVAL],
  [2, "Xen's superpage", 0, BIG_RO, -EINVAL],
  [2, "a superpage with a page table in it, writable", MIXED_SUPERPAGE, BIG_RW, -EINVAL],
  [2, "the superpage that the table itself is in, writable", TABLE, BIG_RW, -EINVAL],
  [2, "a superpage with PCD set", SUPERPAGE, BIG_RW | 0x10, -EINVAL],
  [3, "a superpage", SUPERPAGE, BIG_RW, -EINVAL],
  [4, "a superpage", SUPERPAGE, BIG_RW, -EINVAL],
];

describe("an entry in a table that is validated", () => {
  it.each(rows)("at L%i: %s (frame %i, flags %i) answers %i", (level, _what, frame, flags, rc) => {
    const guest = world();
    const { host, vcpu } = guest;
    build(guest, TABLE, 2, frame, flags);
    const before = everyWord(host, { history: true, contents: true });
    expect(errnoName(pin(vcpu, level, TABLE))).toBe(errnoName(rc));
    expectClean(host);
    if (rc === 0) expect(unpin(vcpu, TABLE)).toBe(0);
    expect(everyWord(host, { history: true, contents: true })).toBe(before);
  });
});

describe("an entry written into a validated table", () => {
  it.each(rows)("at L%i: %s (frame %i, flags %i) answers %i", (level, _what, frame, flags, rc) => {
    const guest = world();
    const { host, vcpu } = guest;
    expect(pin(vcpu, level, TABLE)).toBe(0);
    const before = everyWord(host, { history: true });
    expect(errnoName(update(vcpu, TABLE, 2, frame, flags))).toBe(errnoName(rc));
    expect(vcpu.done).toBe(rc === 0 ? 1 : 0);
    expectClean(host);
    if (rc === 0) {
      expect(host.memory.loadLo(TABLE, 2) & 1).toBe(1);
      expect(update(vcpu, TABLE, 2, 0, 0)).toBe(0);
    }
    expect(everyWord(host, { history: true })).toBe(before);
  });
});

describe("superpages that are not allowed", () => {
  it.each([{ superpagesAllowed: false }, { version: "xen-4.17" as const }])("refuse PSE at L2: %o", (options) => {
    const guest = world(options);
    expect(pin(guest.vcpu, 2, TABLE)).toBe(0);
    expect(update(guest.vcpu, TABLE, 0, SUPERPAGE, BIG_RW)).toBe(-EINVAL);
    expectClean(guest.host);
  });
});

it("before 4.9 an L1 table that cannot be validated is EINVAL for its L2 entry, whatever its own error", () => {
  for (const [version, rc] of [
    ["xen-4.6", -EINVAL],
    ["xen-4.9", -EBUSY],
  ] as const) {
    const guest = world({ version });
    expect(pin(guest.vcpu, 1, BAD_L1)).toBe(-EBUSY);
    build(guest, TABLE, 0, BAD_L1, RW);
    expect(pin(guest.vcpu, 2, TABLE)).toBe(rc);
    build(guest, FREE, 3, TABLE, RW);
    expect(pin(guest.vcpu, 3, FREE)).toBe(rc);
    expectClean(guest.host);
  }
});

describe("a validation that fails half-way gives everything back", () => {
  const good: Record<number, readonly [number, number][]> = {
    1: [
      [FREE, RW],
      [L2_TABLE, RO],
    ],
    2: [
      [SUPERPAGE, BIG_RW],
      [L1_TABLE, RW],
    ],
    3: [
      [FREE, RW],
      [L2_TABLE, RO],
    ],
    4: [
      [FREE, RW],
      [L3_TABLE, RO],
    ],
  };
  const cases = [1, 2, 3, 4].flatMap((level) => [0, 1, 2, 3].map((slot) => [level, slot] as const));

  it.each(cases)("at L%i, the refused entry in slot %i", (level, bad) => {
    const guest = world();
    const { host, vcpu } = guest;
    for (let slot = 0; slot < 4; slot++) {
      const [frame, flags] = slot === bad ? [FOREIGN, RW] : (good[level]?.[slot & 1] ?? [0, 0]);
      build(guest, TABLE, slot, frame, flags);
    }
    const before = everyWord(host, { history: true, contents: true });
    expect(pin(vcpu, level, TABLE)).toBe(level === 1 ? -EBUSY : -EINVAL);
    expect(everyWord(host, { history: true, contents: true })).toBe(before);
    expectClean(host);
    // Read from a real Xen 4.9: L3 and L4 tables that failed after their first slot keep their type as history.
    const kept = level > 2 && bad > 0;
    expect(frameState(host, TABLE)).toEqual([kept ? `l${level}` : "none", 0, "a", 1, 0]);
    expect(update(vcpu, TABLE, bad, 0, 0)).toBe(0);
    expect(pin(vcpu, level, TABLE)).toBe(0);
    expectClean(host);
  });

  it.each([0, 3])("four levels down, the refused entry in slot %i of each table", (slot) => {
    const guest = world();
    const { host, vcpu } = guest;
    const chain = [TABLE, FREE, 4, 5];
    for (const [i, table] of chain.entries()) {
      if (slot > 0)
        build(guest, table, 0, i === 3 ? FREE + 10 : i === 2 ? L1_TABLE : i === 1 ? L2_TABLE : L3_TABLE, RO);
      build(guest, table, slot, chain[i + 1] ?? FOREIGN, RW);
    }
    const before = everyWord(host, { history: true, contents: true });
    expect(pin(vcpu, 4, TABLE)).toBe(-EBUSY);
    expect(everyWord(host, { history: true, contents: true })).toBe(before);
    expectClean(host);
  });
});

it("an entry of 64 bits is stored and read back whole", () => {
  const guest = oneGuest({}, { privileged: true });
  const frame = 2 ** 27 + 5;
  expect(pin(guest.vcpu, 1, TABLE)).toBe(0);
  expect(update(guest.vcpu, TABLE, 1, frame, RW | (0xfff << 12))).toBe(0);
  expect([guest.host.memory.loadLo(TABLE, 1), guest.host.memory.loadHi(TABLE, 1)]).toEqual([
    pteLo(frame, RW),
    pteHi(frame, 0xfff << 12),
  ]);
});
