import { describe, expect } from "vitest";
import { type HugetlbFile, O_CREAT, PROT_READ, type Process, allocPages, freePages } from "../src/index.ts";
import { type Bench, type Fact, HUGEPAGE, checkFacts } from "./hugetlb-facts.ts";
import { measure, ok } from "./small-guest.ts";

function openFile({ guest }: Bench): HugetlbFile {
  return ok(guest.hugetlbfs.open(ok(guest.hugetlbfs.mount()), "file", O_CREAT));
}

/** A parent with a private mapping of so many pages, all touched, its child, and nothing left in the pool. */
function family(bench: Bench, pages: number): { parent: Process; child: Process; address: number } {
  bench.guest.setNrHugepages(pages);
  const parent = bench.spawn();
  const address = ok(bench.map(parent, { pages }));
  expect(bench.guest.touchAll(parent, address)).toBeUndefined();
  return { parent, child: ok(bench.guest.fork(parent)), address };
}

const torn = ({ pid }: Process): string => `PID ${pid} killed due to inadequate hugepage pool`;

const missing: readonly Fact[] = [
  {
    source: "S L39 hugetlb_no_page",
    fact: "a page that the page cache has is mapped; a shared page that it has not goes there",
    holds: (bench) => {
      bench.guest.setNrHugepages(2);
      const file = openFile(bench);
      const [process, other] = [bench.spawn(), bench.spawn()];
      const [address, there] = [ok(bench.mapFile(process, file, 1)), ok(bench.mapFile(other, file, 1))];
      bench.write(process, address);
      bench.write(other, there);
      expect(bench.counters).toEqual([2, 1, 0, 0]);
      expect(bench.entry(other, there)).toEqual(bench.entry(process, address));
    },
  },
  {
    source: "S L39 hugetlb_no_page",
    fact: "a private page that the page cache has not is anonymous: the file knows nothing of it",
    holds: (bench) => {
      bench.guest.setNrHugepages(2);
      const file = openFile(bench);
      const process = bench.spawn();
      bench.write(process, ok(bench.mapFile(process, file, 1, { shared: false })));
      expect([...file.pages]).toEqual([]);
      const address = ok(bench.mapFile(process, file, 1));
      bench.write(process, address);
      expect([...file.pages]).toEqual([[0, bench.entry(process, address)?.page]]);
      expect(bench.counters).toEqual([2, 0, 0, 0]);
    },
  },
  {
    source: "S L39 hugetlb_no_page",
    fact: "beyond i_size is a SIGBUS, though pages are reserved",
    holds: (bench) => {
      bench.guest.setNrHugepages(3);
      const file = openFile(bench);
      const process = bench.spawn();
      const address = ok(bench.mapFile(process, file, 3));
      bench.guest.hugetlbfs.ftruncate(file, HUGEPAGE);
      ok(bench.mapFile(process, file, 3, { prot: PROT_READ }));
      expect([0, 1, 2].map((page) => bench.write(process, address, page))).toEqual([undefined, "SIGBUS", "SIGBUS"]);
      expect(bench.counters).toEqual([3, 2, 2, 0]);
    },
  },
  {
    source: "S L39 hugetlb_no_page",
    fact: "no hugepage is a SIGBUS and not ENOMEM",
    holds: (bench) => {
      const process = bench.spawn();
      const address = ok(bench.map(process, { pages: 1, noReserve: true }));
      expect([bench.write(process, address), bench.read(process, address)]).toEqual(["SIGBUS", "SIGBUS"]);
      expect(bench.guest.log).toEqual([]);
    },
  },
  {
    source: "S L39 hugetlb_fault",
    fact: "no memory for a page table is the out-of-memory killer's",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(1);
      const process = bench.spawn();
      const address = ok(bench.map(process, { pages: 1 }));
      const held: number[] = [];
      for (let page = allocPages(guest.kernel, "GFP_KERNEL", 0); page >= 0;) {
        held.push(page);
        page = allocPages(guest.kernel, "GFP_KERNEL", 0);
      }
      expect(bench.write(process, address)).toBe("SIGKILL");
      for (const page of held) freePages(guest.kernel, page as never, 0);
      expect(bench.write(process, address)).toBeUndefined();
    },
  },
  {
    source: "S L39 make_huge_pte",
    fact: "a read gives a read-only entry in a private mapping, and what the mapping allows in a shared one",
    holds: (bench) => {
      bench.guest.setNrHugepages(4);
      const process = bench.spawn();
      const writable = (address: number): boolean | undefined => {
        expect(bench.read(process, address)).toBeUndefined();
        return bench.entry(process, address)?.writable;
      };
      expect(writable(ok(bench.map(process, { pages: 1 })))).toBe(false);
      expect(writable(ok(bench.map(process, { pages: 1, shared: true })))).toBe(true);
      expect(writable(ok(bench.map(process, { pages: 1, shared: true, prot: PROT_READ })))).toBe(false);
    },
  },
];

const copies: readonly Fact[] = [
  {
    source: "S L39 hugetlb_cow",
    fact: "the sole mapper of an anonymous page gets it writable, without a copy",
    holds: (bench) => {
      bench.guest.setNrHugepages(2);
      const process = bench.spawn();
      const address = ok(bench.map(process, { pages: 1 }));
      bench.read(process, address);
      const before = bench.entry(process, address);
      bench.write(process, address);
      expect(bench.entry(process, address)).toEqual({ page: before?.page, writable: true });
      expect(bench.counters).toEqual([2, 1, 0, 0]);
    },
  },
  {
    source: "S L39 hugetlb_cow",
    fact: "one of several mappers gets a copy, the other keeps the page and then has it alone",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(2);
      const parent = bench.spawn();
      const address = ok(bench.map(parent, { pages: 1 }));
      bench.write(parent, address);
      const child = ok(guest.fork(parent));
      const page = bench.entry(parent, address)?.page;
      expect([bench.entry(parent, address), bench.entry(child, address)]).toEqual([
        { page, writable: false },
        { page, writable: false },
      ]);
      expect(bench.write(child, address)).toBeUndefined();
      expect(bench.entry(child, address)?.page).not.toBe(page);
      expect(bench.counters).toEqual([2, 0, 0, 0]);
      expect(bench.write(parent, address)).toBeUndefined();
      expect(bench.entry(parent, address)).toEqual({ page, writable: true });
      expect(bench.counters).toEqual([2, 0, 0, 0]);
    },
  },
  {
    source: "C 2013, after L36x: do not use a page in page cache for cow optimization",
    fact: "a page of the page cache is copied, even for its only mapper",
    holds: (bench) => {
      bench.guest.setNrHugepages(2);
      const file = openFile(bench);
      const process = bench.spawn();
      const shared = ok(bench.mapFile(process, file, 1));
      bench.write(process, shared);
      const page = bench.entry(process, shared)?.page;
      bench.guest.munmap(process, shared);
      const address = ok(bench.mapFile(process, file, 1, { shared: false }));
      bench.read(process, address);
      expect(bench.entry(process, address)).toEqual({ page, writable: false });
      bench.write(process, address);
      expect(bench.entry(process, address)?.page).not.toBe(page);
      expect(file.pages.get(0)).toBe(page);
      expect(bench.counters).toEqual([2, 0, 0, 0]);
    },
  },
  {
    source: "S L39 hugetlb_no_page",
    fact: "a private write to a page of the page cache maps it and copies it in one fault",
    holds: (bench) => {
      bench.guest.setNrHugepages(2);
      const file = openFile(bench);
      const process = bench.spawn();
      bench.write(process, ok(bench.mapFile(process, file, 1)));
      const address = ok(bench.mapFile(process, file, 1, { shared: false }));
      const { events } = measure(bench.pair, () => expect(bench.write(process, address)).toBeUndefined());
      expect(events.hugepageFaults).toBe(1);
      // Set read-only, cleared, set to the copy.
      expect(events.queuedPteWrites).toBe(3);
      expect(bench.counters).toEqual([2, 0, 0, 0]);
    },
  },
  {
    source: "S L39 unmap_ref_private",
    fact: "the owner that cannot get a page tears it from its children, and the next touch of theirs is a SIGBUS",
    holds: (bench) => {
      const { guest } = bench;
      const { parent, child, address } = family(bench, 2);
      const grandchild = ok(guest.fork(child));
      expect(bench.counters).toEqual([2, 0, 0, 0]);
      const page = bench.entry(parent, address)?.page;
      expect(bench.write(parent, address)).toBeUndefined();
      expect(bench.entry(parent, address)).toEqual({ page, writable: true });
      expect([bench.entry(child, address), bench.entry(grandchild, address)]).toEqual([undefined, undefined]);
      // What was not torn away can still be read.
      expect(bench.read(child, address, 1)).toBeUndefined();
      expect(guest.log).toEqual([]);
      expect(bench.read(child, address)).toBe("SIGBUS");
      expect(bench.write(grandchild, address)).toBe("SIGBUS");
      expect(guest.log).toEqual([torn(child), torn(grandchild)]);
      expect(bench.counters).toEqual([2, 0, 0, 0]);
    },
  },
  {
    source: "S L39 unmap_ref_private",
    fact: "pages come too late for a mapping that was torn",
    holds: (bench) => {
      const { guest } = bench;
      const { parent, child, address } = family(bench, 1);
      bench.write(parent, address);
      guest.setNrHugepages(4);
      expect(bench.read(child, address)).toBe("SIGBUS");
      expect(guest.log).toEqual([torn(child)]);
    },
  },
  {
    source: "S L39 hugetlb_cow",
    fact: "who is not the owner gets a SIGBUS without a log line, and nobody loses anything",
    holds: (bench) => {
      const { parent, child, address } = family(bench, 1);
      expect(bench.write(child, address)).toBe("SIGBUS");
      expect(bench.guest.log).toEqual([]);
      expect(bench.entry(child, address)).toEqual(bench.entry(parent, address));
    },
  },
  {
    source: "S L39 hugetlb_cow (outside_reserve)",
    fact: "the owner copies outside its reserve: what it has not touched yet stays reserved",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(2);
      const parent = bench.spawn();
      const address = ok(bench.map(parent, { pages: 2 }));
      bench.write(parent, address);
      const child = ok(guest.fork(parent));
      expect(bench.counters).toEqual([2, 1, 1, 0]);
      expect(bench.write(parent, address)).toBeUndefined();
      expect(bench.counters).toEqual([2, 1, 1, 0]);
      expect(bench.write(parent, address, 1)).toBeUndefined();
      expect(bench.read(child, address)).toBe("SIGBUS");
    },
  },
  {
    source: "S L39 hugetlb_cow (old_page == pagecache_page)",
    fact: "the owner has no right to tear a page of the page cache from others",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(3);
      const file = openFile(bench);
      const [process, other] = [bench.spawn(), bench.spawn()];
      const address = ok(bench.mapFile(process, file, 1, { shared: false }));
      // The owner's page, and with it its reservation, goes with a truncate; then others fill the page cache.
      bench.write(process, address);
      guest.hugetlbfs.ftruncate(file, 0);
      guest.hugetlbfs.ftruncate(file, HUGEPAGE);
      const there = ok(bench.mapFile(other, file, 1));
      bench.write(other, there);
      expect(bench.read(process, address)).toBeUndefined();
      guest.setNrHugepages(1);
      expect(bench.write(process, address)).toBe("SIGBUS");
      expect(bench.entry(other, there)?.page).toBe(bench.entry(process, address)?.page);
    },
  },
];

const updates: readonly Fact[] = [
  {
    source: "S L39, Lnew; D §3.4",
    fact: "each set or clear of an entry in a live mm is one update, never batched with another",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(6);
      const process = bench.spawn();
      const shared = ok(bench.map(process, { pages: 2, shared: true }));
      const address = ok(bench.map(process, { pages: 2 }));
      bench.write(process, shared);
      bench.write(process, address);
      const first = (at: number, write: boolean): object => {
        const { events, perf } = measure(bench.pair, () =>
          expect(guest.touch(process, at + HUGEPAGE, write)).toBeUndefined(),
        );
        return { updates: events.queuedPteWrites, hypercalls: perf.hypercalls };
      };
      expect(first(shared, true)).toEqual({ updates: 1, hypercalls: 1 });
      expect(first(address, false)).toEqual({ updates: 1, hypercalls: 1 });
      // Made writable, and flushed.
      expect(first(address, true)).toEqual({ updates: 1, hypercalls: 2 });
      expect(first(address, true)).toEqual({ updates: 0, hypercalls: 0 });
      ok(guest.fork(process));
      // Cleared, flushed, set.
      expect(first(address, true)).toEqual({ updates: 2, hypercalls: 3 });
    },
  },
];

describe("a fault without an entry is as linux-facts §2.4 says:", () => checkFacts(missing));
describe("a write to a read-only entry is as linux-facts §2.4 says:", () => checkFacts(copies));
describe("updates of entries are as linux-facts §2.4 says:", () => checkFacts(updates));

describe("unmap and truncate are as linux-facts §2.5 says:", () => {
  checkFacts([
    {
      source: "S L39 __unmap_hugepage_range",
      fact: "a live munmap clears entry by entry and flushes once",
      holds: (bench) => {
        const { guest } = bench;
        guest.setNrHugepages(5);
        const process = bench.spawn();
        ok(bench.map(process, { pages: 1 }));
        const address = ok(bench.map(process, { pages: 4 }));
        for (const page of [0, 1, 3]) bench.write(process, address, page);
        ok(bench.map(process, { pages: 1, noReserve: true }));
        const { events, perf } = measure(bench.pair, () => guest.munmap(process, address));
        expect(events).toMatchObject({ queuedPteWrites: 3, batches: 4, plainPteStores: 0 });
        expect(perf.hypercalls).toBe(4);
      },
    },
    {
      source: "S L39 hugetlb_vmtruncate",
      fact: "ftruncate down clears the tail from every mapping, private ones too",
      holds: (bench) => {
        const { guest } = bench;
        guest.setNrHugepages(8);
        const file = openFile(bench);
        const [process, other] = [bench.spawn(), bench.spawn()];
        const shared = ok(bench.mapFile(process, file, 3));
        const copy = ok(bench.mapFile(process, file, 3, { shared: false }));
        const later = ok(bench.mapFile(other, file, 1, { from: 2 }));
        for (const address of [shared, copy]) guest.touchAll(process, address);
        guest.touchAll(other, later);
        expect(bench.counters).toEqual([8, 2, 0, 0]);
        expect(guest.hugetlbfs.ftruncate(file, HUGEPAGE)).toBe(0);
        expect(bench.counters).toEqual([8, 6, 0, 0]);
        for (const address of [shared, copy]) {
          expect([0, 1, 2].map((page) => bench.entry(process, address + page * HUGEPAGE) !== undefined)).toEqual([
            true,
            false,
            false,
          ]);
          expect(bench.write(process, address, 1)).toBe("SIGBUS");
        }
        expect(bench.read(other, later)).toBe("SIGBUS");
      },
    },
    {
      source: "S L39 exit_mmap",
      fact: "exit clears entries that are plain memory by then: no hypercall for any of them",
      holds: (bench) => {
        const { guest } = bench;
        guest.setNrHugepages(4);
        const process = bench.spawn();
        guest.touchAll(process, ok(bench.map(process, { pages: 4 })));
        const { events } = measure(bench.pair, () => guest.exit(process));
        expect(events).toMatchObject({ plainPmds: 4, queuedPteWrites: 0 });
        expect(bench.counters).toEqual([4, 4, 0, 0]);
      },
    },
  ]);
});
