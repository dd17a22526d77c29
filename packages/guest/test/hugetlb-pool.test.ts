import { createHost, superpageState } from "@xsp/hypervisor";
import { describe, expect, it } from "vitest";
import { allocPages, bootGuest, freePages } from "../src/index.ts";
import { allSchemes, boot, expectClean, measure, ok, sharer, mmapHugetlb } from "./small-guest.ts";

const MiB = 2 ** 20;

describe.each(allSchemes)("the hugepage pool under %s", (scheme) => {
  it("marks each hugepage with one direct hypercall, where there are marks", () => {
    const pair = boot(scheme, 32);
    const { guest, host } = pair;
    const { perf, events } = measure(pair, () => guest.setNrHugepages(5));
    const marks = scheme === "per-frame" ? 0 : 5;
    expect(guest.pool()).toEqual({
      total: 5,
      free: 5,
      reserved: 0,
      surplus: 0,
      overcommit: 0,
      marked: marks,
      bytes: 10 * MiB,
    });
    expect(perf).toMatchObject({ hypercalls: marks, num_mmuext_ops: marks, superpageGets: marks });
    expect(events).toMatchObject({ directHypercalls: marks, hugepageMarks: marks, batches: 0 });
    const head = guest.kernel.phys.pfnToMfn(guest.kernel.hstate.freeList[0] as never);
    expect(superpageState(host, head).marked).toBe(marks > 0);
    expectClean(host);
  });

  it("grows as far as memory goes, and shrinks again", () => {
    const { guest, host } = boot(scheme, 32);
    const free = guest.freePages();
    const total = guest.setNrHugepages(1000);
    expect(total).toBe(15);
    expect(guest.freePages()).toBe(free - 15 * 512);
    expectClean(host);
    expect(guest.setNrHugepages(2)).toBe(2);
    expectClean(host);
    // A variant of the RFC refuses unmark while the head frame's count is above 1, as in lowmem it always is.
    expect(guest.pool()).toMatchObject({ total: 2, free: 2, marked: scheme === "per-frame" ? 0 : 2 });
    expect(guest.freePages()).toBe(free - 2 * 512);
  });

  it("gives hugepages out in the order in which they came last", () => {
    const { guest } = boot(scheme, 32);
    guest.setNrHugepages(3);
    const [, , last] = guest.kernel.hstate.freeList;
    const process = ok(guest.spawn());
    const address = ok(mmapHugetlb(guest, process, 2 * MiB));
    guest.touch(process, address);
    const file = process.mm?.vmas[0]?.file;
    expect(file?.kind === "hugetlb" && file.pages.get(0)).toBe(last);
  });

  it("keeps pages that are in use or promised when it shrinks", () => {
    const { guest, host } = boot(scheme, 32);
    const { process, address } = sharer(guest, 2);
    guest.setNrHugepages(8);
    const file = ok(guest.hugetlbFile(6 * MiB));
    expect(guest.pool()).toMatchObject({ total: 8, free: 6, reserved: 3 });
    expect(guest.setNrHugepages(0)).toBe(5);
    expect(guest.pool()).toMatchObject({ total: 5, free: 3, reserved: 3 });
    expectClean(host);
    guest.unlink(file);
    expect(guest.munmap(process, address)).toBe(0);
    expect(guest.setNrHugepages(0)).toBe(0);
    expectClean(host);
  });

  it("refuses a mapping that the pool has no pages for, and one of a wrong length", () => {
    const { guest } = boot(scheme, 32);
    guest.setNrHugepages(2);
    const process = ok(guest.spawn());
    expect(mmapHugetlb(guest, process, 6 * MiB)).toBe(-12);
    const file = ok(guest.hugetlbFile(4 * MiB));
    expect(mmapHugetlb(guest, process, 3 * MiB, file)).toBe(-22);
    expect(mmapHugetlb(guest, process, 0)).toBe(-22);
    guest.unlink(file);
    expect(guest.pool()).toMatchObject({ free: 2, reserved: 0 });
    // A length without a file is rounded up.
    expect(mmapHugetlb(guest, process, 3 * MiB)).toBeGreaterThan(0);
    expect(guest.pool()).toMatchObject({ free: 2, reserved: 2 });
    expect(mmapHugetlb(guest, process, 2 * MiB)).toBe(-12);
  });

  it("takes hugepages from highmem first in a 32-bit guest", () => {
    const { guest } = boot(scheme, 32, { style: "32-bit", lowmemFrames: 4096 });
    guest.setNrHugepages(8);
    expect([...guest.kernel.hstate.freeList].slice(0, 8).every((page) => page >= 4096)).toBe(true);
    guest.setNrHugepages(9);
    expect(guest.kernel.hstate.freeList[8]).toBeLessThan(4096);
  });

  it("stops at a block whose machine frames are not one superpage, and the buddy hands it out again", () => {
    const { guest, host } = boot(scheme, 32);
    guest.setNrHugepages(4);
    // The pages that come back from Xen have other frames; they make the lowest free block useless for the pool.
    const spare = allocPages(guest.kernel, "GFP_HIGHUSER", 9);
    expect(guest.decreaseReservation(600)).toBe(600);
    expect(guest.increaseReservation(600)).toBe(600);
    freePages(guest.kernel, spare, 9);
    guest.setNrHugepages(1000);
    const reached = guest.pool().total;
    expect(guest.log.at(-1)).toBe("Guest pages are not properly aligned to use hugepages");
    expect(guest.setNrHugepages(1000)).toBe(reached);
    expect(guest.log.length).toBeGreaterThanOrEqual(2);
    expectClean(host);
  });
});

describe("the hugepage pool", () => {
  it("stays empty when Xen was booted without superpages, and says why", () => {
    const host = createHost({ frames: 16_384, scheme: "xen-4.1", superpagesAllowed: false });
    const guest = bootGuest(host, { memoryMiB: 32 });
    expect(guest.setNrHugepages(4)).toBe(0);
    expect(guest.log).toEqual(["Xen hypervisor is not configured to allow hugepages"]);
    expectClean(host);
  });

  it("leaves its pages unmarked when the guest does not mark", () => {
    const { guest } = boot("xen-4.1", 32, { markHugepages: false });
    guest.setNrHugepages(4);
    expect(guest.pool()).toMatchObject({ total: 4, marked: 0 });
    expect(guest.events().directHypercalls).toBe(0);
  });

  it.each([-1, 1.5, Number.NaN])("refuses the size %s", (count) => {
    expect(() => boot("sealed", 16).guest.setNrHugepages(count)).toThrow(RangeError);
  });
});
