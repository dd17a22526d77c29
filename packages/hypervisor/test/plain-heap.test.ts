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
  const range: fc.Arbitrary<MemoryRange> = fc
    .record({ start: fc.nat(FRAMES), frames: fc.nat(FRAMES), kind: fc.constantFrom("ram", "xen", "io") })
    .map(({ start, frames, kind }) => ({ start, frames: Math.min(frames, FRAMES - start), kind }));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 4 }), (memoryMap) => {
      const laidOut = (allocate: WordsAllocator): unknown => words(smallHost({ superpages: 16, allocate, memoryMap }));
      expect(laidOut(allocatePlainWords)).toEqual(laidOut(allocateSharedWords));
    }),
  );
});

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
        const domains = [createDomain(host), createDomain(host)];
        const answers = actions.map((each) => act(host, domains[each.who], each));
        const reached = words(host);
        const before = host.freeFrames;
        const rest = destroyDomain(domains[0]);
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
