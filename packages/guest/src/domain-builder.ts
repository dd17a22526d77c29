import {
  type Domain,
  type Host,
  type Mfn,
  type Pfn,
  XENMEM_populate_physmap,
  DOMID_SELF,
  builderStore,
  createDomain,
  destroyDomain,
  doMemoryOp,
  mfn,
  openBuilderFrame,
  pfn,
  pteHi,
  pteLo,
} from "@xsp/hypervisor";
import {
  FIXMAP_PMD_INDEX,
  HPAGE_ORDER,
  HPAGE_PAGES,
  KERNEL_PGD_BOUNDARY,
  PAGE_KERNEL,
  PAGE_KERNEL_RO,
  PKMAP_PGD_INDEX,
  PKMAP_PMD_INDEX,
  PKMAP_PUD_INDEX,
  PTRS_PER_TABLE,
  _KERNPG_TABLE,
} from "./address-layout.ts";
import { assert } from "./assert.ts";
import { PhysToMachine } from "./phys-to-machine.ts";

/** Extents asked for in one `memory_op`. */
const POPULATE_BATCH = 1024;

/**
 * What a domain's memory is made of: order-9 extents only, as with superpages=1 in the domain's configuration, or 4 KiB
 * extents. [linux-facts §4.3]
 */
export type Populate = "superpages" | "pages";

/** What is to be built. */
export interface DomainPlan {
  /** Pages of the guest. */
  readonly nrPages: number;
  /** Pages that the direct map covers. */
  readonly maxLowPfn: number;
  readonly populate: Populate;
  /** Chooses the order in which 4 KiB extents are asked for. */
  readonly seed: number;
}

/** What the domain builder leaves behind for the kernel. */
export interface BuiltDomain {
  readonly domain: Domain;
  readonly phys: PhysToMachine;
  /** Kernel root. */
  readonly swapperPgd: Pfn;
  /** PTE pages of the kmap pool and of the fixmaps; only with highmem. */
  readonly pkmapPageTable: Pfn | undefined;
  readonly fixmapPageTable: Pfn | undefined;
  /** Pages 0 to `nrTablePages` − 1 are the page tables made here. */
  readonly nrTablePages: number;
}

/**
 * Builds a domain as the toolstack does, before its first instruction: memory, P2M and the kernel's page tables.
 *
 * ```text
 *   pfn 0 …                                                     lowmem end
 *   │ L1 L1 L1 … │ L2 … │ L3 … │ L4 │ (kmap tables) │ free for the buddy …            highmem …
 *     └── one L1 entry for each lowmem page: writable, but read-only for the tables themselves
 * ```
 *
 * The direct map is real: a 64 GiB guest has 32,768 L1 tables with 16,777,216 entries, each of which will hold a
 * reference when the root is pinned. That is why a free page of lowmem has a writable count of 1. [linux-facts §1.2]
 *
 * Models: xc_dom_x86.c, with superpages=1 (order-9 extents only) or without, and init_memory_mapping in one step.
 * Simplified: no kernel image; the tables are the first pages.
 *
 * @throws RangeError when the host has not enough free memory or the guest is too small for its page tables.
 */
export function buildDomain(host: Host, { nrPages, maxLowPfn, populate, seed }: DomainPlan): BuiltDomain {
  if (host.freeFrames < nrPages) {
    throw new RangeError(`frames: the guest is to have ${nrPages} pages and the host has ${host.freeFrames} free`);
  }
  const span = (pages: number): number => Math.ceil(pages / PTRS_PER_TABLE);
  const nrL1 = span(maxLowPfn);
  const nrL2 = span(nrL1);
  const nrL3 = span(nrL2);
  const highmemTables = maxLowPfn < nrPages ? 4 : 0;
  const nrTablePages = nrL1 + nrL2 + nrL3 + 1 + highmemTables;
  if (nrTablePages > maxLowPfn) {
    throw new RangeError(`frames: ${nrPages} pages are too few, the page tables alone need ${nrTablePages}`);
  }
  const domain = createDomain(host, { maxFrames: nrPages });
  const phys = new PhysToMachine(nrPages, host.frames);
  if (populate === "pages") populatePages(domain, phys, nrPages, seed);
  else populateSuperpages(domain, phys, nrPages);

  const swapperPgd = pfn(nrL1 + nrL2 + nrL3);
  const builder = new TableBuilder(domain, phys);
  buildDirectMap(builder, maxLowPfn, nrTablePages);
  builder.pointToTables(nrL1, nrL2, 0, nrL1);
  builder.pointToTables(nrL1 + nrL2, nrL3, nrL1, nrL2);
  builder.pointToTables(swapperPgd, 1, nrL1 + nrL2, nrL3, KERNEL_PGD_BOUNDARY);
  if (highmemTables === 0) {
    return { domain, phys, swapperPgd, pkmapPageTable: undefined, fixmapPageTable: undefined, nrTablePages };
  }
  const kmapL3 = swapperPgd + 1;
  builder.pointToTables(swapperPgd, 1, kmapL3, 1, PKMAP_PGD_INDEX);
  builder.pointToTables(kmapL3, 1, kmapL3 + 1, 1, PKMAP_PUD_INDEX);
  assert(FIXMAP_PMD_INDEX === PKMAP_PMD_INDEX + 1, "kmap pool and fixmaps are neighbours");
  builder.pointToTables(kmapL3 + 1, 1, kmapL3 + 2, 2, PKMAP_PMD_INDEX);
  return {
    domain,
    phys,
    swapperPgd,
    pkmapPageTable: pfn(kmapL3 + 2),
    fixmapPageTable: pfn(kmapL3 + 3),
    nrTablePages,
  };
}

/** Gives the domain its memory in 2 MiB extents, and what is left over at the end page by page. */
function populateSuperpages(domain: Domain, phys: PhysToMachine, nrPages: number): void {
  const blocks = Math.floor(nrPages / HPAGE_PAGES);
  const heads = Int32Array.from({ length: blocks }, (_, block) => block << HPAGE_ORDER);
  populatePhysmap(domain, heads, HPAGE_ORDER);
  for (const [block, frame] of heads.entries()) phys.setExtent(pfn(block << HPAGE_ORDER), mfn(frame));
  const rest = Int32Array.from({ length: nrPages % HPAGE_PAGES }, (_, index) => (blocks << HPAGE_ORDER) + index);
  populatePhysmap(domain, rest, 0);
  for (const [index, frame] of rest.entries()) phys.setPhysToMachine(pfn((blocks << HPAGE_ORDER) + index), frame);
}

/**
 * Gives the domain its memory page by page, in an order that is not that of its frames.
 *
 * Simplified: a real heap is fragmented and hands out whatever frame is first. Here frames come in order and pages are
 * asked for in a shuffled one, which gives the guest the same: neighbours of which hardly two are neighbours in the machine.
 */
function populatePages(domain: Domain, phys: PhysToMachine, nrPages: number, seed: number): void {
  const asked = shuffledPages(nrPages, seed);
  const frames = asked.slice();
  populatePhysmap(domain, frames, 0);
  for (const [index, page] of asked.entries()) phys.setPhysToMachine(pfn(page), frames[index] as number);
}

/** All pages in an order that the seed alone decides: Fisher and Yates's shuffle over a xorshift generator. */
function shuffledPages(nrPages: number, seed: number): Int32Array {
  const pages = Int32Array.from({ length: nrPages }, (_, page) => page);
  // The generator has one state that it never leaves, 0.
  let state = seed | 0 || 1;
  for (let last = nrPages - 1; last > 0; last--) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const other = (state >>> 0) % (last + 1);
    const page = pages[last] as number;
    pages[last] = pages[other] as number;
    pages[other] = page;
  }
  return pages;
}

/**
 * Asks Xen for extents: `XENMEM_populate_physmap`, some at a time.
 *
 * @param extents - first page of each; Xen puts its first frame in its place.
 */
function populatePhysmap(domain: Domain, extents: Int32Array, order: number): void {
  const vcpu = domain.vcpus[0];
  assert(vcpu !== undefined, "a domain has a vCPU");
  for (let start = 0; start < extents.length; start += POPULATE_BATCH) {
    const batch = extents.subarray(start, start + POPULATE_BATCH);
    const done = doMemoryOp(vcpu, XENMEM_populate_physmap, {
      extents: batch,
      nrExtents: batch.length,
      extentOrder: order,
      domid: DOMID_SELF,
    });
    if (done === batch.length) continue;
    assert(destroyDomain(domain) === 0, "a domain that is not built yet can be destroyed");
    throw new RangeError(
      `frames: the host has no more aligned extents of ${1 << order} frames after ${start + done} of ${extents.length}`,
    );
  }
}

/** Fills the L1 tables, pages 0 and up: one entry for each lowmem page. */
function buildDirectMap(builder: TableBuilder, maxLowPfn: number, nrTablePages: number): void {
  const { p2m } = builder.phys;
  const { domain } = builder;
  const writableHigh = pteHi(0, PAGE_KERNEL);
  for (let first = 0; first < maxLowPfn; first += PTRS_PER_TABLE) {
    const table = openBuilderFrame(domain, p2m[first / PTRS_PER_TABLE] as number);
    assert(table !== undefined, "the builder can write the memory of the domain it builds");
    const count = Math.min(PTRS_PER_TABLE, maxLowPfn - first);
    for (let index = 0; index < count; index++) {
      const page = first + index;
      const frame = p2m[page] as number;
      const prot = page < nrTablePages ? PAGE_KERNEL_RO : PAGE_KERNEL;
      // Both protections have the same high flags, and frame numbers stay below 2^31.
      const hi = writableHigh | (frame >>> 20);
      table.store(index, (frame << 12) | (prot & 0xfff), hi);
    }
  }
}

/** Writes page tables of a domain under construction. */
class TableBuilder {
  readonly domain: Domain;
  readonly phys: PhysToMachine;

  constructor(domain: Domain, phys: PhysToMachine) {
    this.domain = domain;
    this.phys = phys;
  }

  /**
   * Lets entries of neighbouring tables point to the tables below them, in order.
   *
   * @param tables - page of the first table, and how many there are.
   * @param below - page of the first table of the level below, and how many.
   * @param firstIndex - entry of the first table to begin with.
   */
  pointToTables(tables: number, count: number, below: number, belowCount: number, firstIndex = 0): void {
    assert(firstIndex + belowCount <= count * PTRS_PER_TABLE, "the tables have room for all entries");
    for (let index = 0; index < belowCount; index++) {
      const entry = firstIndex + index;
      const table: Mfn = this.phys.pfnToMfn(pfn(tables + Math.floor(entry / PTRS_PER_TABLE)));
      const frame = this.phys.pfnToMfn(pfn(below + index));
      const lo = pteLo(frame, _KERNPG_TABLE);
      const stored = builderStore(this.domain, table, entry % PTRS_PER_TABLE, lo, pteHi(frame, _KERNPG_TABLE));
      assert(stored, "the builder can write the memory of the domain it builds");
    }
  }
}
