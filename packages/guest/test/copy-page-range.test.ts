import { describe, expect, it } from "vitest";
import {
  type Guest,
  type GuestOptions,
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  PROT_NONE,
  PROT_READ,
  type Process,
  allocPages,
  freePages,
} from "../src/index.ts";
import { type Pair, allSchemes, boot, expectClean, measure, mmapShared, ok } from "./small-guest.ts";

const PAGE = 4096;
/** One full PTE page and part of a second. */
const PAGES = 700;

function privatePages(guest: Guest, pages: number, write = true): { process: Process; address: number } {
  const process = ok(guest.spawn("server"));
  const address = ok(guest.mmap(process, { length: pages * PAGE, flags: MAP_PRIVATE | MAP_ANONYMOUS }));
  expect(guest.touchAll(process, address, write)).toBeUndefined();
  return { process, address };
}

function forking(scheme: Parameters<typeof boot>[0], options: GuestOptions = {}): Pair & { process: Process } {
  const pair = boot(scheme, 24, options);
  return { ...pair, process: privatePages(pair.guest, PAGES).process };
}

describe.each(allSchemes)("fork of private 4 KiB pages under %s", (scheme) => {
  it("write-protects each of the parent's by a trapped store, and asks for the child's 31 at a time [S L36x]", () => {
    const pair = forking(scheme);
    const { perf, events } = measure(pair, () => ok(pair.guest.fork(pair.process)));
    expect(events).toMatchObject({
      ptwrFaults: PAGES,
      queuedPteWrites: PAGES,
      plainPtes: 0,
      plainPmds: 2,
      plainPuds: 1,
      plainPgds: 2,
      // ⌈512/31⌉ and ⌈188/31⌉ requests, the pin, the flush of the parent.
      batches: 17 + 7 + 1 + 1,
      // In the pin: 6 tables read-only, PIN_L1 of 2 PTE pages, PIN_L4 of 2 roots.
      batchEntries: 17 + 7 + 10 + 1,
      pagesMadeReadOnly: 6,
      pgdPins: 1,
      multicallFailures: 0,
    });
    expect(perf).toMatchObject({
      hypercalls: 26,
      // The 6 tables' own entries in the direct map are updates too.
      num_page_updates: PAGES + 6,
      writable_mmu_updates: PAGES,
      num_mmuext_ops: 2 + 2 + 1,
      validations: 6,
      tableTypePuts: PAGES + 6,
      superpageGets: 0,
    });
    expectClean(pair.host);
  });

  it("stores the child's as well up to 2.6.39 [S L39]", () => {
    const pair = forking(scheme, { kernelVersion: "2.6.39" });
    const { perf, events } = measure(pair, () => ok(pair.guest.fork(pair.process)));
    expect(events).toMatchObject({ ptwrFaults: PAGES, plainPtes: PAGES, queuedPteWrites: 0, batches: 2 });
    expect(perf).toMatchObject({ hypercalls: 2, num_page_updates: 6, validations: 6, tableTypePuts: PAGES + 6 });
    expectClean(pair.host);
  });

  it("is undone by stores at exit, after the unpin [S L39]", () => {
    const pair = forking(scheme);
    const child = ok(pair.guest.fork(pair.process));
    const { perf, events } = measure(pair, () => pair.guest.exit(child));
    expect(events).toMatchObject({ plainPtes: PAGES, plainPmds: 2, plainPuds: 1, ptwrFaults: 0, queuedPteWrites: 0 });
    // UNPIN of the roots, 6 tables writable and UNPIN of the PTE pages before theirs: one batch.
    expect(perf).toMatchObject({ hypercalls: 1, num_mmuext_ops: 2 + 2, calls_to_update_va: 6, invalidations: 6 });
    expectClean(pair.host);
  });

  it("lets both sides write: the first copies, the last takes the page as it is [S L39 do_wp_page]", () => {
    const pair = boot(scheme, 24);
    const { guest } = pair;
    const { process, address } = privatePages(guest, 1);
    const before = guest.freePages();
    const child = ok(guest.fork(process));
    const forked = guest.freePages();
    const copy = measure(pair, () => expect(guest.touch(child, address)).toBeUndefined());
    // Switch to the child, the cleared entry's flush, the new entry.
    expect(copy.events).toMatchObject({ pageFaults: 1, ptwrFaults: 1, queuedPteWrites: 1, batches: 3 });
    expect(guest.freePages()).toBe(forked - 1);
    const reuse = measure(pair, () => expect(guest.touch(process, address)).toBeUndefined());
    expect(reuse.events).toMatchObject({ pageFaults: 1, ptwrFaults: 1, queuedPteWrites: 0, batches: 2 });
    expect(guest.freePages()).toBe(forked - 1);
    expectClean(pair.host);
    guest.exit(child);
    expect(guest.freePages()).toBe(before);
    expectClean(pair.host);
  });
});

describe("fork of 4 KiB pages", () => {
  it("of a native kernel is stores alone", () => {
    const pair = forking("sealed", { pvOps: "native" });
    const { perf, events } = measure(pair, () => ok(pair.guest.fork(pair.process)));
    expect(events).toMatchObject({ plainPtes: 2 * PAGES, plainPmds: 2, plainPuds: 1, plainPgds: 2, ptwrFaults: 0 });
    expect(perf).toMatchObject({ hypercalls: 0, validations: 0 });
    expectClean(pair.host);
  });

  it.each([
    { mapping: "shared", source: "S L39 copy_page_range", pages: 0 },
    { mapping: "private and only read", source: "S L39 copy_page_range: no anon_vma", pages: 0 },
    { mapping: "private, one page written, the others read", source: "S L39 copy_one_pte", pages: 4 },
  ])("copies $pages entries of a mapping that is $mapping [$source]", ({ mapping, pages }) => {
    const pair = boot("sealed", 24);
    const { guest } = pair;
    const process = ok(guest.spawn());
    const address =
      mapping === "shared"
        ? ok(mmapShared(guest, process, 4 * PAGE))
        : ok(guest.mmap(process, { length: 4 * PAGE, flags: MAP_PRIVATE | MAP_ANONYMOUS }));
    expect(guest.touchAll(process, address, mapping === "shared")).toBeUndefined();
    if (pages > 0) expect(guest.touch(process, address)).toBeUndefined();
    const { events } = measure(pair, () => ok(guest.fork(process)));
    expect(events).toMatchObject({ queuedPteWrites: pages, ptwrFaults: pages });
    expectClean(pair.host);
  });

  it("copies what mprotect took all access from, and Xen counts nothing for it", () => {
    const pair = boot("sealed", 24);
    const { guest, host } = pair;
    const { process, address } = privatePages(guest, 3);
    expect(guest.mprotect(process, address, 3 * PAGE, PROT_NONE)).toBe(0);
    const child = ok(guest.fork(process));
    expectClean(host);
    expect(guest.touch(child, address, false)).toBe("SIGSEGV");
    const free = guest.freePages();
    guest.exit(process);
    expect(guest.mprotect(child, address, PAGE, PROT_READ)).toBe(0);
    expect(guest.touch(child, address, false)).toBeUndefined();
    expectClean(host);
    guest.exit(child);
    expect(guest.freePages()).toBeGreaterThan(free + 3);
    expectClean(host);
  });

  it("fails half-way with ENOMEM and is undone, but for the parent's entries, which stay read-only", () => {
    const pair = forking("sealed");
    const { guest, host, process } = pair;
    const held: number[] = [];
    // Two roots, PUD, PMD and the first PTE page; there is none for the second.
    while (guest.freePages() > 5) held.push(allocPages(guest.kernel, "GFP_KERNEL", 0));
    const { events } = measure(pair, () => expect(guest.fork(process)).toBe(-12));
    expect(events).toMatchObject({ ptwrFaults: 512, queuedPteWrites: 512, plainPtes: 512, pgdPins: 0 });
    expect(guest.freePages()).toBe(5);
    expect(guest.processes()).toHaveLength(1);
    expectClean(host);
    const [vma] = process.mm?.vmas ?? [];
    const write = measure(pair, () => expect(guest.touch(process, vma?.start ?? 0)).toBeUndefined());
    expect(write.events).toMatchObject({ pageFaults: 1, ptwrFaults: 1 });
    for (const page of held) freePages(guest.kernel, page as ReturnType<typeof allocPages>, 0);
    expect(guest.freePages()).toBe(5 + held.length);
    expectClean(host);
  });

  it("of 256 MiB is 65,536 traps and 128 PIN_L1, in 5 hypercalls for 64 of them [D from linux-facts §3.3, §1.4]", () => {
    const pages = 65_536;
    const pair = boot("xen-4.1", 320);
    const { process } = privatePages(pair.guest, pages);
    const { perf, events } = measure(pair, () => ok(pair.guest.fork(process)));
    expect(events).toMatchObject({
      ptwrFaults: pages,
      queuedPteWrites: pages,
      plainPmds: 128,
      // 17 requests for each PTE page; 262 entries of the pin, 32 to a multicall; the flush.
      batches: 128 * 17 + Math.ceil((2 * 128 + 2 + 1 + 1 + 2) / 32) + 1,
      pagesMadeReadOnly: 132,
    });
    expect(perf).toMatchObject({ num_mmuext_ops: 128 + 2 + 1, validations: 132 });
    expectClean(pair.host);
  });
});
