import { pfn } from "@xsp/hypervisor";
import { describe, expect } from "vitest";
import { allocPages, freePages } from "../src/index.ts";
import { type Bench, type Fact, HUGEPAGE, checkFacts } from "./hugetlb-facts.ts";
import { measure, ok } from "./small-guest.ts";

/** Makes all of the buddy's large blocks but `left` unusable, and hands them back afterwards. */
function withBlocksLeft({ guest }: Bench, left: number, work: () => void): void {
  const held: number[] = [];
  for (;;) {
    const page = allocPages(guest.kernel, "GFP_HIGHUSER", 9);
    if (page < 0) break;
    held.push(page);
  }
  for (let given = 0; given < left; given++) freePages(guest.kernel, held.pop() as never, 9);
  work();
  for (const page of held) freePages(guest.kernel, page as never, 9);
}

/** Lets the next block that the buddy gives out be no machine superpage while something is done. */
function withRefusedBlock({ guest }: Bench, work: () => void): void {
  const { phys } = guest.kernel;
  const page = allocPages(guest.kernel, "GFP_HIGHUSER", 9);
  const next = pfn(page + 1);
  const [first, second] = [phys.pfnToMfn(page), phys.pfnToMfn(next)];
  phys.setPhysToMachine(page, second);
  phys.setPhysToMachine(next, first);
  freePages(guest.kernel, page, 9);
  work();
  phys.setPhysToMachine(page, first);
  phys.setPhysToMachine(next, second);
}

const growth: readonly Fact[] = [
  {
    source: "S L39 set_max_huge_pages",
    fact: "growing turns surplus into persistent pages first, and takes nothing from the buddy for them",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(3);
      const process = bench.spawn();
      guest.touchAll(process, ok(bench.map(process, { pages: 3 })));
      guest.setNrHugepages(0);
      expect(bench.counters).toEqual([3, 0, 0, 3]);
      const { events } = measure(bench.pair, () => guest.setNrHugepages(2));
      expect(bench.counters).toEqual([3, 0, 0, 1]);
      expect(events.htlbBuddyAllocSuccess).toBe(0);
      guest.setNrHugepages(5);
      expect(bench.counters).toEqual([5, 2, 0, 0]);
    },
  },
  {
    source: "S L39 set_max_huge_pages",
    fact: "growing stops at the first failure; the write succeeds and the caller must read again",
    holds: (bench) => {
      withBlocksLeft(bench, 2, () => {
        const { events } = measure(bench.pair, () => expect(bench.guest.setNrHugepages(7)).toBe(2));
        expect(events).toMatchObject({ htlbBuddyAllocSuccess: 2, htlbBuddyAllocFail: 1 });
      });
      expect(bench.counters).toEqual([2, 2, 0, 0]);
    },
  },
  {
    source: "S L39 set_max_huge_pages",
    fact: "shrinking frees only what is free and not reserved; the rest becomes surplus, even beyond overcommit",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(8);
      const process = bench.spawn();
      const address = ok(bench.map(process, { pages: 5 }));
      bench.write(process, address);
      expect(bench.counters).toEqual([8, 7, 4, 0]);
      expect(guest.setNrHugepages(1)).toBe(5);
      expect(bench.counters).toEqual([5, 4, 4, 4]);
      expect(guest.pool().overcommit).toBe(0);
      guest.munmap(process, address);
      expect(bench.counters).toEqual([1, 1, 0, 0]);
    },
  },
  {
    source: "S L39 hugetlb_init",
    fact: "hugepages=N fills the pool at boot page by page, each marked by a hypercall of its own",
    options: { hugepages: 5 },
    holds: (bench) => {
      expect(bench.counters).toEqual([5, 5, 0, 0]);
      expect(bench.guest.events()).toMatchObject({ hugepageMarks: 5, htlbBuddyAllocSuccess: 5 });
      expect(bench.guest.log).toEqual(["HugeTLB registered 2 MB page size, pre-allocated 5 pages"]);
    },
  },
  {
    source: "S L39 hugetlb_init",
    fact: "hugepages=N at boot gets as far as memory goes",
    options: { hugepages: 1000 },
    holds: (bench) => {
      expect(bench.counters[0]).toBe(23);
      expect(bench.guest.log).toEqual(["HugeTLB registered 2 MB page size, pre-allocated 23 pages"]);
    },
  },
  {
    source: "S L39 alloc_fresh_huge_page; UEK xen_prepare_hugepage",
    fact: "a fresh page that the hook refuses counts as an allocation that failed, and is back in the buddy",
    holds: (bench) => {
      const { guest } = bench;
      const free = guest.freePages();
      withRefusedBlock(bench, () => expect(guest.setNrHugepages(4)).toBe(0));
      expect(guest.freePages()).toBe(free);
      expect(guest.events()).toMatchObject({ htlbBuddyAllocFail: 1, hugepageMarks: 0 });
      expect(guest.log).toEqual(["Guest pages are not properly aligned to use hugepages"]);
    },
  },
];

const surplus: readonly Fact[] = [
  {
    source: "S L39 alloc_buddy_huge_page",
    fact: "a surplus page is refused when there are as many as nr_overcommit_hugepages",
    holds: (bench) => {
      bench.guest.setNrOvercommitHugepages(2);
      const process = bench.spawn();
      const address = ok(bench.map(process, { pages: 3, noReserve: true }));
      expect([0, 1, 2].map((page) => bench.write(process, address, page))).toEqual([undefined, undefined, "SIGBUS"]);
      expect(bench.counters).toEqual([2, 0, 0, 2]);
      // Nothing was asked of the buddy for the third.
      expect(bench.guest.events()).toMatchObject({ htlbBuddyAllocSuccess: 2, htlbBuddyAllocFail: 0 });
    },
  },
  {
    source: "S L36x alloc_buddy_huge_page",
    fact: "the counters that were raised before are lowered again when the hook refuses a surplus page",
    holds: (bench) => {
      bench.guest.setNrOvercommitHugepages(4);
      const process = bench.spawn();
      const address = ok(bench.map(process, { pages: 1, noReserve: true }));
      bench.write(process, address);
      withRefusedBlock(bench, () => expect(bench.map(process, { pages: 1 })).toBe(-12));
      expect(bench.counters).toEqual([1, 0, 0, 1]);
      expect(bench.guest.events()).toMatchObject({ htlbBuddyAllocSuccess: 1, htlbBuddyAllocFail: 1 });
    },
  },
  {
    source: "S L39 gather_surplus_pages",
    fact: "a reservation beyond the pool takes surplus pages, all or nothing",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(2);
      guest.setNrOvercommitHugepages(3);
      const free = guest.freePages();
      const process = bench.spawn();
      const spawned = guest.freePages();
      expect(bench.map(process, { pages: 6 })).toBe(-12);
      expect(bench.counters).toEqual([2, 2, 0, 0]);
      expect(guest.freePages()).toBe(spawned);
      // Three pages came and went again.
      expect(guest.events()).toMatchObject({ hugepageMarks: 2 + 3, hugepageUnmarks: 3 });
      const address = ok(bench.map(process, { pages: 5 }));
      expect(bench.counters).toEqual([5, 5, 5, 3]);
      guest.munmap(process, address);
      expect(bench.counters).toEqual([2, 2, 0, 0]);
      guest.exit(process);
      expect(guest.freePages()).toBe(free);
    },
  },
  {
    source: "S L39 gather_surplus_pages",
    fact: "what the buddy cannot give fails the reservation, and gives the others back",
    holds: (bench) => {
      bench.guest.setNrOvercommitHugepages(9);
      const process = bench.spawn();
      withBlocksLeft(bench, 3, () => {
        expect(bench.map(process, { pages: 4 })).toBe(-12);
        expect(bench.counters).toEqual([0, 0, 0, 0]);
        ok(bench.map(process, { pages: 3 }));
      });
      expect(bench.counters).toEqual([3, 3, 3, 3]);
    },
  },
  {
    source: "S L39 free_huge_page",
    fact: "the last reference gives a page back to the buddy, unmarked, while there is surplus",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(2);
      const process = bench.spawn();
      const address = ok(bench.map(process, { pages: 2 }));
      guest.touchAll(process, address);
      guest.setNrHugepages(1);
      expect(bench.counters).toEqual([2, 0, 0, 1]);
      guest.munmap(process, address);
      expect(bench.counters).toEqual([1, 1, 0, 0]);
      expect(guest.events()).toMatchObject({ hugepageUnmarks: 1 });
    },
  },
  {
    source: "S L39 free_huge_page",
    fact: "the last reference puts a page at the head of the free list otherwise",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(4);
      const process = bench.spawn();
      const address = ok(bench.map(process, { pages: 1 }));
      bench.write(process, address);
      const page = bench.entry(process, address)?.page;
      guest.munmap(process, address);
      const again = ok(bench.map(process, { pages: 1 }));
      bench.write(process, again);
      expect(bench.entry(process, again)?.page).toBe(page);
    },
  },
  {
    source: "S L39 vmstat_text",
    fact: "htlb_buddy_alloc_success and _fail count what was asked of the buddy, for the pool and for surplus",
    holds: (bench) => {
      const { guest } = bench;
      withBlocksLeft(bench, 3, () => {
        guest.setNrHugepages(2);
        guest.setNrOvercommitHugepages(5);
        const process = bench.spawn();
        const address = ok(bench.map(process, { pages: 5, noReserve: true }));
        expect(guest.touchAll(process, address)).toBe("SIGBUS");
      });
      expect(guest.events()).toMatchObject({ htlbBuddyAllocSuccess: 3, htlbBuddyAllocFail: 1 });
    },
  },
  {
    source: "S L39 try_to_free_low",
    fact: "shrinking gives lowmem back before highmem",
    options: { style: "32-bit", lowmemFrames: 4096 },
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(1000);
      const [total] = bench.counters;
      const low = (): number =>
        [...guest.kernel.hstate.freeList].slice(0, guest.kernel.hstate.freeHugePages).filter((page) => page < 4096)
          .length;
      const before = low();
      expect(before).toBeGreaterThan(1);
      // What comes free last is given back first, were it not for lowmem: highmem pages go to the head of the list.
      const process = bench.spawn();
      const parts = [before, total - before].map((pages) => ok(bench.map(process, { pages })));
      for (const address of parts) expect(guest.touchAll(process, address)).toBeUndefined();
      for (const address of parts) expect(guest.munmap(process, address)).toBe(0);
      expect(guest.kernel.hstate.freeList[total - 1]).toBeGreaterThanOrEqual(4096);
      guest.setNrHugepages(total - 1);
      expect(low()).toBe(before - 1);
      guest.setNrHugepages(total - before);
      expect(low()).toBe(0);
    },
  },
];

const disabled: readonly Fact[] = [
  {
    source: "C bugzilla 119641",
    fact: "without PSE there is no hugetlbfs at all, and the log says so",
    options: { pse: false, hugepages: 3 },
    holds: (bench) => {
      const { guest } = bench;
      expect(guest.log).toEqual(["hugetlbfs: disabling because there are no supported hugepage sizes"]);
      expect(bench.counters).toEqual([0, 0, 0, 0]);
      // The errnos are mainline's after 4.6. [M]
      expect(guest.setNrHugepages(1)).toBe(-95);
      expect(guest.setNrOvercommitHugepages(1)).toBe(-95);
      expect(guest.hugetlbfs.mount()).toBe(-19);
      const process = bench.spawn();
      expect(bench.map(process, { pages: 1 })).toBe(-2);
      expect(guest.shm.get({ size: HUGEPAGE, flags: 0o4000 })).toBe(-2);
    },
  },
];

describe("the pool grows and shrinks as linux-facts §2.1 says:", () => checkFacts(growth));
describe("surplus pages come and go as linux-facts §2.1 says:", () => checkFacts(surplus));
describe("a guest without hugepages is as linux-facts §2.2 says:", () => checkFacts(disabled));

describe("user space sees what linux-facts §2.6 says:", () => {
  checkFacts([
    {
      source: "S L39 hugetlb_report_meminfo",
      fact: "Total, Free, Rsvd and Surp are nr, free, resv and surplus",
      holds: (bench) => {
        const { guest } = bench;
        guest.setNrHugepages(4);
        guest.setNrOvercommitHugepages(2);
        const process = bench.spawn();
        const address = ok(bench.map(process, { pages: 6 }));
        bench.write(process, address);
        const { nrHugePages, freeHugePages, resvHugePages, surplusHugePages } = guest.kernel.hstate;
        expect(bench.counters).toEqual([nrHugePages, freeHugePages, resvHugePages, surplusHugePages]);
        expect(bench.counters).toEqual([6, 5, 5, 2]);
      },
    },
  ]);
});
