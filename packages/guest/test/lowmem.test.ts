import { describe, expect, it } from "vitest";
import { createHost } from "@xsp/hypervisor";
import { bootGuest } from "../src/index.ts";
import { MAXMEM_PFN, findLowPfnRange } from "../src/lowmem.ts";
import { boot, expectClean, writableCount } from "./small-guest.ts";

const MIB = 256;

describe("find_low_pfn_range [S L39 arch/x86/mm/init_32.c]", () => {
  const lowmem = "fits into lowmem";
  const highmem = "is more than lowmem";
  it.each([
    { of: 512, highmemMib: undefined, case: lowmem, low: 512, high: 0, says: [] },
    { of: 512, highmemMib: 0, case: lowmem, low: 512, high: 0, says: [] },
    { of: 512, highmemMib: 256, case: lowmem, low: 256, high: 256, says: [] },
    { of: 512, highmemMib: 448, case: lowmem, low: 64, high: 448, says: [] },
    {
      of: 512,
      highmemMib: 449,
      case: lowmem,
      low: 512,
      high: 0,
      says: ["highmem size (449MB) results in <64MB lowmem, ignoring it!"],
    },
    {
      of: 512,
      highmemMib: 512,
      case: lowmem,
      low: 512,
      high: 0,
      says: ["highmem size (512MB) is bigger than pages available (512MB)!"],
    },
    { of: 727, highmemMib: undefined, case: lowmem, low: 727, high: 0, says: [] },
    { of: 728, highmemMib: undefined, case: highmem, low: 727, high: 1, says: [] },
    { of: 2048, highmemMib: undefined, case: highmem, low: 727, high: 1321, says: [] },
    { of: 2048, highmemMib: 1321, case: highmem, low: 727, high: 1321, says: [] },
    { of: 2048, highmemMib: 100, case: highmem, low: 727, high: 100, says: [] },
    { of: 2048, highmemMib: 0, case: highmem, low: 727, high: 0, says: [] },
    {
      of: 2048,
      highmemMib: 1322,
      case: highmem,
      low: 727,
      high: 1321,
      says: ["only 1321MB highmem pages available, ignoring highmem size of 1322MB!"],
    },
  ])("splits $of MiB, which $case, with highmem=$highmemMib MiB into $low and $high", (row) => {
    const highmemPages = row.highmemMib === undefined ? undefined : row.highmemMib * MIB;
    expect(findLowPfnRange(row.of * MIB, MAXMEM_PFN, highmemPages)).toEqual({
      maxLowPfn: row.low * MIB,
      maxPfn: (row.low + row.high) * MIB,
      log: [...row.says, `${row.high}MB HIGHMEM available.`, `${row.low}MB LOWMEM available.`],
    });
  });
});

describe("a guest with highmem=", () => {
  it("has lowmem that ends under Xen's hole when nobody says otherwise [D/M linux-facts §1.1]", () => {
    const { guest, host } = boot("sealed", 736, { style: "32-bit" });
    expect(guest.kernel.maxLowPfn).toBe(727 * MIB);
    expect(guest.kernel.zones.map(({ name }) => name)).toEqual(["DMA", "Normal", "HighMem"]);
    expect(guest.log).toEqual(["9MB HIGHMEM available.", "727MB LOWMEM available."]);
    expectClean(host);
  });

  it("maps only the lowmem that is left, and takes its hugepages from highmem", () => {
    const pair = boot("xen-4.1", 80, { style: "32-bit", highmemFrames: 16 * MIB });
    const { guest, host } = pair;
    expect(guest.kernel.maxLowPfn).toBe(64 * MIB);
    expect(writableCount(pair, 64 * MIB - 1)).toBe(1);
    expect(writableCount(pair, 64 * MIB)).toBe(0);
    expect(guest.setNrHugepages(8)).toBe(8);
    expect(Math.min(...guest.kernel.hstate.freeList.subarray(0, 8))).toBe(64 * MIB);
    expectClean(host);
  });

  it("has less memory than it was given when that is more than lowmem and it asks for less highmem", () => {
    const { guest, host } = boot("xen-4.1", 32, { style: "32-bit", lowmemFrames: 16 * MIB, highmemFrames: 4 * MIB });
    expect(guest.frames).toBe(20 * MIB);
    expect(guest.kernel.zones.at(-1)).toMatchObject({ name: "HighMem", endPfn: 20 * MIB });
    // Xen still counts what the kernel does not use as the guest's.
    expect(host.freeFrames).toBe(host.frames - 512 - 32 * MIB);
    expect(guest.balloonTotals().currentPages).toBe(20 * MIB);
    expectClean(host);
    expect(guest.shutdown()).toBe(0);
    expect(host.freeFrames).toBe(host.frames - 512);
  });

  it.each([
    [{ highmemFrames: 1.5, style: "32-bit" }, "highmemFrames: 1.5 given"],
    [{ highmemFrames: -1, style: "32-bit" }, "highmemFrames: -1 given"],
    [{ highmemFrames: 512 }, "highmemFrames: a 64-bit guest"],
    [{ xenClearsHighmem: true }, "xenClearsHighmem: a 64-bit guest"],
  ] as const)("refuses %j", (options, message) => {
    const host = createHost({ frames: 8192, scheme: "xen-4.1" });
    expect(() => bootGuest(host, { memoryMiB: 16, ...options })).toThrow(message);
    expect(() => bootGuest(host, { memoryMiB: 16, ...options })).toThrow(RangeError);
  });
});
