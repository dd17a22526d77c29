import { createHost } from "@xsp/hypervisor";
import { describe, expect, it } from "vitest";
import {
  type Guest,
  MAP_ANONYMOUS,
  MAP_HUGETLB,
  MAP_PRIVATE,
  MAP_SHARED,
  type Process,
  allocPages,
  bootGuest,
} from "../src/index.ts";
import { pgdAlloc, pteAlloc } from "../src/page-table-pages.ts";
import {
  type Measured,
  type Pair,
  allSchemes,
  boot,
  expectClean,
  measure,
  mmapHugetlb,
  mmapShared,
  ok,
  sharer,
  writableCount,
} from "./small-guest.ts";

const PAGES = 6;

/** What one PSE entry costs Xen, by scheme, for so many hugepages. */
function superpageWork(scheme: string, hugepages: number): Record<string, number> {
  return scheme === "per-frame"
    ? { frameGets: 512 * hugepages, typeGets: 512 * hugepages, superpageGets: 0 }
    : { frameGets: 0, typeGets: 0, superpageGets: hugepages };
}

describe.each(allSchemes)("fork under %s", (scheme) => {
  it("copies with plain stores, then pins: 1 multicall for a small region, and 1 flush of the parent", () => {
    const pair = boot(scheme, 32);
    const { process } = sharer(pair.guest, PAGES);
    const { perf, events } = measure(pair, () => ok(pair.guest.fork(process)));
    expect(events).toMatchObject({
      plainPteStores: PAGES + 1 + 2,
      plainPmds: PAGES,
      plainPuds: 1,
      plainPgds: 2,
      plainPtes: 0,
      queuedPteWrites: 0,
      batches: 2,
      // RO of PUD, PMD, kernel root; PIN; RO of user root; PIN; and the flush alone.
      batchEntries: 6 + 1,
      pagesMadeReadOnly: 4,
      pgdPins: 1,
      multicallFailures: 0,
    });
    expect(perf).toMatchObject({
      hypercalls: 2,
      multicallEntries: 6,
      calls_to_update_va: 4,
      calls_to_mmu_update: 0,
      num_mmuext_ops: 3,
      validations: 4,
      ...superpageWork(scheme, PAGES),
    });
    expectClean(pair.host);
  });

  it("leaves parent and child with the same mappings, and no process of it in the other's way", () => {
    const { guest, host } = boot(scheme, 32);
    const { process, address } = sharer(guest, PAGES);
    const child = ok(guest.fork(process));
    const [first, second] = guest.processes();
    expect(second).toMatchObject({ ppid: process.pid, pinned: true, hugepagesMapped: PAGES, current: false });
    expect(second?.vmas).toEqual(first?.vmas);
    const faults = guest.events().hugepageFaults;
    expect(guest.touchAll(child, address)).toBeUndefined();
    expect(guest.events().hugepageFaults).toBe(faults);
    expectClean(host);
    guest.exit(process);
    expect(guest.touchAll(child, address)).toBeUndefined();
    expect(guest.pool()).toMatchObject({ free: 0 });
    guest.exit(child);
    expect(guest.pool()).toMatchObject({ free: PAGES });
    expectClean(host);
  });

  it("copies only what was touched", () => {
    const pair = boot(scheme, 32);
    const { guest } = pair;
    guest.setNrHugepages(PAGES);
    const process = ok(guest.spawn());
    const address = ok(mmapHugetlb(guest, process, PAGES * 2 ** 21));
    guest.touch(process, address + 2 ** 21);
    const { events } = measure(pair, () => ok(guest.fork(process)));
    expect(events.plainPmds).toBe(1);
    expectClean(pair.host);
  });

  it("undoes everything when memory is short, and says ENOMEM", () => {
    const pair = boot(scheme, 16);
    const { guest, host } = pair;
    const { process } = sharer(guest, 3);
    const held: number[] = [];
    while (guest.freePages() > 3) held.push(allocPages(guest.kernel, "GFP_KERNEL", 0));
    // Two roots and the PUD page are there, the PMD page is not.
    const { perf } = measure(pair, () => expect(guest.fork(process)).toBe(-12));
    expect(guest.freePages()).toBe(3);
    expect(perf).toMatchObject({ hypercalls: 1, validations: 0 });
    expect(guest.processes()).toHaveLength(1);
    expect(guest.pool()).toMatchObject({ total: 3, free: 0 });
    expectClean(host);
  });
});

describe.each(allSchemes)("exec and exit under %s", (scheme) => {
  const drops =
    scheme === "per-frame"
      ? { framePuts: 512 * PAGES, typePuts: 512 * PAGES, superpagePuts: 0 }
      : { framePuts: 0, typePuts: 0, superpagePuts: PAGES };

  it("pin and load the new mm, then unpin the old one and clear it with plain stores", () => {
    const pair = boot(scheme, 32);
    const { guest, host } = pair;
    const { process } = sharer(guest, PAGES);
    const child = ok(guest.fork(process));
    guest.switchTo(child);
    const old = child.mm;
    const { perf, events } = measure(pair, () => expect(guest.exec(child, "program")).toBe(0));
    expect(events).toMatchObject({
      // 1 pin of the new mm, 1 switch, 1 unpin
      batches: 3,
      batchEntries: 4 + 1 + 5,
      plainPmds: PAGES,
      plainPuds: 1,
      plainPgds: 2,
      queuedPteWrites: 0,
      pagesMadeReadOnly: 2,
      pagesMadeReadWrite: 4,
      pgdPins: 1,
      pgdUnpins: 1,
      contextSwitches: 1,
    });
    expect(perf).toMatchObject({ hypercalls: 3, calls_to_mmu_update: 0, num_mmuext_ops: 2 + 2 + 2, ...drops });
    expect(child.mm).not.toBe(old);
    expect(guest.processes()[1]).toMatchObject({ comm: "program", hugepagesMapped: 0, vmas: [], current: true });
    expectClean(host);
  });

  it("leave the roots first when the one that exits runs", () => {
    const pair = boot(scheme, 32);
    const { guest, host } = pair;
    const { process } = sharer(guest, PAGES);
    const child = ok(guest.fork(process));
    const whole = measure(pair, () => guest.exit(process));
    expect(whole.perf).toMatchObject({ hypercalls: 2, num_mmuext_ops: 2 + 2, ...drops });
    expect(whole.events).toMatchObject({ plainPmds: PAGES, plainPuds: 1, plainPgds: 2, pgdUnpins: 1 });
    expectClean(host);
    guest.exit(child);
    expectClean(host);
  });

  it("give every page back", () => {
    const { guest, host } = boot(scheme, 32);
    const free = guest.freePages();
    const { process } = sharer(guest, PAGES);
    const child = ok(guest.fork(process));
    guest.exec(child);
    guest.exit(child);
    guest.exit(process);
    guest.setNrHugepages(0);
    expect(guest.freePages()).toBe(free);
    expect(guest.processes()).toEqual([]);
    expectClean(host);
  });
});

describe("a first touch in a live mm", () => {
  it.each(allSchemes)("is one mmu_update, and two hypercalls more for a new PMD page, under %s", (scheme) => {
    const pair = boot(scheme, 32);
    const { guest } = pair;
    guest.setNrHugepages(2);
    const process = ok(guest.spawn());
    const address = ok(mmapHugetlb(guest, process, 2 ** 22));
    const touch = (at: number): Measured => measure(pair, () => expect(guest.touch(process, at)).toBeUndefined());
    // PUD page: RO and set_pgd (both roots in one call); PMD page: RO and set_pud; then the entry itself.
    expect(touch(address).perf).toMatchObject({
      hypercalls: 5,
      calls_to_update_va: 2,
      num_page_updates: 2 + 2 + 1 + 1,
    });
    expect(touch(address + 2 ** 21).perf).toMatchObject({ hypercalls: 1, num_page_updates: 1 });
    expect(touch(address).perf).toMatchObject({ hypercalls: 0 });
    expectClean(pair.host);
  });
});

describe("a live munmap", () => {
  it.each(allSchemes)("clears every entry with a hypercall of its own under %s", (scheme) => {
    const pair = boot(scheme, 32);
    const { guest } = pair;
    const { process, address } = sharer(guest, PAGES);
    const { perf, events } = measure(pair, () => expect(guest.munmap(process, address)).toBe(0));
    // The entries, a flush, then for PMD and PUD page each: the entry above cleared, the page writable again.
    expect(perf.hypercalls).toBe(PAGES + 1 + 2 + 2);
    expect(events).toMatchObject({ queuedPteWrites: PAGES + 1 + 2, pagesMadeReadWrite: 2, plainPteStores: 0 });
    expect(guest.touch(process, address)).toBe("SIGSEGV");
    expect(guest.pool()).toMatchObject({ free: PAGES });
    expectClean(pair.host);
  });
});

/** A process that has written to hugepages of its own. */
function owner(guest: Guest, hugepages: number, spare: number): { process: Process; address: number } {
  expect(guest.setNrHugepages(hugepages + spare)).toBe(hugepages + spare);
  const process = ok(guest.spawn("redis"));
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB;
  const address = ok(guest.mmap(process, { length: hugepages * 2 ** 21, flags }));
  expect(guest.touchAll(process, address)).toBeUndefined();
  return { process, address };
}

describe.each(allSchemes)("fork of private hugepages under %s", (scheme) => {
  const whole = scheme === "per-frame" ? 512 * PAGES : 0;

  it("write-protects each of the parent's entries by a hypercall of its own [S L39, D §3.4]", () => {
    const pair = boot(scheme, 32);
    const { process } = owner(pair.guest, PAGES, 0);
    const { perf, events } = measure(pair, () => ok(pair.guest.fork(process)));
    expect(events).toMatchObject({
      plainPmds: PAGES,
      plainPuds: 1,
      plainPgds: 2,
      queuedPteWrites: PAGES,
      batches: PAGES + 2,
      batchEntries: PAGES + 6 + 1,
      ptwrFaults: 0,
      pgdPins: 1,
    });
    // Frame by frame a writable entry has type references, which the read-only ones of both have not.
    expect(perf).toMatchObject({ hypercalls: PAGES + 2, calls_to_mmu_update: PAGES, typeGets: 0, typePuts: whole });
    expectClean(pair.host);
  });

  it("lets the first that writes copy, and the last keep the page", () => {
    const pair = boot(scheme, 32);
    const { guest, host } = pair;
    const { process, address } = owner(guest, 2, 2);
    const child = ok(guest.fork(process));
    expect(guest.touchAll(child, address)).toBeUndefined();
    expect(guest.pool()).toMatchObject({ total: 4, free: 0 });
    expectClean(host);
    expect(guest.touchAll(process, address)).toBeUndefined();
    expect(guest.pool()).toMatchObject({ total: 4, free: 0 });
    guest.exit(process);
    expect(guest.pool()).toMatchObject({ total: 4, free: 2 });
    expectClean(host);
  });
});

describe.each(allSchemes)("vfork under %s", (scheme) => {
  it("copies and pins nothing; exec gives the child an mm of its own and the parent goes on [S L39 §3.1]", () => {
    const pair = boot(scheme, 32);
    const { guest, host } = pair;
    const { process, address } = sharer(guest, PAGES);
    const { mm } = process;
    let child: Process | undefined;
    const start = measure(pair, () => {
      child = guest.vfork(process);
    });
    expect(start.events).toMatchObject({ plainPteStores: 0, queuedPteWrites: 0, batches: 0, pgdPins: 0 });
    expect(start.perf.hypercalls).toBe(0);
    if (child === undefined) throw new Error("no child");
    const running = child;
    expect(running.mm).toBe(mm);
    expect(guest.processes().map(({ waits, ppid }) => ({ waits, ppid }))).toEqual([
      { waits: true, ppid: 0 },
      { waits: false, ppid: process.pid },
    ]);
    expect(() => guest.touch(process, address)).toThrow("waits for its vfork child");
    expect(() => guest.exit(process)).toThrow(RangeError);
    expect(guest.touch(running, address)).toBeUndefined();
    const exec = measure(pair, () => expect(guest.exec(running, "program")).toBe(0));
    // The pin of the new mm and the switch to it; the old one is the parent's.
    expect(exec.events).toMatchObject({ batches: 2, pgdPins: 1, pgdUnpins: 0, plainPteStores: 0 });
    expect(guest.touch(process, address)).toBeUndefined();
    expect(guest.processes()[0]).toMatchObject({ waits: false, hugepagesMapped: PAGES, pinned: true });
    expectClean(host);
    guest.exit(process);
    guest.exit(running);
    expect(guest.pool()).toMatchObject({ free: PAGES });
    expectClean(host);
  });

  it("gives the mm back when the child exits, with what the child mapped in it", () => {
    const pair = boot(scheme, 16);
    const { guest, host } = pair;
    const process = ok(guest.spawn());
    const child = guest.vfork(process);
    const grandchild = guest.vfork(child);
    const address = ok(mmapShared(guest, grandchild, 4096));
    const { perf } = measure(pair, () => {
      guest.exit(grandchild);
      guest.exit(child);
    });
    expect(perf.hypercalls).toBe(0);
    expect(guest.touch(process, address)).toBeUndefined();
    expectClean(host);
  });
});

/** What §1.4 and §3 say about when page tables change hands, a row for each statement. */
interface Row {
  readonly source: string;
  readonly statement: string;
  readonly shows: (pair: Pair) => void;
}

const PAGE = 4096;

function small(guest: Guest, flags: number): { process: Process; address: number } {
  const process = ok(guest.spawn());
  const address = ok(guest.mmap(process, { length: PAGE, flags: flags | MAP_ANONYMOUS }));
  return { process, address };
}

const rows: readonly Row[] = [
  {
    source: "S L39 §1.4",
    statement: "a table that joins a pinned mm turns read-only, and a PTE page is pinned by itself",
    shows: (pair) => {
      const { process, address } = small(pair.guest, MAP_PRIVATE);
      const { events, perf } = measure(pair, () => expect(pair.guest.touch(process, address)).toBeUndefined());
      expect(events).toMatchObject({ pagesMadeReadOnly: 3, plainPteStores: 0 });
      expect(perf).toMatchObject({ num_mmuext_ops: 1, validations: 3 });
    },
  },
  {
    source: "S L39 §1.4",
    statement: "a table that joins an mm which is not pinned stays plain memory",
    shows: (pair) => {
      const { kernel } = pair.guest;
      const mm = pgdAlloc(kernel);
      if (mm === undefined) throw new Error("memory is short");
      let table = -1;
      const { events, perf } = measure(pair, () => {
        table = pteAlloc(kernel, mm, 0);
      });
      expect(events).toMatchObject({ pagesMadeReadOnly: 0, plainPmds: 1, plainPuds: 1, plainPgds: 2 });
      expect(perf.hypercalls).toBe(0);
      expect(writableCount(pair, table)).toBe(1);
    },
  },
  {
    source: "S L39 §1.4",
    statement: "exec pins the new mm before it unpins the old one, so without memory the old one stays as it is",
    shows: (pair) => {
      const { guest } = pair;
      const { process, address } = small(guest, MAP_PRIVATE);
      expect(guest.touch(process, address)).toBeUndefined();
      while (guest.freePages() > 1) allocPages(guest.kernel, "GFP_KERNEL", 0);
      const { events } = measure(pair, () => expect(guest.exec(process)).toBe(-12));
      expect(events).toMatchObject({ pgdPins: 0, pgdUnpins: 0, batches: 0 });
      expect(guest.processes()[0]).toMatchObject({ pinned: true, current: true });
      expect(guest.touch(process, address)).toBeUndefined();
    },
  },
  {
    source: "S L39 §1.4",
    statement: "a tree of hugepages has no PTE pages, so all of it is validated in the pin of the first root",
    shows: (pair) => {
      const { process } = sharer(pair.guest, 2);
      const { perf } = measure(pair, () => ok(pair.guest.fork(process)));
      expect(perf).toMatchObject({ num_mmuext_ops: 2 + 1, validations: 4 });
    },
  },
  {
    source: "S L39 §3.1",
    statement: "fork flushes the parent's TLB after the pin, whatever there was to copy",
    shows: (pair) => {
      const process = ok(pair.guest.spawn());
      const { events, perf } = measure(pair, () => ok(pair.guest.fork(process)));
      expect(events).toMatchObject({ batches: 2, batchEntries: 4 + 1, pgdPins: 1 });
      expect(perf.num_mmuext_ops).toBe(2 + 1);
    },
  },
  {
    source: "S L39 §3.1",
    statement: "hugepages are copied though a fault could fill a shared mapping again; 4 KiB pages are not",
    shows: (pair) => {
      const { guest } = pair;
      const { process } = sharer(guest, 2);
      const address = ok(mmapShared(guest, process, 3 * PAGE));
      expect(guest.touchAll(process, address)).toBeUndefined();
      const { events } = measure(pair, () => ok(guest.fork(process)));
      expect(events).toMatchObject({ plainPmds: 2, plainPtes: 0, queuedPteWrites: 0, ptwrFaults: 0 });
    },
  },
  {
    source: "S L27..Lnew §3.3",
    statement: "set_pmd is a store until the table is pinned, then one mmu_update, flushed at once",
    shows: (pair) => {
      const { guest } = pair;
      expect(guest.setNrHugepages(2)).toBe(2);
      const process = ok(guest.spawn());
      const address = ok(mmapHugetlb(guest, process, 2 ** 22));
      expect(guest.touch(process, address)).toBeUndefined();
      const live = measure(pair, () => expect(guest.touch(process, address + 2 ** 21)).toBeUndefined());
      expect(live.events).toMatchObject({ queuedPteWrites: 1, batches: 1, batchEntries: 1, plainPmds: 0 });
      const forked = measure(pair, () => ok(guest.fork(process)));
      expect(forked.events).toMatchObject({ queuedPteWrites: 0, plainPmds: 2 });
    },
  },
  {
    source: "S L39 §3.3",
    statement: "a 4 KiB page of a shared mapping costs a live munmap one trap",
    shows: (pair) => {
      const { process, address } = small(pair.guest, MAP_SHARED);
      expect(pair.guest.touch(process, address)).toBeUndefined();
      const { perf } = measure(pair, () => expect(pair.guest.munmap(process, address)).toBe(0));
      expect(perf.ptwr_emulations).toBe(1);
    },
  },
  {
    source: "D §3.4",
    statement: "a fork and the exec of its child pay twice: each reference the pin took is dropped",
    shows: (pair) => {
      const { guest } = pair;
      const { process } = sharer(guest, 3);
      const both = measure(pair, () => expect(guest.exec(ok(guest.fork(process)))).toBe(0));
      const { superpageGets, superpagePuts, frameGets, framePuts, typeGets, typePuts } = both.perf;
      expect(superpageGets + frameGets).toBeGreaterThanOrEqual(3);
      expect([superpagePuts, framePuts, typePuts]).toEqual([superpageGets, frameGets, typeGets]);
    },
  },
];

describe.each(allSchemes)("page tables under %s", (scheme) => {
  it.each(rows)("$statement [$source]", ({ shows }) => {
    const pair = boot(scheme, 16);
    shows(pair);
    expectClean(pair.host);
  });
});

describe("a pin", () => {
  it("runs with event upcalls masked, wherever Xen could be preempted in it [S L39 §1.4]", () => {
    const masked: number[] = [];
    let watched: Guest | undefined;
    const host = createHost({
      frames: 32 * 256 + 1024,
      scheme: "sealed",
      preempt: () => {
        if (watched !== undefined) masked.push(watched.kernel.mc.upcallsMasked);
        return false;
      },
    });
    const guest = bootGuest(host, { memoryMiB: 32 });
    const { process } = sharer(guest, 4);
    watched = guest;
    ok(guest.fork(process));
    expect(masked.length).toBeGreaterThan(0);
    expect(masked.every((depth) => depth > 0)).toBe(true);
    expectClean(host);
  });
});
