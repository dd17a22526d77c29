import { createHost, ownerOf } from "@xsp/hypervisor";
import { describe, expect, it } from "vitest";
import { bootGuest } from "../src/index.ts";
import { allSchemes, boot, expectAllFree, expectClean, writableCount } from "./small-guest.ts";

/** The page of zeroes is not the buddy's either. */
const ZERO_PAGE = 1;

describe.each(allSchemes)("booting under %s", (scheme) => {
  it("maps every page of a 64-bit guest writable once, and its page tables read-only", () => {
    const pair = boot(scheme, 16);
    const { guest, host } = pair;
    const tables = 4096 / 512 + 3;
    for (let page = 0; page < 4096; page++) {
      if (writableCount(pair, page) !== (page < tables ? 0 : 1)) expect(page).toBe("counted otherwise");
    }
    expect(guest.freePages()).toBe(4096 - tables - ZERO_PAGE);
    expect(guest.log).toEqual([]);
    expectClean(host);
  });

  it("maps lowmem of a 32-bit guest and leaves highmem at count 0", () => {
    const pair = boot(scheme, 16, { style: "32-bit", lowmemFrames: 2048 });
    // 4 L1 tables, one of each level above, and for kmaps L3, L2 and two L1.
    const tables = 4 + 3 + 4;
    for (let page = 0; page < 4096; page++) {
      const expected = page < tables || page >= 2048 ? 0 : 1;
      if (writableCount(pair, page) !== expected) expect(page).toBe("counted otherwise");
    }
    expect(pair.guest.freePages()).toBe(4096 - tables - ZERO_PAGE);
    expectClean(pair.host);
  });

  it("leaves nothing behind when the domain is destroyed", () => {
    const host = createHost({ frames: 5000, scheme });
    const free = host.freeFrames;
    const guest = bootGuest(host, { frames: 3000 });
    expect(host.freeFrames).toBe(free - 3000);
    expect(guest.shutdown()).toBe(0);
    expectAllFree(host, free);
    expectClean(host);
  });
});

describe("booting", () => {
  it("gives the guest memory in aligned 2 MiB extents, so that its blocks are machine superpages", () => {
    const { guest, host } = boot("xen-4.1", 16);
    for (let page = 0; page < 4096; page++) {
      const frame = guest.kernel.phys.pfnToMfn(page as never);
      expect(frame % 512).toBe(page % 512);
      expect(guest.kernel.phys.mfnToPfn(frame)).toBe(page);
      expect(ownerOf(host, frame)).toBe(guest.domain.domid);
    }
  });

  it.each([
    [{}, "give one of the two"],
    [{ frames: 4096, memoryMiB: 16 }, "give one of the two"],
    [{ memoryMiB: -1 }, "memoryMiB"],
    [{ frames: 4096.5 }, "frames"],
    [{ frames: 1_000_000 }, "the host has"],
    [{ frames: 3 }, "too few"],
    [{ memoryMiB: 16, lowmemFrames: 100 }, "lowmemFrames"],
    [{ memoryMiB: 16, style: "32-bit", lowmemFrames: 0 }, "lowmemFrames"],
    [{ memoryMiB: 16, style: "16-bit" as "32-bit" }, "style"],
  ] as const)("refuses the options %j", (options, message) => {
    const host = createHost({ frames: 8192, scheme: "xen-4.1" });
    expect(() => bootGuest(host, options)).toThrow(message);
    expect(() => bootGuest(host, options)).toThrow(RangeError);
  });

  it("boots several guests on one host", () => {
    const host = createHost({ frames: 12_000, scheme: "sealed" });
    const first = bootGuest(host, { memoryMiB: 16 });
    const second = bootGuest(host, { memoryMiB: 16 });
    first.setNrHugepages(2);
    second.setNrHugepages(3);
    expectClean(host);
    expect([first.pool().total, second.pool().total]).toEqual([2, 3]);
  });
});
