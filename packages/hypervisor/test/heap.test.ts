import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocDomainPages, allocDomainPagesAt, heapFreeFrames } from "../src/heap.ts";
import { createDomain, ownerOf, readCount } from "../src/index.ts";
import { loadStamp } from "../src/owner-info.ts";
import { clearAllocated, putPage } from "../src/page-references.ts";
import { flushTlbMask } from "../src/tlb.ts";
import { expectClean, oneGuest, smallHost } from "./small-host.ts";

const FRAMES = 64;

it("gives out free, aligned runs as long as there are any, whatever was allocated and freed before", () => {
  const action = fc.record({ order: fc.nat(4), free: fc.boolean(), which: fc.nat(40) });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const host = smallHost({ superpages: FRAMES >> 2 });
      const domain = createDomain(host);
      const taken = new Set<number>([0, 1, 2, 3]);
      const runs: [first: number, frames: number][] = [];
      const free = (first: number, frames: number): boolean =>
        first + frames <= FRAMES && [...Array(frames).keys()].every((i) => !taken.has(first + i));
      for (const { order, free: give, which } of actions) {
        if (give && runs.length > 0) {
          const [[first, frames]] = runs.splice(which % runs.length, 1) as [[number, number]];
          for (let frame = first; frame < first + frames; frame++) {
            clearAllocated(host, frame);
            putPage(host, frame);
            taken.delete(frame);
          }
        } else {
          const frames = 2 ** order;
          const starts = [...Array(FRAMES / frames).keys()]
            .map((i) => i * frames)
            .filter((first) => free(first, frames));
          const first = allocDomainPages(host, domain, order);
          if (first < 0) {
            expect(starts).toEqual([]);
            continue;
          }
          expect(starts).toContain(first);
          for (let frame = first; frame < first + frames; frame++) {
            taken.add(frame);
            expect([ownerOf(host, frame), readCount(host, frame).count]).toEqual([domain.domid, 1]);
          }
          runs.push([first, frames]);
        }
        expect(heapFreeFrames(host)).toBe(FRAMES - taken.size);
        expectClean(host);
      }
    }),
    { numRuns: 100, seed: 2010 },
  );
});

describe("allocDomainPagesAt", () => {
  it("takes frames across extents, or none of them", () => {
    const host = smallHost();
    const domain = createDomain(host);
    expect(allocDomainPagesAt(host, domain, 7, 6)).toBe(true);
    expect(allocDomainPagesAt(host, domain, 4, 4)).toBe(false);
    expect(allocDomainPagesAt(host, domain, 31, 2)).toBe(false);
    expect(host.freeFrames).toBe(22);
    expectClean(host);
  });
});

it("a freed frame remembers when, and its contents are gone", () => {
  const { host, start } = oneGuest();
  flushTlbMask(host, 1);
  host.memory.store(start, 0, 1, 2);
  clearAllocated(host, start);
  putPage(host, start);
  expect(loadStamp(host.owner, start)).toBe(host.tlbClock);
  expect([host.memory.loadLo(start, 0), host.memory.loadHi(start, 0), host.memory.find(start)]).toEqual([0, 0, -1]);
});
