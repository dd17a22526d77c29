import { type Pfn, createHost, mfn, pfn, storeToFrame } from "@xsp/hypervisor";
import { describe, expect, it } from "vitest";
import {
  NO_PAGE,
  allocPages,
  bootGuest,
  createContiguousRegion,
  destroyContiguousRegion,
  freePages,
} from "../src/index.ts";
import { PG_scribbled } from "../src/mem-map.ts";
import {
  type Pair,
  allSchemes,
  boot,
  expectAllFree,
  expectClean,
  expectInverse,
  measure,
  ok,
  sharer,
  writableCount,
} from "./small-guest.ts";

function takeBlock({ guest }: Pair, order = 9): Pfn {
  const page = allocPages(guest.kernel, "GFP_KERNEL", order);
  expect(page).not.toBe(NO_PAGE);
  return page;
}

/** A guest with superpages, one of whose blocks has frames that are not one machine superpage. */
function withBadBlock(scheme: Pair["host"]["scheme"]["name"]): Pair & { readonly block: Pfn } {
  // The last three pages come as single frames, so that Xen's next single frame is no first one of a superpage.
  const host = createHost({ frames: 24 * 256 + 2048, scheme });
  const pair = { host, guest: bootGuest(host, { frames: 16 * 256 + 3 }) };
  const block = takeBlock(pair);
  expect(destroyContiguousRegion(pair.guest.kernel, block, 9)).toBe(true);
  expect(pair.guest.kernel.phys.isMachineContiguous(block)).toBe(false);
  freePages(pair.guest.kernel, block, 9);
  return { ...pair, block };
}

describe.each(allSchemes)("a block whose frames are not contiguous, under %s", (scheme) => {
  it("stops all growth of the pool, since the buddy hands it out again each time [S + D UEK; linux-facts §4.2]", () => {
    const { guest, host, block } = withBadBlock(scheme);
    const free = guest.freePages();
    expect([guest.setNrHugepages(4), guest.setNrHugepages(1)]).toEqual([0, 0]);
    const line = "Guest pages are not properly aligned to use hugepages";
    expect(guest.log).toEqual([line, line]);
    expect(guest.freePages()).toBe(free);
    expect(takeBlock({ guest, host })).toBe(block);
    // Once somebody else has the block the pool grows.
    expect(guest.setNrHugepages(4)).toBe(4);
    expectClean(host);
  });

  it("is mended by an exchange, and the pool grows [S UEK/L39 mmu.c; linux-facts §4.3]", () => {
    const pair = withBadBlock(scheme);
    const { guest, host, block } = pair;
    const free = host.freeFrames;
    expect(takeBlock(pair)).toBe(block);
    expect(createContiguousRegion(guest.kernel, block, 9)).toBe(0);
    freePages(guest.kernel, block, 9);
    expect(guest.kernel.phys.isMachineContiguous(block)).toBe(true);
    expect(host.freeFrames).toBe(free);
    expectInverse(host, guest);
    expectClean(host);
    const { process } = sharer(guest, 4);
    ok(guest.fork(process));
    expectClean(host);
  });

  it("is left as it was when Xen refuses", () => {
    // All of the host but a few frames is the guest's: there is no extent to be had.
    const host = createHost({ frames: 16 * 256 + 512 + 300, scheme });
    const pair = { host, guest: bootGuest(host, { memoryMiB: 16, populate: "pages" }) };
    const { kernel } = pair.guest;
    const block = takeBlock(pair);
    const before = kernel.phys.p2m.slice();
    const free = host.freeFrames;
    expect(createContiguousRegion(kernel, block, 9)).toBe(-12);
    expect(kernel.phys.p2m).toEqual(before);
    expect(host.freeFrames).toBe(free);
    for (let page = block; page < block + 512; page = pfn(page + 1)) {
      if (writableCount(pair, page) !== 1) expect(page).toBe("counted otherwise");
    }
    expectInverse(host, pair.guest);
    expectClean(host);
  });

  it("leaves nothing behind when the domain is destroyed", () => {
    const host = createHost({ frames: 8192, scheme });
    const free = host.freeFrames;
    const pair = { host, guest: bootGuest(host, { memoryMiB: 16, populate: "pages" }) };
    for (let order = 0; order <= 9; order++) {
      expect(createContiguousRegion(pair.guest.kernel, takeBlock(pair, order), order)).toBe(0);
    }
    expect(pair.guest.shutdown()).toBe(0);
    expectAllFree(host, free);
    expectClean(host);
  });
});

describe("a contiguous region", () => {
  it.each([
    // Zap and remap are 2^n update_va_mappings each, 32 to a multicall; the exchange is a hypercall of its own.
    { order: 0, hypercalls: 3 },
    { order: 4, hypercalls: 3 },
    { order: 5, hypercalls: 3 },
    { order: 6, hypercalls: 5 },
    { order: 9, hypercalls: 33 },
  ])("of order $order costs $hypercalls hypercalls [S L39 mmu.c]", ({ order, hypercalls }) => {
    const pair = boot("xen-4.1", 16, { populate: "pages" });
    const block = takeBlock(pair, order);
    const { perf } = measure(pair, () => expect(createContiguousRegion(pair.guest.kernel, block, order)).toBe(0));
    expect(perf).toMatchObject({ hypercalls, calls_to_update_va: 2 * 2 ** order });
    const { phys } = pair.guest.kernel;
    const first = phys.pfnToMfn(block);
    expect(first % 2 ** order).toBe(0);
    for (let offset = 0; offset < 2 ** order; offset++) expect(phys.pfnToMfn(pfn(block + offset))).toBe(first + offset);
    expectClean(pair.host);
  });

  it("is cleared: what was in the block does not come along", () => {
    const pair = boot("xen-4.1", 16, { populate: "pages" });
    const { kernel } = pair.guest;
    const block = takeBlock(pair, 1);
    expect(storeToFrame(kernel.vcpu, kernel.phys.pfnToMfn(block), 4, 1, 1)).toBe(true);
    kernel.memMap.setFlag(block, PG_scribbled);
    expect(createContiguousRegion(kernel, block, 1)).toBe(0);
    expect(pair.host.memory.loadLo(kernel.phys.pfnToMfn(block), 4)).toBe(0);
    expect(kernel.memMap.isScribbled(block)).toBe(false);
  });

  it("is undone, and then made again", () => {
    const pair = boot("sealed", 16);
    const { kernel } = pair.guest;
    const block = takeBlock(pair);
    const before = kernel.phys.pfnToMfn(block);
    expect(destroyContiguousRegion(kernel, block, 9)).toBe(true);
    expect(kernel.phys.p2m.subarray(block, block + 512)).not.toContain(before);
    expect(createContiguousRegion(kernel, block, 9)).toBe(0);
    expect(kernel.phys.mfnToPfn(mfn(kernel.phys.pfnToMfn(block) + 5))).toBe(block + 5);
    expectInverse(pair.host, pair.guest);
    expectClean(pair.host);
  });

  it("has at most 2 MiB: −ENOMEM above, as in Linux [S L39 mmu.c MAX_CONTIG_ORDER]", () => {
    const pair = boot("xen-4.1", 16);
    const { perf } = measure(pair, () => {
      expect(createContiguousRegion(pair.guest.kernel, takeBlock(pair, 10), 10)).toBe(-12);
      expect(destroyContiguousRegion(pair.guest.kernel, pfn(0), 10)).toBe(false);
    });
    expect(perf.hypercalls).toBe(0);
  });

  it.each([
    ["a page that is not aligned to the block", 1025, 1, "page: 1025 given"],
    ["a block beyond lowmem", 2048, 9, "page: 2048 given"],
    ["no order", 1024, -1, "order: -1 given"],
    ["a boot page table", 0, 0, "page 0 is not the caller's to trade"],
    ["a free block", 1024, 9, "page 1024 is not the caller's to trade"],
    ["a page inside a larger free block", 1030, 0, "page 1030 is not the caller's to trade"],
  ])("refuses %s", (_name, page, order, message) => {
    const { guest, host } = boot("xen-4.1", 16, { style: "32-bit", lowmemFrames: 2048 });
    expect(() => createContiguousRegion(guest.kernel, pfn(page), order)).toThrow(message);
    expect(() => createContiguousRegion(guest.kernel, pfn(page), order)).toThrow(RangeError);
    expectClean(host);
  });

  it("cannot be destroyed where there is none", () => {
    const pair = boot("xen-4.1", 16, { populate: "pages" });
    const block = takeBlock(pair);
    expect(() => destroyContiguousRegion(pair.guest.kernel, block, 9)).toThrow("are not one extent");
  });
});
