import { describe, expect, it } from "vitest";
import {
  type HostOptions,
  type MemoryRange,
  audit,
  bytesPerFrame,
  createDomain,
  createHost,
  describeFrame,
  doMemoryOp,
  ownerOf,
  perfDifference,
  readCount,
  snapshotPerf,
  versions,
} from "../src/index.ts";
import { RW, allSchemes, build, oneGuest, pin, smallHost, vcpuOf } from "./small-host.ts";

it.each(allSchemes)("accounting of a 64 GiB host under %s takes at most 12 bytes a frame", (scheme) => {
  const host = createHost({
    frames: 2 ** 24,
    scheme,
    // The sizes are what counts here; a frame table of zeroes is enough.
    allocate: (length) => ({
      length,
      load: () => 0,
      store: () => {},
      compareAndSwap: (_i, e) => e,
      waitWhile: () => 0,
    }),
    memoryMap: [],
    xenFrames: 0,
  });
  expect(bytesPerFrame(host)).toBeLessThanOrEqual(12);
  expect(bytesPerFrame(host)).toBeGreaterThanOrEqual(10);
});

describe("createHost", () => {
  const range = (start: number, frames: number, kind: MemoryRange["kind"]): MemoryRange => ({ start, frames, kind });
  const good: HostOptions = { frames: 32, scheme: "sealed", superpageOrder: 2 };
  it.each<readonly [string, Partial<HostOptions>]>([
    ["frames", { frames: 0 }],
    ["frames", { frames: 2.5 }],
    ["frames", { frames: Number.NaN }],
    ["scheme", { scheme: "best" }],
    ["version", { version: "xen-5" as never }],
    ["superpageOrder", { superpageOrder: 10 }],
    ["tableOrder", { tableOrder: -1 }],
    ["maxVcpus", { maxVcpus: 32 }],
    ["xenFrames", { xenFrames: 33 }],
    ["physicalAddressBits", { physicalAddressBits: 60 }],
    ["memoryMap", { memoryMap: [{ start: 30, frames: 3, kind: "ram" }] }],
    ["memoryMap", { memoryMap: [{ start: 0, frames: 3, kind: "RAM" as never }] }],
    ["memoryMap", { memoryMap: [range(4, 8, "io"), range(0, 5, "ram")] }],
    ["memoryMap", { memoryMap: [range(0, 32, "ram"), range(8, 4, "xen")] }],
    ["unfixed", { unfixed: ["XSA-1" as never] }],
  ])("names the option %s that is wrong: %o", (name, wrong) => {
    expect(() => createHost({ ...good, ...wrong })).toThrow(RangeError);
    expect(() => createHost({ ...good, ...wrong })).toThrow(new RegExp(`^${name}: `));
  });

  it("keeps the first superpage for Xen and puts the rest into the heap", () => {
    const host = smallHost();
    expect([host.freeFrames, readCount(host, 3).xenHeap, readCount(host, 4).free]).toEqual([28, true, true]);
    expect(audit(host)).toEqual([]);
  });

  it("lays memory out by a map: RAM, I/O, and Xen's everywhere else", () => {
    const host = smallHost({
      memoryMap: [
        { start: 8, frames: 6, kind: "ram" },
        { start: 20, frames: 2, kind: "io" },
        { start: 24, frames: 2, kind: "xen" },
      ],
    });
    expect(host.freeFrames).toBe(6);
    expect([7, 8, 20, 24, 30].map((frame) => [readCount(host, frame).count, ownerOf(host, frame)])).toEqual([
      [0, undefined],
      [0, undefined],
      [1, 0x7ff1],
      [0, undefined],
      [0, undefined],
    ]);
    const domain = createDomain(host);
    const extents = Int32Array.of(0, 0, 0);
    const list = { extents, nrExtents: 3, extentOrder: 2, domid: 0x7ff0 };
    expect(doMemoryOp(vcpuOf(domain), 6, list)).toBe(1);
    expect(extents[0]).toBe(8);
    expect(audit(host)).toEqual([]);
  });
});

it("describeFrame prints a frame as Xen's logs do", () => {
  const guest = oneGuest();
  build(guest, 8, 0, 9, RW);
  pin(guest.vcpu, 1, 8);
  expect([8, 9, 1, 99].map((frame) => describeFrame(guest.host, frame))).toEqual([
    "mfn=8 caf=80000002 taf=1c000001 (d1, count 2, l1 1, pinned, validated, allocated)",
    "mfn=9 caf=80000002 taf=74000001 (d1, count 2, writable 1, validated, allocated)",
    "mfn=1 caf=40000000 taf=00000000 (no owner, count 0, none 0, xen heap)",
    "mfn=63 is no frame of this host",
  ]);
});

it("perf counters are read as differences", () => {
  const guest = oneGuest();
  build(guest, 8, 0, 9, RW);
  const before = snapshotPerf(guest.host);
  pin(guest.vcpu, 1, 8);
  const difference = perfDifference(before, snapshotPerf(guest.host));
  const counted = Object.entries(difference).filter(([, value]) => value !== 0);
  expect(Object.fromEntries(counted)).toEqual({
    hypercalls: 1,
    calls_to_mmuext_op: 1,
    num_mmuext_ops: 1,
    validations: 1,
    tableFrameGets: 2,
    tableTypeGets: 2,
  });
});

it("only the newest version lacks superpages", () => {
  expect(Object.entries(versions).map(([name, { superpages }]) => [name, superpages])).toEqual([
    ["xen-4.0", true],
    ["xen-4.6", true],
    ["xen-4.9", true],
    ["xen-4.17", false],
  ]);
});
