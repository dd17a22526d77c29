import { describe, expect, it } from "vitest";
import {
  MMUEXT_NEW_BASEPTR,
  MMUEXT_NEW_USER_BASEPTR,
  MMUEXT_PIN_L1_TABLE,
  MMUEXT_SET_LDT,
  allocateFramesAt,
  builderStore,
  createDomain,
  destroyDomain,
  doMemoryOp,
  doSetGdt,
  ownerOf,
  unpauseDomain,
} from "../../src/index.ts";
import {
  VCPU_gdt_ents,
  VCPU_guest_table,
  VCPU_guest_table_user,
  VCPU_ldt_base_hi,
  VCPU_ldt_base_lo,
  VCPU_ldt_ents,
  VCPU_old_guest_table,
} from "../../src/vcpu-words.ts";
import {
  BIG_RO,
  BIG_RW,
  RO,
  RW,
  type SmallGuest,
  allSchemes,
  build,
  everyWord,
  expectClean,
  expectNothingLeft,
  ext,
  frameState,
  guestAt,
  mark,
  oneGuest,
  pin,
  smallHost,
  update,
} from "../small-host.ts";

describe("a domain under construction", () => {
  it("gets exactly the frames that are asked for, all or none", () => {
    const host = smallHost();
    const domain = createDomain(host);
    expect(allocateFramesAt(domain, 6, 5)).toBe(true);
    const before = everyWord(host);
    for (const [start, frames] of [
      [10, 2],
      [4, 3],
      [2, 3],
      [30, 3],
      [-1, 2],
    ] as const) {
      expect(allocateFramesAt(domain, start, frames)).toBe(false);
    }
    expect(everyWord(host)).toBe(before);
    expect([5, 6, 10, 11].map((frame) => ownerOf(host, frame))).toEqual([undefined, 1, 1, undefined]);
    expectClean(host);
  });

  it("has its memory written by its builder until it is unpaused, except page tables in use", () => {
    const host = smallHost();
    const guest = guestAt(host, 1, 1);
    guestAt(host, 2, 1);
    expect(pin(guest.vcpu, 1, 5)).toBe(0);
    expect([4, 5, 8, 1, 40, -1].map((frame) => builderStore(guest.domain, frame, 0, 1, 2))).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
    unpauseDomain(guest.domain);
    expect(builderStore(guest.domain, 4, 0, 1, 2)).toBe(false);
    expect(allocateFramesAt(guest.domain, 12, 1)).toBe(false);
  });
});

describe("createDomain", () => {
  it("gives the next free id, and ids and vCPUs of the dead again", () => {
    const host = smallHost({ maxVcpus: 3 });
    const first = createDomain(host);
    const second = createDomain(host, { vcpus: 2 });
    expect([first.domid, second.domid]).toEqual([1, 2]);
    expect([...first.vcpus, ...second.vcpus].map(({ cpu }) => cpu)).toEqual([0, 1, 2]);
    expect(() => createDomain(host)).toThrow(/vcpus: 1 given/);
    expect(destroyDomain(first)).toBe(0);
    expect(host.findDomain(1)).toBeUndefined();
    const third = createDomain(host);
    expect([third.domid, third.vcpus[0]?.cpu]).toEqual([1, 0]);
  });

  it.each([
    ["domid", { domid: -1 }],
    ["domid", { domid: 0x7ff0 }],
    ["domid", { domid: 1.5 }],
    ["domid", { domid: 4 }],
    ["vcpus", { vcpus: 0 }],
    ["vcpus", { vcpus: 9 }],
    ["vcpus", { vcpus: 1.5 }],
  ])("names the option %s that is wrong: %o", (name, options) => {
    const host = smallHost();
    createDomain(host, { domid: 4 });
    expect(() => createDomain(host, options)).toThrow(new RegExp(`^${name}: `));
    expect(() => createDomain(host, options)).toThrow(RangeError);
  });
});

it("a new domain has nothing of the dead one whose vCPU it gets", () => {
  const host = smallHost();
  const { vcpu, domain } = guestAt(host, 1, 1);
  expect([ext(vcpu, MMUEXT_SET_LDT, 0x1000, 64), ext(vcpu, MMUEXT_NEW_BASEPTR, 4)]).toEqual([0, 0]);
  expect(doSetGdt(vcpu, Int32Array.of(5), 1)).toBe(0);
  expect(destroyDomain(domain)).toBe(0);
  const next = guestAt(host, 1, 1);
  const fields = [
    VCPU_guest_table,
    VCPU_guest_table_user,
    VCPU_old_guest_table,
    VCPU_gdt_ents,
    VCPU_ldt_ents,
    VCPU_ldt_base_lo,
    VCPU_ldt_base_hi,
  ];
  expect(fields.map((field) => next.vcpu.load(field))).toEqual([-1, -1, -1, 0, 0, 0, 0]);
  expectClean(host);
});

type Reached = readonly [string, (guest: SmallGuest) => unknown];

/** States from which a domain may be destroyed: frames 24 to 27 are its favourite tables. */
const reached: readonly Reached[] = [
  ["no memory use at all", () => 0],
  [
    "both roots loaded, pinned and sharing tables",
    (g) => {
      build(g, 24, 0, 12, RW);
      build(g, 25, 0, 24, RW);
      build(g, 26, 0, 25, RW);
      build(g, 27, 0, 26, RW);
      build(g, 23, 2, 26, RO);
      return [ext(g.vcpu, MMUEXT_NEW_BASEPTR, 27), ext(g.vcpu, MMUEXT_NEW_USER_BASEPTR, 23), pin(g.vcpu, 4, 27)];
    },
  ],
  [
    "every level pinned, with linear entries",
    (g) => {
      const pins = [1, 2, 3, 4].map((level) => pin(g.vcpu, level, 23 + level));
      return [...pins, pin(g.vcpu, 2, 20), update(g.vcpu, 25, 0, 20, RO), update(g.vcpu, 27, 1, 27, RO)];
    },
  ],
  ["a descriptor table", (g) => doSetGdt(g.vcpu, Int32Array.of(12, 13), 600)],
  [
    "frames released but in use",
    (g) => {
      build(g, 24, 0, 12, RW);
      const extents = Int32Array.of(12, 24, 5);
      const rc = pin(g.vcpu, 1, 24);
      return [rc, doMemoryOp(g.vcpu, 1, { extents, nrExtents: 3, extentOrder: 0, domid: 0x7ff0 }) - 3];
    },
  ],
  [
    "a read-only superpage entry for the superpage that its own table is in",
    (g) => {
      build(g, 24, 0, 24, BIG_RO);
      const rc = pin(g.vcpu, 2, 24);
      return g.host.scheme.name === "xen-4.1" ? rc + 22 : rc;
    },
  ],
  [
    "superpages mapped both ways from several tables",
    (g) => {
      for (const slot of [0, 1, 2]) {
        build(g, 24, slot, 8, slot === 1 ? BIG_RO : BIG_RW);
        build(g, 12, slot, 16, slot === 1 ? BIG_RO : BIG_RW);
      }
      return [pin(g.vcpu, 2, 24), pin(g.vcpu, 2, 12)];
    },
  ],
  ["superpages marked, not mapped", (g) => (g.host.scheme.marks ? [mark(g.vcpu, 8), mark(g.vcpu, 16)] : 0)],
];

describe.each(allSchemes)("destruction under %s", (scheme) => {
  it.each(reached)("from %s leaves every word zero and every frame in the heap", (_name, reach) => {
    const host = smallHost({ scheme });
    const free = host.freeFrames;
    const guest = guestAt(host, 1, 6);
    guestAt(host, 7, 1);
    const answers = [reach(guest)].flat() as number[];
    expect(answers.every((rc) => rc === 0)).toBe(true);
    expectClean(host);
    expect(destroyDomain(guest.domain)).toBe(0);
    expect(host.freeFrames).toBe(free - 4);
    expectClean(host);
    for (const domain of host.domains) if (domain !== undefined && domain.maxFrames > 0) destroyDomain(domain);
    expectNothingLeft(host, free);
  });

  it("finishes a table that another vCPU's preempted pin has left half done", () => {
    let victim: SmallGuest | undefined;
    let preempted = 0;
    const host = smallHost({
      scheme,
      preempt: () => victim !== undefined && preempted++ === 3,
      continued: (vcpu) => {
        if (victim === undefined || vcpu !== victim.vcpu) return;
        const { domain } = victim;
        victim = undefined;
        // The pin's vCPU never comes back: its domain is destroyed where it stands.
        expect(destroyDomain(domain)).toBe(0);
        throw new Error("stopped here");
      },
    });
    const free = host.freeFrames;
    const guest = guestAt(host, 1, 6);
    for (const slot of [0, 1, 2, 3]) {
      build(guest, 24, slot, 8, BIG_RW);
      build(guest, 25, slot, 20 + (slot & 1), RO);
      build(guest, 26, slot, slot < 2 ? 24 : 25, RW);
      build(guest, 27, slot, 26, RW);
    }
    victim = guest;
    expect(() => pin(guest.vcpu, 4, 27)).toThrow("stopped here");
    expect(preempted).toBeGreaterThan(3);
    expectNothingLeft(host, free);
  });
});

it("destroying a domain twice does nothing the second time", () => {
  const { host, domain } = oneGuest();
  expect([destroyDomain(domain), destroyDomain(domain)]).toEqual([0, 0]);
  expectClean(host);
});

it("frames that another domain maps stay until it lets them go", () => {
  const host = smallHost();
  const dom0 = guestAt(host, 1, 2, { privileged: true, domid: 0 });
  const user = guestAt(host, 3, 2, { domid: 3 });
  expect(pin(dom0.vcpu, 1, 4)).toBe(0);
  expect(update(dom0.vcpu, 4, 0, 13, RW, 0, 3)).toBe(0);
  expect(destroyDomain(user.domain)).toBe(1);
  expect([frameState(host, 13), ownerOf(host, 13)]).toEqual([["writable", 1, "v", 1, 0], 3]);
  expectClean(host);
  expect(update(dom0.vcpu, 4, 0, 0, 0)).toBe(0);
  expect(destroyDomain(user.domain)).toBe(0);
  expect(destroyDomain(dom0.domain)).toBe(0);
  expectNothingLeft(host, 28);
});

it("a privileged domain that races a preempted destruction leaves nothing pinned in the dying domain", () => {
  let dom0: SmallGuest | undefined;
  let pins = 0;
  const host = smallHost({
    preempt: () => dom0 !== undefined,
    continued: () => {
      const racer = dom0;
      if (racer === undefined) return;
      dom0 = undefined;
      if (ext(racer.vcpu, MMUEXT_PIN_L1_TABLE, 8, 0, 3) === 0) pins++;
      dom0 = racer;
    },
  });
  const racer = guestAt(host, 1, 1, { privileged: true, domid: 0 });
  const victim = guestAt(host, 2, 3, { domid: 3 });
  // The L2 table keeps its L1 table alive after destruction has gone past it.
  build(victim, 18, 0, 8, RW);
  expect(pin(victim.vcpu, 2, 18)).toBe(0);
  dom0 = racer;
  const left = destroyDomain(victim.domain);
  dom0 = undefined;
  expect(left).toBe(0);
  expect(pins).toBeGreaterThanOrEqual(0);
  expect(destroyDomain(racer.domain)).toBe(0);
  expectNothingLeft(host, 28);
});
