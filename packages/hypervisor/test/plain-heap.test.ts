import { type WordsAllocator, allocatePlainWords, allocateSharedWords } from "@xsp/words";
import fc from "fast-check";
import { expect, it } from "vitest";
import { allocDomainPages, allocDomainPagesAt } from "../src/heap.ts";
import { type Domain, type Host, type MemoryRange, builderStore, createDomain, destroyDomain } from "../src/index.ts";
import { clearAllocated, getPage, putPage } from "../src/page-references.ts";
import { flushTlbMask } from "../src/tlb.ts";
import { setPinned } from "../src/page-lock.ts";
import { smallHost } from "./small-host.ts";

/*
 * On a host of one thread, memory is laid out, given out and taken back at a domain's end by loops on bare arrays. Here
 * they are held equal, word for word, to what is done frame by frame on shared words.
 */

const FRAMES = 64;

/** The frame table and the heap, TLB stamps and rover included. */
function words({ count, type, owner, heap, domainWords, control, frames, memory }: Host): unknown {
  return {
    words: [count, type, owner, heap, domainWords, control].map((region) =>
      Array.from({ length: region.length }, (_, index) => region.load(index)),
    ),
    written: Array.from({ length: frames }, (_, frame) => memory.find(frame)),
  };
}

it("lays out any memory map as frame by frame", () => {
  // Stretches from the bottom up, each with what it is, or a gap; told in any order.
  const stretch = fc.record({ frames: fc.nat(FRAMES >> 1), kind: fc.constantFrom("ram", "xen", "io", "gap") });
  const memoryMaps = fc.array(stretch, { maxLength: 6 }).chain((stretches) => {
    const ranges: MemoryRange[] = [];
    let start = 0;
    for (const { frames: asked, kind } of stretches) {
      const frames = Math.min(asked, FRAMES - start);
      if (kind !== "gap") ranges.push({ start, frames, kind });
      start += frames;
    }
    return fc.shuffledSubarray(ranges);
  });
  fc.assert(
    fc.property(memoryMaps, (memoryMap) => {
      const laidOut = (allocate: WordsAllocator): unknown => words(smallHost({ superpages: 16, allocate, memoryMap }));
      expect(laidOut(allocatePlainWords)).toEqual(laidOut(allocateSharedWords));
      // What the heap says is free can be had, frame by frame.
      const host = smallHost({ superpages: 16, memoryMap });
      const domain = createDomain(host);
      const free = Array.from({ length: host.freeFrames }, () => allocDomainPages(host, domain, 0));
      expect(free.toSorted((a, b) => a - b)).toEqual(framesOf(memoryMap, "ram"));
      expect(allocDomainPages(host, domain, 0)).toBe(-1);
    }),
  );
});

function framesOf(memoryMap: readonly MemoryRange[], kind: string): number[] {
  const ranges = memoryMap.filter((range) => range.kind === kind);
  const frames = ranges.flatMap((range) => Array.from({ length: range.frames }, (_, index) => range.start + index));
  return frames.sort((a, b) => a - b);
}

const kinds = ["allocate", "allocateAt", "free", "hold", "write", "flush", "pin"] as const;
const action = fc.record({
  kind: fc.constantFrom(...kinds),
  who: fc.nat(1),
  frame: fc.nat(FRAMES - 1),
  size: fc.nat(4),
});
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

function act(host: Host, domain: Domain, { kind, frame, size }: Action): unknown {
  switch (kind) {
    case "allocate":
      return allocDomainPages(host, domain, size);
    case "allocateAt":
      return allocDomainPagesAt(host, domain, frame, size);
    case "free": {
      // A frame that is held beside stays, without an owner's hold.
      const got = getPage(host, frame, domain.slot);
      if (got && clearAllocated(host, frame)) putPage(host, frame);
      if (got) putPage(host, frame);
      return got;
    }
    case "hold":
      return getPage(host, frame, domain.slot);
    case "write":
      return builderStore(domain, frame, size % 4, size, 1);
    case "pin":
      // What pins no table keeps the frame from being freed: destruction finds a put without a get, and goes on.
      return getPage(host, frame, domain.slot) && setPinned(host, frame);
    case "flush":
      return flushTlbMask(host, 1 + size);
  }
}

it("gives frames out and frees a dying domain's as frame by frame, whatever else holds them", () => {
  let left = 0;
  let freed = 0;
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), fc.boolean(), (actions, preempts) => {
      const run = (allocate: WordsAllocator): unknown[] => {
        const host = smallHost({ superpages: FRAMES >> 2, allocate, ...(preempts ? { preempt: () => false } : {}) });
        const dying = createDomain(host);
        const other = createDomain(host);
        // Half of the host is somebody's from the start, so that most of what is done meets a frame that it can be done to.
        for (const domain of [dying, other, dying]) allocDomainPages(host, domain, 3);
        const answers = actions.map((each) => act(host, each.who === 0 ? dying : other, each));
        const reached = words(host);
        const before = host.freeFrames;
        const rest = destroyDomain(dying);
        left += rest;
        freed += host.freeFrames - before;
        return [answers, reached, rest, words(host)];
      };
      expect(run(allocatePlainWords)).toEqual(run(allocateSharedWords));
    }),
    { numRuns: 300 },
  );
  expect(Math.min(left, freed)).toBeGreaterThan(0);
});
