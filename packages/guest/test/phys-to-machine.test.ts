import { createHost, mfn, pfn } from "@xsp/hypervisor";
import { describe, expect, it } from "vitest";
import { bootGuest } from "../src/index.ts";
import { INVALID_P2M_ENTRY, PhysToMachine } from "../src/phys-to-machine.ts";
import { allSchemes, boot, expectAllFree, expectClean, expectInverse, ok, writableCount } from "./small-guest.ts";

describe.each(allSchemes)("a guest populated with 4 KiB extents under %s", (scheme) => {
  it("has all its pages, each with a frame of its own, and is counted like any other", () => {
    const pair = boot(scheme, 16, { populate: "pages" });
    const { guest, host } = pair;
    expectInverse(host, guest);
    const tables = 4096 / 512 + 3;
    for (let page = 0; page < 4096; page++) {
      if (writableCount(pair, page) !== (page < tables ? 0 : 1)) expect(page).toBe("counted otherwise");
    }
    expectClean(host);
  });

  it("gets no hugepage: its blocks are no machine superpages [S UEK xen_prepare_hugepage; linux-facts §4.2]", () => {
    const { guest, host } = boot(scheme, 16, { populate: "pages" });
    const free = guest.freePages();
    expect(guest.setNrHugepages(4)).toBe(0);
    expect(guest.log).toEqual(["Guest pages are not properly aligned to use hugepages"]);
    expect(guest.pool()).toMatchObject({ total: 0, free: 0, marked: 0 });
    expect(guest.freePages()).toBe(free);
    expectClean(host);
  });

  it("runs processes all the same, and leaves nothing behind", () => {
    const host = createHost({ frames: 5000, scheme });
    const free = host.freeFrames;
    const guest = bootGuest(host, { frames: 3000, populate: "pages", populateSeed: 7 });
    const first = ok(guest.spawn());
    ok(guest.fork(first));
    expectClean(host);
    expect(guest.shutdown()).toBe(0);
    expectAllFree(host, free);
  });
});

describe("populating", () => {
  const frames = (populateSeed: number): Int32Array =>
    boot("xen-4.1", 8, { populate: "pages", populateSeed }).guest.kernel.phys.p2m;

  it("with pages is decided by the seed alone", () => {
    expect(frames(5)).toEqual(frames(5));
    expect(frames(5)).not.toEqual(frames(6));
    // The generator cannot leave 0, so 0 stands for 1.
    expect(frames(0)).toEqual(frames(1));
  });

  it.each([1, 2, -3, 2 ** 31, 123_456_789])("with pages and seed %i leaves hardly two neighbours together", (seed) => {
    const p2m = frames(seed);
    const together = p2m.filter((frame, page) => page > 0 && frame === (p2m[page - 1] ?? 0) + 1);
    expect(together.length).toBeLessThan(20);
  });

  it("with superpages needs whole superpages of the host, and with pages only as many frames", () => {
    const host = createHost({ frames: 6 * 512, scheme: "xen-4.1" });
    // Another guest has the whole host and gives half of it back, a frame here and a frame there.
    const other = bootGuest(host, { frames: 5 * 512, populate: "pages" });
    expect(other.decreaseReservation(1300)).toBe(1300);
    expect(() => bootGuest(host, { frames: 1024 })).toThrow("no more aligned extents of 512 frames after 0 of 2");
    expect(host.freeFrames).toBe(1300);
    const guest = bootGuest(host, { frames: 1024, populate: "pages" });
    expectInverse(host, guest);
    expectClean(host);
  });

  it("gives everything back when the host's memory does not do", () => {
    const host = createHost({ frames: 4 * 512, scheme: "sealed" });
    // Another guest leaves one superpage whole, and as many frames again in two places.
    const other = bootGuest(host, { frames: 520 });
    expect(other.decreaseReservation(8)).toBe(8);
    expect(host.freeFrames).toBe(1024);
    expect(() => bootGuest(host, { frames: 1024 })).toThrow("no more aligned extents of 512 frames after 1 of 2");
    expect(host.freeFrames).toBe(1024);
    expectClean(host);
  });

  it.each([
    [{ populate: "extents" as "pages" }, 'populate: "extents" given'],
    [{ populateSeed: 1 }, "populateSeed: 1 given"],
    [{ populate: "superpages", populateSeed: 1 }, "populateSeed: 1 given"],
    [{ populate: "pages", populateSeed: 0.5 }, "populateSeed: 0.5 given"],
  ] as const)("refuses %j", (options, message) => {
    const host = createHost({ frames: 8192, scheme: "xen-4.1" });
    expect(() => bootGuest(host, { memoryMiB: 16, ...options })).toThrow(message);
    expect(() => bootGuest(host, { memoryMiB: 16, ...options })).toThrow(RangeError);
  });
});

describe("P2M and M2P", () => {
  it("are inverse to each other whatever blocks and frames are set, unset and set again", () => {
    const phys = new PhysToMachine(1024, 4096);
    phys.setExtent(pfn(0), mfn(1024));
    expect([phys.pfnToMfn(pfn(3)), phys.mfnToPfn(mfn(1027))]).toEqual([1027, 3]);
    phys.setPhysToMachine(pfn(3), INVALID_P2M_ENTRY);
    expect(() => phys.mfnToPfn(mfn(1027))).toThrow("names a frame of this guest");
    expect(phys.isMachineContiguous(pfn(0))).toBe(false);
    phys.setPhysToMachine(pfn(3), 77);
    expect([phys.mfnToPfn(mfn(77)), phys.mfnToPfn(mfn(1028))]).toEqual([3, 4]);
    for (let page = 0; page < 512; page++) phys.setPhysToMachine(pfn(page), INVALID_P2M_ENTRY);
    // The superpage had frames one by one; now it is one block again.
    phys.setFrames(
      pfn(512),
      Int32Array.from({ length: 512 }, (_, offset) => 1024 + offset),
    );
    expect(phys.isMachineContiguous(pfn(512))).toBe(true);
    expect(phys.mfnToPfn(mfn(1027))).toBe(515);
    phys.setPhysToMachine(pfn(515), INVALID_P2M_ENTRY);
    expect(() => phys.mfnToPfn(mfn(1027))).toThrow("names a frame of this guest");
    expect(phys.mfnToPfn(mfn(1026))).toBe(514);
  });

  it("do not take an extent where frames are", () => {
    const phys = new PhysToMachine(512, 2048);
    phys.setPhysToMachine(pfn(9), 600);
    expect(() => phys.setExtent(pfn(0), mfn(1024))).toThrow("where no frames are");
    expect(() => phys.setExtent(pfn(0), mfn(1025))).toThrow("aligned on both sides");
  });
});
