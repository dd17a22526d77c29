import { describe, expect } from "vitest";
import { O_CREAT } from "../src/index.ts";
import { type Fact, checkFacts } from "./hugetlb-facts.ts";
import { ok } from "./small-guest.ts";

const HUGEPAGE = 2 ** 21;

const shared: readonly Fact[] = [
  {
    source: "S L39 hugetlb_reserve_pages",
    fact: "a shared mapping is charged for the pages of it that the inode's list does not have yet",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(6);
      const file = ok(guest.hugetlbfs.open(ok(guest.hugetlbfs.mount()), "file", O_CREAT));
      const [process, other] = [bench.spawn(), bench.spawn()];
      ok(bench.mapFile(process, file, 2, { from: 1 }));
      expect(bench.counters).toEqual([6, 6, 2, 0]);
      ok(bench.mapFile(other, file, 3, { from: 1 }));
      expect(bench.counters).toEqual([6, 6, 3, 0]);
      ok(bench.mapFile(other, file, 4));
      expect(bench.counters).toEqual([6, 6, 4, 0]);
      ok(bench.mapFile(other, file, 4));
      expect(bench.counters).toEqual([6, 6, 4, 0]);
    },
  },
  {
    source: "S L39 region_chg",
    fact: "an entry of the list means reserved now or earlier: a page that was touched is not charged again",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(2);
      const file = ok(guest.hugetlbfs.open(ok(guest.hugetlbfs.mount()), "file", O_CREAT));
      const process = bench.spawn();
      bench.write(process, ok(bench.mapFile(process, file, 1)));
      expect(bench.counters).toEqual([2, 1, 0, 0]);
      ok(bench.mapFile(process, file, 2));
      expect(bench.counters).toEqual([2, 1, 1, 0]);
    },
  },
  {
    source: "S L39 hugetlb_vm_op_close",
    fact: "munmap of a shared mapping changes no counter: pages and reserve belong to the inode",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(4);
      const file = ok(guest.hugetlbfs.open(ok(guest.hugetlbfs.mount()), "file", O_CREAT));
      const process = bench.spawn();
      const address = ok(bench.mapFile(process, file, 3));
      bench.write(process, address);
      expect(bench.counters).toEqual([4, 3, 2, 0]);
      guest.munmap(process, address);
      expect(bench.counters).toEqual([4, 3, 2, 0]);
    },
  },
];

const privately: readonly Fact[] = [
  {
    source: "S L39 hugetlb_reserve_pages",
    fact: "a private mapping is charged for its whole length, whatever the file has",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(6);
      const file = ok(guest.hugetlbfs.open(ok(guest.hugetlbfs.mount()), "file", O_CREAT));
      const process = bench.spawn();
      guest.touchAll(process, ok(bench.mapFile(process, file, 2)));
      expect(bench.counters).toEqual([6, 4, 0, 0]);
      ok(bench.mapFile(process, file, 3, { shared: false }));
      expect(bench.counters).toEqual([6, 4, 3, 0]);
    },
  },
  {
    source: "S L39 vma_commit_reservation",
    fact: "an entry of its map means consumed: the second page at an index is not reserved",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(2);
      const file = ok(guest.hugetlbfs.open(ok(guest.hugetlbfs.mount()), "file", O_CREAT));
      const [process, other] = [bench.spawn(), bench.spawn()];
      const address = ok(bench.mapFile(process, file, 1, { shared: false }));
      bench.write(process, address);
      expect(bench.counters).toEqual([2, 1, 0, 0]);
      ok(bench.map(other, { pages: 1 }));
      expect(bench.counters).toEqual([2, 1, 1, 0]);
      // The page goes with the file's tail; what is left in the pool is the other's.
      guest.hugetlbfs.ftruncate(file, 0);
      guest.hugetlbfs.ftruncate(file, HUGEPAGE);
      guest.setNrHugepages(1);
      expect(bench.counters).toEqual([1, 1, 1, 0]);
      expect(bench.write(process, address)).toBe("SIGBUS");
      expect(bench.counters).toEqual([1, 1, 1, 0]);
    },
  },
  {
    source: "S L39 hugetlb_vm_op_close",
    fact: "munmap of a private mapping frees its pages and gives the unused reserve back",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(6);
      const process = bench.spawn();
      const address = ok(bench.map(process, { pages: 4 }));
      bench.write(process, address, 1);
      expect(bench.counters).toEqual([6, 5, 3, 0]);
      guest.munmap(process, address);
      expect(bench.counters).toEqual([6, 6, 0, 0]);
    },
  },
  {
    source: "S L39 hugetlb_vm_op_open, hugetlb_vm_op_close",
    fact: "munmap of a part gives back what that part reserved and did not use; the rest keeps its own",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(6);
      const process = bench.spawn();
      const address = ok(bench.map(process, { pages: 5 }));
      for (const page of [0, 2, 4]) bench.write(process, address, page);
      expect(bench.counters).toEqual([6, 3, 2, 0]);
      expect(guest.munmap(process, address + HUGEPAGE, 2 * HUGEPAGE)).toBe(0);
      expect(bench.counters).toEqual([6, 4, 1, 0]);
      expect(bench.write(process, address, 3)).toBeUndefined();
      expect(bench.counters).toEqual([6, 3, 0, 0]);
      expect(bench.write(process, address, 2)).toBe("SIGSEGV");
      guest.exit(process);
      expect(bench.counters).toEqual([6, 6, 0, 0]);
    },
  },
  {
    source: "S L39 reset_vma_resv_huge_pages",
    fact: "the child of a private mapping has no reserve and may fail, while its parent does not",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(3);
      const parent = bench.spawn();
      const address = ok(bench.map(parent, { pages: 3 }));
      const child = ok(guest.fork(parent));
      expect(bench.counters).toEqual([3, 3, 3, 0]);
      expect(bench.write(child, address)).toBe("SIGBUS");
      expect(guest.touchAll(parent, address)).toBeUndefined();
      guest.exit(child);
      expect(bench.counters).toEqual([3, 0, 0, 0]);
    },
  },
  {
    source: "S L39 reset_vma_resv_huge_pages",
    fact: "the exit of the child gives no reserve back, that of the parent does",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(4);
      const parent = bench.spawn();
      ok(bench.map(parent, { pages: 3 }));
      const child = ok(guest.fork(parent));
      guest.exit(child);
      expect(bench.counters).toEqual([4, 4, 3, 0]);
      guest.exit(parent);
      expect(bench.counters).toEqual([4, 4, 0, 0]);
    },
  },
];

const faults: readonly Fact[] = [
  {
    source: "S L39 hugetlb_reserve_pages",
    fact: "VM_NORESERVE reserves nothing, private or shared",
    holds: (bench) => {
      bench.guest.setNrHugepages(2);
      const process = bench.spawn();
      ok(bench.map(process, { pages: 9, noReserve: true }));
      ok(bench.map(process, { pages: 9, noReserve: true, shared: true }));
      expect(bench.counters).toEqual([2, 2, 0, 0]);
    },
  },
  {
    source: "S L39 decrement_hugepage_resv_vma",
    fact: "a fault with a reserve lowers free and reserved",
    holds: (bench) => {
      bench.guest.setNrHugepages(3);
      const process = bench.spawn();
      bench.write(process, ok(bench.map(process, { pages: 2 })));
      expect(bench.counters).toEqual([3, 2, 1, 0]);
    },
  },
  {
    source: "S L39 dequeue_huge_page_vma",
    fact: "a fault without takes a page that nobody reserved, then a surplus page, then is a SIGBUS",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(3);
      const process = bench.spawn();
      ok(bench.map(process, { pages: 2 }));
      const address = ok(bench.map(process, { pages: 3, noReserve: true }));
      expect(bench.write(process, address, 0)).toBeUndefined();
      expect(bench.counters).toEqual([3, 2, 2, 0]);
      expect(bench.write(process, address, 1)).toBe("SIGBUS");
      expect(bench.counters).toEqual([3, 2, 2, 0]);
      guest.setNrOvercommitHugepages(1);
      expect(bench.write(process, address, 1)).toBeUndefined();
      expect(bench.counters).toEqual([4, 2, 2, 1]);
      expect(bench.write(process, address, 2)).toBe("SIGBUS");
    },
  },
  {
    source: "C 2013, after L36x: VM_NORESERVE check in vma_has_reserves",
    fact: "a shared mapping without reserve leaves alone what others reserved",
    holds: (bench) => {
      bench.guest.setNrHugepages(2);
      const process = bench.spawn();
      const reserved = ok(bench.map(process, { pages: 2 }));
      const address = ok(bench.map(process, { pages: 1, noReserve: true, shared: true }));
      expect(bench.write(process, address)).toBe("SIGBUS");
      expect(bench.guest.touchAll(process, reserved)).toBeUndefined();
    },
  },
  {
    source: "C 2013, after L36x: decrement reserve count if VM_NORESERVE alloc page cache",
    fact: "a shared mapping without reserve uses up what another reserved at the same index of the file",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(2);
      const file = ok(guest.hugetlbfs.open(ok(guest.hugetlbfs.mount()), "file", O_CREAT));
      const process = bench.spawn();
      ok(bench.mapFile(process, file, 2));
      bench.write(process, ok(bench.mapFile(process, file, 2, { noReserve: true })));
      expect(bench.counters).toEqual([2, 1, 1, 0]);
    },
  },
  {
    source: "S L39 hugetlb_unreserve_pages",
    fact: "truncate frees the pages and takes back the reservations whose pages were not there",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(6);
      const file = ok(guest.hugetlbfs.open(ok(guest.hugetlbfs.mount()), "file", O_CREAT));
      const process = bench.spawn();
      const address = ok(bench.mapFile(process, file, 5));
      for (const page of [0, 3]) bench.write(process, address, page);
      expect(bench.counters).toEqual([6, 4, 3, 0]);
      guest.hugetlbfs.ftruncate(file, 2 * HUGEPAGE);
      expect(bench.counters).toEqual([6, 5, 1, 0]);
    },
  },
  {
    source: "S L39 evict_inode",
    fact: "the last unlink frees and takes back everything",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(6);
      const file = ok(guest.hugetlbFile(5 * HUGEPAGE));
      const process = bench.spawn();
      bench.write(process, ok(bench.mapFile(process, file, 5)));
      guest.exit(process);
      expect(bench.counters).toEqual([6, 5, 4, 0]);
      guest.unlink(file);
      expect(bench.counters).toEqual([6, 6, 0, 0]);
    },
  },
];

describe("reservations of shared mappings are as linux-facts §2.3 says:", () => checkFacts(shared));
describe("reservations of private mappings are as linux-facts §2.3 says:", () => checkFacts(privately));
describe("faults use reservations as linux-facts §2.3 says:", () => checkFacts(faults));
