import { describe, expect, it } from "vitest";
import {
  type Guest,
  MAP_ANONYMOUS,
  MAP_HUGETLB,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
  type Process,
} from "../src/index.ts";
import { type Pair, allSchemes, boot, expectClean, measure, ok } from "./small-guest.ts";

const PAGES = 5;
const HUGEPAGE = 2 ** 21;
/** Pages of which the middle one was not touched. */
const TOUCHED = [0, 1, 3, 4];

function mapper(pair: Pair, sharing: number): { guest: Guest; process: Process; address: number } {
  const { guest } = pair;
  guest.setNrHugepages(2 * PAGES);
  const process = ok(guest.spawn());
  const address = ok(guest.mmap(process, { length: PAGES * HUGEPAGE, flags: sharing | MAP_ANONYMOUS | MAP_HUGETLB }));
  for (const page of TOUCHED) expect(guest.touch(process, address + page * HUGEPAGE)).toBeUndefined();
  return { guest, process, address };
}

function protect(guest: Guest, process: Process, prot: number): void {
  const address = process.mm?.vmas[0]?.start ?? 0;
  expect(guest.mprotect(process, address, PAGES * HUGEPAGE, prot)).toBe(0);
}

const inUse = ({ guest }: Pair): number => guest.pool().total - guest.pool().free;

describe.each(allSchemes)("private hugepages under %s", (scheme) => {
  it("fork with one mmu_update for each entry of the parent and one store for each of the child", () => {
    const pair = boot(scheme, 48);
    const { guest, process, address } = mapper(pair, MAP_PRIVATE);
    const { events, perf } = measure(pair, () => ok(guest.fork(process)));
    const touched = TOUCHED.length;
    expect(events).toMatchObject({ queuedPteWrites: touched, plainPmds: touched, plainPuds: 1, plainPgds: 2 });
    // Each update goes alone, then the pin in one multicall and the parent's flush.
    expect(events.batches).toBe(touched + 2);
    expect(perf).toMatchObject({ hypercalls: touched + 2, calls_to_mmu_update: touched });
    expectClean(pair.host);
    // They are read-only already, and are written all the same.
    let child = process;
    const again = measure(pair, () => {
      child = ok(guest.fork(process));
    });
    expect(again.events.queuedPteWrites).toBe(touched);
    for (const [at, each] of [process, child].entries()) {
      expect(guest.touch(each, address, false)).toBeUndefined();
      const faults = measure(pair, () => expect(guest.touch(each, address, true)).toBeUndefined());
      // The second to write still shares the page with the first child.
      expect(faults.events.queuedPteWrites, `process ${at}`).toBe(2);
      expectClean(pair.host);
    }
    expect(inUse(pair)).toBe(touched + 2);
  });

  it("are copied by whoever writes, and all come back when the last process ends", () => {
    const pair = boot(scheme, 48);
    const { guest, process, address } = mapper(pair, MAP_PRIVATE);
    const child = ok(guest.fork(process));
    expect(guest.touch(child, address)).toBeUndefined();
    expect(inUse(pair)).toBe(TOUCHED.length + 1);
    guest.exit(process);
    expect(inUse(pair)).toBe(TOUCHED.length);
    expect(guest.touch(child, address + HUGEPAGE)).toBeUndefined();
    expect(inUse(pair)).toBe(TOUCHED.length);
    expectClean(pair.host);
    guest.exit(child);
    expect(inUse(pair)).toBe(0);
    expectClean(pair.host);
  });

  it("go through exec and exit with a mapping that nobody can read", () => {
    const pair = boot(scheme, 48);
    const { guest, process, address } = mapper(pair, MAP_PRIVATE);
    protect(guest, process, PROT_NONE);
    expectClean(pair.host);
    expect([guest.touch(process, address, false), guest.touch(process, address)]).toEqual(["SIGSEGV", "SIGSEGV"]);
    const child = ok(guest.fork(process));
    expectClean(pair.host);
    protect(guest, child, PROT_READ | PROT_WRITE);
    expect(guest.touch(child, address, false)).toBeUndefined();
    expectClean(pair.host);
    expect(guest.exec(process)).toBe(0);
    expect(inUse(pair)).toBe(TOUCHED.length);
    guest.exit(child);
    expect(inUse(pair)).toBe(0);
    expectClean(pair.host);
  });
});

describe.each([
  ["private", MAP_PRIVATE],
  ["shared", MAP_SHARED],
] as const)("hugetlb_change_protection of a %s mapping", (name, sharing) => {
  it("clears and sets each entry that is there: two updates, and one flush for all", () => {
    const pair = boot("sealed", 48);
    const { guest, process } = mapper(pair, sharing);
    const { events, perf } = measure(pair, () => protect(guest, process, PROT_READ));
    expect(events.queuedPteWrites).toBe(2 * TOUCHED.length);
    expect(perf.hypercalls).toBe(2 * TOUCHED.length + 1);
    expectClean(pair.host);
  });

  it("keeps the pages, and whoever may write again can", () => {
    const pair = boot("sealed", 48);
    const { guest, process, address } = mapper(pair, sharing);
    for (const prot of [PROT_READ, PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE]) {
      protect(guest, process, prot);
      const writable = (prot & PROT_WRITE) !== 0;
      const readable = (prot & PROT_READ) !== 0;
      expect(guest.touch(process, address, false)).toBe(readable ? undefined : "SIGSEGV");
      const { events } = measure(pair, () =>
        expect(guest.touch(process, address, true)).toBe(writable ? undefined : "SIGSEGV"),
      );
      // A private page is made writable by the write, a shared one already is.
      if (writable) expect(events.queuedPteWrites).toBe(name === "private" ? 1 : 0);
      expect(inUse(pair)).toBe(TOUCHED.length);
      expectClean(pair.host);
    }
  });
});
