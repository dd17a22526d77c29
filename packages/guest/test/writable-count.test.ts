import { type Pfn, type SchemeName, _PAGE_PSE, _PAGE_RW, ownerOf, pteHi, pteLo, readType } from "@xsp/hypervisor";
import { describe, expect, it } from "vitest";
import { PAGE_SHARED, pmdIndex, pteIndex } from "../src/address-layout.ts";
import {
  type Mm,
  NO_PAGE,
  type Process,
  allocPages,
  clearHighpage,
  createContiguousRegion,
  freePages,
  kmap,
  kmapAtomic,
  kmapFlushUnused,
  kunmap,
  kunmapAtomic,
} from "../src/index.ts";
import { pmdAlloc, pteAlloc } from "../src/page-table-pages.ts";
import { setPmd, setPteAt } from "../src/pv-mmu.ts";
import { type Pair, allSchemes, boot, expectClean, ok, writableCount } from "./small-guest.ts";

// The table of linux-facts §1.2: writable type count of a page by what it is used for. In a 64-bit guest every page is
// lowmem, which the direct map maps once; in the 32-bit guests here the pages looked at are highmem, except page tables.

type Style = "64-bit" | "32-bit";

/** A page of the order that a row asks for, taken from the buddy as user memory is. */
function takeBlock({ guest }: Pair, order: number): Pfn {
  const page = allocPages(guest.kernel, "GFP_HIGHUSER", order);
  expect(page).not.toBe(NO_PAGE);
  return page;
}

/** Where the n-th process maps the page looked at. */
const ADDRESS = 2 ** 40;

/** The address space of a new process. */
function newMm({ guest }: Pair): Mm {
  const { mm } = ok<Process>(guest.spawn());
  if (mm === undefined) throw new Error("a process that was just made has an address space");
  return mm;
}

/** Maps a page into so many processes, each in an address space of its own. Returns the last. */
function mapInto(pair: Pair, page: Pfn, processes: number, writable: boolean): Mm {
  const { kernel } = pair.guest;
  const prot = writable ? PAGE_SHARED : PAGE_SHARED & ~_PAGE_RW;
  const frame = kernel.phys.pfnToMfn(page);
  const mms = Array.from({ length: processes }, () => newMm(pair));
  for (const mm of mms) {
    setPteAt(kernel, pteAlloc(kernel, mm, ADDRESS), pteIndex(ADDRESS), pteLo(frame, prot), pteHi(frame, prot));
  }
  return mms.at(-1) ?? newMm(pair);
}

/** The same for a hugepage. */
function mapHugeInto(pair: Pair, page: Pfn, processes: number, writable: boolean): void {
  const { kernel } = pair.guest;
  const prot = (writable ? PAGE_SHARED : PAGE_SHARED & ~_PAGE_RW) | _PAGE_PSE;
  const frame = kernel.phys.pfnToMfn(page);
  for (let n = 0; n < processes; n++) {
    const mm = newMm(pair);
    setPmd(kernel, pmdAlloc(kernel, mm, ADDRESS), pmdIndex(ADDRESS), pteLo(frame, prot), pteHi(frame, prot));
  }
}

/** A hugepage of the pool. */
function poolPage({ guest }: Pair): Pfn {
  expect(guest.setNrHugepages(1)).toBe(1);
  return (guest.kernel.hstate.freeList[0] ?? NO_PAGE) as Pfn;
}

interface Row {
  readonly state: string;
  readonly source: string;
  /** Brings a page, or the first of a block, into the state. */
  readonly arrange: (pair: Pair) => Pfn;
  /** Pages looked at from there on. */
  readonly pages: number;
  /** Expected count. `base` is what the direct map holds: 1 in lowmem, 0 in highmem. */
  readonly count: (base: number, scheme: SchemeName) => number;
  /** Where the first page has another count than the rest. */
  readonly head?: (base: number, scheme: SchemeName) => number;
  readonly options?: { readonly markHugepages: boolean };
  /** The row speaks of lowmem only. */
  readonly only?: Style;
}

const isRfc = (scheme: SchemeName): boolean => scheme.startsWith("rfc");
const isSealed = (scheme: SchemeName): boolean => scheme.startsWith("sealed");
const marks = (scheme: SchemeName): number => (scheme === "per-frame" ? 0 : 1);

const table: readonly Row[] = [
  {
    state: "free, never used",
    source: "S/D §1.2",
    arrange: (pair) => {
      const page = takeBlock(pair, 0);
      freePages(pair.guest.kernel, page, 0);
      return page;
    },
    pages: 1,
    count: (base) => base,
  },
  {
    state: "free again after user space had it",
    source: "S/D §1.2",
    arrange: (pair) => {
      const page = takeBlock(pair, 0);
      const { kernel } = pair.guest;
      const mm = mapInto(pair, page, 1, true);
      setPteAt(kernel, pteAlloc(kernel, mm, ADDRESS), pteIndex(ADDRESS), 0, 0);
      freePages(kernel, page, 0);
      return page;
    },
    pages: 1,
    count: (base) => base,
  },
  {
    state: "mapped by kmap twice",
    source: "S L39 mm/highmem.c",
    arrange: (pair) => {
      const page = takeBlock(pair, 0);
      for (let time = 0; time < 2; time++) expect(kmap(pair.guest.kernel, page)).toBe(true);
      return page;
    },
    pages: 1,
    count: () => 1,
  },
  {
    state: "free, unmapped by kunmap, its pool not wrapped yet",
    source: "S L39 mm/highmem.c",
    arrange: (pair) => {
      const page = takeBlock(pair, 0);
      expect(kmap(pair.guest.kernel, page)).toBe(true);
      kunmap(pair.guest.kernel, page);
      freePages(pair.guest.kernel, page, 0);
      return page;
    },
    pages: 1,
    count: () => 1,
  },
  {
    state: "unmapped by kunmap, then kmap_flush_unused",
    source: "S L39 mm/highmem.c",
    arrange: (pair) => {
      const page = takeBlock(pair, 0);
      expect(kmap(pair.guest.kernel, page)).toBe(true);
      kunmap(pair.guest.kernel, page);
      kmapFlushUnused(pair.guest.kernel);
      return page;
    },
    pages: 1,
    count: (base) => base,
  },
  {
    state: "mapped by kmap_atomic",
    source: "S L39 highmem_32.c",
    arrange: (pair) => {
      const page = takeBlock(pair, 0);
      kmapAtomic(pair.guest.kernel, page);
      return page;
    },
    pages: 1,
    count: () => 1,
  },
  {
    state: "unmapped by kunmap_atomic",
    source: "S L39 highmem_32.c",
    arrange: (pair) => {
      const page = takeBlock(pair, 0);
      kmapAtomic(pair.guest.kernel, page);
      kunmapAtomic(pair.guest.kernel, page);
      return page;
    },
    pages: 1,
    count: (base) => base,
  },
  {
    state: "cleared",
    source: "S/C XEN 043e01a4f8",
    arrange: (pair) => {
      const page = takeBlock(pair, 0);
      clearHighpage(pair.guest.kernel, page);
      return page;
    },
    pages: 1,
    count: (base) => base,
  },
  ...[1, 2, 3].map((k) => ({
    state: `mapped writable by ${k} processes`,
    source: "S XEN get_page_from_l1e",
    arrange: (pair: Pair) => {
      const page = takeBlock(pair, 0);
      mapInto(pair, page, k, true);
      return page;
    },
    pages: 1,
    count: (base: number) => base + k,
  })),
  {
    state: "mapped read-only by 3 processes",
    source: "S XEN get_page_from_l1e",
    arrange: (pair) => {
      const page = takeBlock(pair, 0);
      mapInto(pair, page, 3, false);
      return page;
    },
    pages: 1,
    count: (base) => base,
  },
  {
    state: "a hugepage of the pool, marked where the scheme has marks",
    source: "D §1.2",
    arrange: poolPage,
    pages: 512,
    count: (base, scheme) => base + marks(scheme),
  },
  ...[1, 2, 3].map((k) => ({
    state: `a marked hugepage mapped writable by ${k} processes`,
    source: "S/D XEN 4.1",
    arrange: (pair: Pair) => {
      const page = poolPage(pair);
      mapHugeInto(pair, page, k, true);
      return page;
    },
    pages: 512,
    count: (base: number, scheme: SchemeName) => base + (scheme === "per-frame" ? k : 1),
    // The scheme of the RFC takes a reference on the head frame for each mapping.
    head: (base: number, scheme: SchemeName) => base + (scheme === "per-frame" ? k : isRfc(scheme) ? 1 + k : 1),
  })),
  ...[1, 2, 3].map((k) => ({
    state: `an unmarked hugepage mapped writable by ${k} processes`,
    source: "S/D XEN 3.4/4.0, 4.1",
    arrange: (pair: Pair) => {
      const page = poolPage(pair);
      mapHugeInto(pair, page, k, true);
      return page;
    },
    pages: 512,
    count: (base: number, scheme: SchemeName) => base + (scheme === "per-frame" || isRfc(scheme) ? k : 1),
    options: { markHugepages: false },
  })),
  {
    state: "an unmarked hugepage mapped read-only by 2 processes",
    source: "S XEN get_superpage",
    arrange: (pair) => {
      const page = poolPage(pair);
      mapHugeInto(pair, page, 2, false);
      return page;
    },
    pages: 512,
    // From 4.1 on a read-only superpage entry takes writable references too; before, and under sealed, it does not.
    count: (base, scheme) => base + (scheme === "xen-4.1" ? 1 : 0),
    options: { markHugepages: false },
  },
  {
    state: "a marked hugepage mapped read-only by 2 processes",
    source: "S XEN get_superpage",
    arrange: (pair) => {
      const page = poolPage(pair);
      mapHugeInto(pair, page, 2, false);
      return page;
    },
    pages: 512,
    count: (base, scheme) => base + marks(scheme),
  },
  {
    state: "a hugepage that went back to the buddy",
    source: "S UEK xen_release_hugepage",
    arrange: (pair) => {
      const page = poolPage(pair);
      expect(pair.guest.setNrHugepages(0)).toBe(0);
      return page;
    },
    pages: 512,
    // This variant refuses the unmark while the direct map maps the page too, and UEK does not look at the answer.
    count: (base, scheme) => base + (scheme === "rfc-busy-over-1" ? base : 0),
  },
  {
    state: "a free block whose frames were traded for one extent",
    source: "S L39 xen_create_contiguous_region",
    arrange: (pair) => {
      const block = takeBlock(pair, 9);
      expect(createContiguousRegion(pair.guest.kernel, block, 9)).toBe(0);
      freePages(pair.guest.kernel, block, 9);
      return block;
    },
    pages: 512,
    count: (base) => base,
    only: "64-bit",
  },
];

function make(scheme: SchemeName, style: Style, options: Row["options"]): Pair {
  return boot(scheme, 8, style === "64-bit" ? { ...options } : { style, lowmemFrames: 1024, ...options });
}

const cases = allSchemes.flatMap((scheme) =>
  [
    { style: "64-bit" as const, base: 1 },
    { style: "32-bit" as const, base: 0 },
  ].map((style) => ({ scheme, ...style })),
);

describe.each(cases)("the writable count of a page, $scheme, $style", ({ scheme, style, base }) => {
  const rows = table.filter(({ only }) => only === undefined || only === style);
  it.each(rows)("$state [$source]", ({ arrange, pages, count, head, options }) => {
    const pair = make(scheme, style, options);
    const page = arrange(pair);
    expect(writableCount(pair, page)).toBe((head ?? count)(base, scheme));
    const rest = Array.from({ length: pages - 1 }, (_, offset) => writableCount(pair, page + 1 + offset));
    expect(rest.filter((other) => other !== count(base, scheme))).toEqual([]);
    expectClean(pair.host);
  });

  it("a page table: 0 as writable, and 1 or more as a table [S XEN 4.2 __get_page_type]", () => {
    const pair = make(scheme, style, undefined);
    const { guest, host } = pair;
    const mm = newMm(pair);
    const pte = pteAlloc(guest.kernel, mm, ADDRESS);
    const pmd = pmdAlloc(guest.kernel, mm, ADDRESS);
    for (const [page, typeName] of [
      [mm.pgd, "l4"],
      [mm.userPgd, "l4"],
      [pmd, "l2"],
      [pte, "l1"],
    ] as const) {
      expect(page).toBeLessThan(guest.kernel.maxLowPfn);
      const type = readType(host, guest.kernel.phys.pfnToMfn(page));
      expect(type).toMatchObject({ typeName, validated: true });
      expect(type.typeCount).toBeGreaterThan(0);
      expect(writableCount(pair, page)).toBe(0);
    }
    expectClean(host);
  });

  it("a free highmem page may say writable, with a count of 0 [S/D §1.2]", () => {
    const pair = make(scheme, style, undefined);
    const page = takeBlock(pair, 0);
    kmapAtomic(pair.guest.kernel, page);
    kunmapAtomic(pair.guest.kernel, page);
    const frame = pair.guest.kernel.phys.pfnToMfn(page);
    expect(readType(pair.host, frame)).toMatchObject({ typeName: "writable", typeCount: base });
  });

  it("ballooned out: not the guest's any more; and back in as if new [S L39 drivers/xen/balloon.c]", () => {
    const pair = make(scheme, style, undefined);
    const { guest, host } = pair;
    const before = guest.kernel.phys.p2m.slice();
    const free = host.freeFrames;
    expect(guest.decreaseReservation(3)).toBe(3);
    const gone = [...before.keys()].filter((page) => guest.kernel.phys.p2m[page] === -1);
    expect(gone).toHaveLength(3);
    for (const page of gone) expect(ownerOf(host, before[page] ?? -1)).toBeUndefined();
    expect(host.freeFrames).toBe(free + 3);
    expectClean(host);
    expect(guest.increaseReservation(5)).toBe(3);
    for (const page of gone) expect(writableCount(pair, page)).toBe(base);
    expect(host.freeFrames).toBe(free);
    expectClean(host);
  });

  if (isSealed(scheme)) {
    it("a hugepage mapped writable and read-only: one writable reference in all [protocol.md]", () => {
      const pair = make(scheme, style, { markHugepages: false });
      const page = poolPage(pair);
      mapHugeInto(pair, page, 2, false);
      mapHugeInto(pair, page, 2, true);
      expect(writableCount(pair, page)).toBe(base + 1);
      expectClean(pair.host);
    });
  }
});
