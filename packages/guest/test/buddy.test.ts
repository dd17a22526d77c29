import { pfn } from "@xsp/hypervisor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { freeBootmem, freeOnePage, rmqueue } from "../src/buddy.ts";
import { MAX_ORDER, MemMap, NO_PAGE } from "../src/mem-map.ts";
import type { Zone } from "../src/zone.ts";

function onlyZone(pages: number, start = 0): { memMap: MemMap; zone: Zone } {
  const zone: Zone = {
    name: "Normal",
    startPfn: start,
    endPfn: start + pages,
    freeHead: new Int32Array(MAX_ORDER),
    nrFree: new Int32Array(MAX_ORDER),
    freePages: 0,
  };
  const memMap = new MemMap(start + pages);
  freeBootmem(memMap, zone, start, start + pages);
  return { memMap, zone };
}

describe("the buddy allocator", () => {
  it.each([
    { pages: 2048, start: 0, counts: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2] },
    { pages: 1023, start: 0, counts: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0] },
    { pages: 1023, start: 1, counts: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0] },
    { pages: 1536, start: 512, counts: [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1] },
  ])("holds $pages pages from $start in the largest aligned blocks", ({ pages, start, counts }) => {
    expect([...onlyZone(pages, start).zone.nrFree]).toEqual(counts);
  });

  it("gives out the lowest block first and splits a larger one only when it must", () => {
    const { memMap, zone } = onlyZone(2048);
    expect(rmqueue(memMap, zone, 9)).toBe(0);
    expect(rmqueue(memMap, zone, 0)).toBe(512);
    expect(rmqueue(memMap, zone, 0)).toBe(513);
    expect(rmqueue(memMap, zone, 9)).toBe(1024);
  });

  it("joins a block with its free buddies up to order 10", () => {
    const { memMap, zone } = onlyZone(1024);
    const pages = Array.from({ length: 1024 }, () => rmqueue(memMap, zone, 0));
    expect(rmqueue(memMap, zone, 0)).toBe(NO_PAGE);
    for (const page of pages) freeOnePage(memMap, zone, page, 0);
    expect([...zone.nrFree]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  });

  it("refuses a block that is freed twice", () => {
    const { memMap, zone } = onlyZone(16);
    const page = rmqueue(memMap, zone, 2);
    freeOnePage(memMap, zone, page, 2);
    expect(() => freeOnePage(memMap, zone, page, 2)).toThrow("freed once");
  });

  it("never gives a page out twice, and is as full as before when all came back", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.array(fc.tuple(fc.boolean(), fc.nat(10), fc.nat()), { maxLength: 200 }),
        (pages, steps) => {
          const { memMap, zone } = onlyZone(pages);
          const before = [...zone.nrFree];
          const held: { page: number; order: number }[] = [];
          const used = new Uint8Array(pages);
          const mark = (page: number, order: number, to: 0 | 1): void => {
            for (let at = page; at < page + 2 ** order; at++) {
              if (used[at] === to) throw new Error(`page ${at} is ${to === 1 ? "given out twice" : "not in use"}`);
              used[at] = to;
            }
          };
          for (const [take, order, which] of steps) {
            if (take) {
              const page = rmqueue(memMap, zone, order);
              if (page === NO_PAGE) continue;
              expect(page % 2 ** order).toBe(0);
              mark(page, order, 1);
              held.push({ page, order });
            } else if (held.length > 0) {
              const [block] = held.splice(which % held.length, 1);
              if (block === undefined) continue;
              mark(block.page, block.order, 0);
              freeOnePage(memMap, zone, pfn(block.page), block.order);
            }
            expect(zone.freePages).toBe(used.filter((flag) => flag === 0).length);
          }
          for (const { page, order } of held) freeOnePage(memMap, zone, pfn(page), order);
          expect(zone.freePages).toBe(pages);
          expect([...zone.nrFree]).toEqual(before);
        },
      ),
      { numRuns: 60 },
    );
  });
});
