import { describe, expect, it } from "vitest";
import { NO_PAGE, allocPages } from "../src/index.ts";
import { MAX_ORDER } from "../src/mem-map.ts";
import { buildZonelists, makeZones } from "../src/zone.ts";
import { boot, expectClean } from "./small-guest.ts";

describe("zones [S L39 include/linux/mmzone.h; linux-facts §1.1]", () => {
  it.each([
    ["64-bit", 1024, 1024, ["DMA 0-1024"]],
    ["64-bit", 0x200000, 0x200000, ["DMA 0-4096", "DMA32 4096-1048576", "Normal 1048576-2097152"]],
    ["32-bit", 8192, 8192, ["DMA 0-4096", "Normal 4096-8192"]],
    ["32-bit", 0x40000, 229376, ["DMA 0-4096", "Normal 4096-229376", "HighMem 229376-262144"]],
    ["32-bit", 8192, 2048, ["DMA 0-2048", "HighMem 2048-8192"]],
  ] as const)("of a %s guest with %i pages, %i of them lowmem", (style, pages, lowmem, expected) => {
    const zones = makeZones(style, pages, lowmem);
    expect(zones.map(({ name, startPfn, endPfn }) => `${name} ${startPfn}-${endPfn}`)).toEqual(expected);
  });

  it.each([
    ["64-bit", "GFP_HIGHUSER", ["Normal", "DMA32", "DMA"], "M zone fallback order"],
    ["64-bit", "GFP_KERNEL", ["Normal", "DMA32", "DMA"], "M zone fallback order"],
    ["32-bit", "GFP_HIGHUSER", ["HighMem", "Normal", "DMA"], "S L39 mm/hugetlb.c htlb_alloc_mask"],
    ["32-bit", "GFP_KERNEL", ["Normal", "DMA"], "M zone fallback order"],
  ] as const)("of a %s guest serve %s in the order %j [%s]", (style, gfp, expected, _source) => {
    const zones = makeZones(style, 0x200000, style === "64-bit" ? 0x200000 : 0x2d700);
    expect(buildZonelists(zones)[gfp].map(({ name }) => name)).toEqual(expected);
  });
});

describe("hugepages", () => {
  it("come from HighMem first, then from Normal, then from DMA [S L39 mm/hugetlb.c; linux-facts §1.1]", () => {
    const { guest, host } = boot("xen-4.1", 40, { style: "32-bit", lowmemFrames: 7168 });
    const zoneOf = (head: number): string => {
      const zone = guest.kernel.zones.find(({ startPfn, endPfn }) => head >= startPfn && head < endPfn);
      return zone?.name ?? "none";
    };
    const order: string[] = [];
    for (let wanted = 1; guest.setNrHugepages(wanted) === wanted; wanted++) {
      order.push(zoneOf(guest.kernel.hstate.freeList[wanted - 1] ?? NO_PAGE));
    }
    // 12 MiB of HighMem, 12 MiB of Normal, 16 MiB of DMA less the block with the boot page tables.
    const six = (zone: string): string[] => Array.from({ length: 6 }, () => zone);
    expect(order).toEqual([...six("HighMem"), ...six("Normal"), ...six("DMA"), "DMA"]);
    expectClean(host);
  });

  it("take an order-9 block out of column 10 of /proc/buddyinfo [S L39 vmstat.c; linux-facts §6.1]", () => {
    const { guest } = boot("sealed", 16, { style: "32-bit", lowmemFrames: 2048 });
    const highmem = guest.kernel.zones.find(({ name }) => name === "HighMem");
    expect([...(highmem?.nrFree ?? [])]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    guest.setNrHugepages(1);
    expect([...(highmem?.nrFree ?? [])]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    guest.setNrHugepages(0);
    expect([...(highmem?.nrFree ?? [])]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
  });

  it("of 1 GiB, order 18, cannot come from the buddy [S L39; linux-facts §1.1]", () => {
    const { guest } = boot("xen-4.1", 16);
    expect(allocPages(guest.kernel, "GFP_HIGHUSER", 18)).toBe(NO_PAGE);
    expect(allocPages(guest.kernel, "GFP_HIGHUSER", MAX_ORDER)).toBe(NO_PAGE);
    expect(allocPages(guest.kernel, "GFP_HIGHUSER", MAX_ORDER - 1)).not.toBe(NO_PAGE);
  });

  it("do not come from a block that lies across the end of lowmem", () => {
    // 5 MiB of lowmem end in the middle of block 2.
    const { guest } = boot("xen-4.1", 12, { style: "32-bit", lowmemFrames: 1280 });
    const reached = guest.setNrHugepages(100);
    const heads = [...guest.kernel.hstate.freeList.subarray(0, reached)];
    expect(heads.toSorted((a, b) => a - b)).toEqual([512, 1536, 2048, 2560]);
  });
});
