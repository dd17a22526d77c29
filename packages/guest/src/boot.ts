import {
  DOMID_SELF,
  type Host,
  MMUEXT_NEW_BASEPTR,
  MMUEXT_PIN_L4_TABLE,
  type Pfn,
  doMmuextOp,
  pfn,
  unpauseDomain,
} from "@xsp/hypervisor";
import { assert } from "./assert.ts";
import { freeBootmem } from "./buddy.ts";
import { type BuiltDomain, type Populate, buildDomain } from "./domain-builder.ts";
import { GuestEvents } from "./guest-events.ts";
import { makeHighmem } from "./highmem.ts";
import { makeHstate } from "./hstate.ts";
import { hugetlbInit } from "./hugetlb-pool.ts";
import { DEFAULT_CONFIG, makeMount } from "./hugetlbfs-mount.ts";
import type { Kernel, PvOps } from "./kernel.ts";
import { type LowPfnRange, MAXMEM_PFN, findLowPfnRange } from "./lowmem.ts";
import { MemMap, PG_pinned, PG_reserved } from "./mem-map.ts";
import { MulticallBuffer } from "./multicall-buffer.ts";
import { makeShmNamespace } from "./shm.ts";
import { type GuestStyle, buildZonelists, makeZones } from "./zone.ts";

/** More frames than entries have been thought through for: 4 TiB. */
const MAX_PAGES = 2 ** 30;

/** Where kernels differ that the model knows. */
export type KernelVersion = "3.6" | "2.6.39";

/** How a guest is made. */
export interface GuestOptions {
  /** Memory in 4 KiB pages. Give this or `memoryMiB`. */
  readonly frames?: number;
  /** Memory in MiB. */
  readonly memoryMiB?: number;
  /** Default `64-bit`: all memory is in the direct map. `32-bit`: what is above lowmem is highmem. */
  readonly style?: GuestStyle;
  /** Pages that the direct map can cover, MAXMEM; 32-bit style only. Default 186,112 (727 MiB, under Xen's hole). */
  readonly lowmemFrames?: number;
  /**
   * `highmem=` on the kernel's command line, in pages; 32-bit style only. A guest that fits into lowmem gets that much
   * highmem, of one that does not everything above is thrown away. What cannot be is ignored, and logged.
   */
  readonly highmemFrames?: number;
  /** Default false: highmem pages are cleared and copied through kmap_atomic. Else Xen does it, MMUEXT_CLEAR_PAGE. */
  readonly xenClearsHighmem?: boolean;
  /** Default `superpages`, as with superpages=1. `pages`: 4 KiB extents, whose frames are not contiguous. */
  readonly populate?: Populate;
  /** With `populate: "pages"`: a whole number that chooses their order. Default 1. */
  readonly populateSeed?: number;
  /** Whether hugepages are marked when they enter the pool, where the host's scheme has marks. Default: under `xen`. */
  readonly markHugepages?: boolean;
  /**
   * Default `xen`. `native`, for comparison: processes' page tables are the kernel's own affair, never pinned or loaded
   * through Xen, and PMD pages of hugepages are shared.
   */
  readonly pvOps?: PvOps;
  /** Default `3.6`: set_pte_at always asks Xen. `2.6.39`: it stores into tables that are not pinned, as a fork's are. */
  readonly kernelVersion?: KernelVersion;
  /** Whether the balloon works in units of 2 MiB: UEK's boot flag balloon_hugepages. Default false. */
  readonly balloonHugepages?: boolean;
  /** Default true: one entry in the multicall buffer goes as a direct hypercall (3.1 on); else as a multicall of one. */
  readonly directSingleEntry?: boolean;
  /** How many hugepages to put into the pool at boot: `hugepages=N` on the command line. */
  readonly hugepages?: number;
  /** Whether CPUID shows PSE. Default true; without it the guest has no hugepages, as mainline Linux on Xen since 4.6. */
  readonly pse?: boolean;
}

/**
 * Builds a domain on a host and boots its kernel: memory, direct map, kernel root pinned and loaded, buddy filled.
 *
 * @throws RangeError when an option is wrong or the host has too little memory.
 */
export function bootKernel(host: Host, options: GuestOptions): Kernel {
  if (host.superpageOrder !== 9 || host.tableOrder !== 9) {
    throw new RangeError("host: a guest needs page tables of 512 entries and superpages of 512 frames");
  }
  const style = options.style ?? "64-bit";
  const pvOps = oneOf("pvOps", options.pvOps ?? "xen", ["xen", "native"]);
  const kernelVersion = oneOf("kernelVersion", options.kernelVersion ?? "3.6", ["3.6", "2.6.39"]);
  const nrPages = memoryOf(options);
  const { maxPfn, maxLowPfn, log: memoryLog } = lowPfnRange(options, style, nrPages);
  const built = buildDomain(host, { nrPages, maxLowPfn, ...populateOf(options) });
  startOnRoot(built);

  const zones = makeZones(style, maxPfn, maxLowPfn);
  const events = new GuestEvents();
  const log = [...memoryLog];
  const { domain, pkmapPageTable, fixmapPageTable } = built;
  const vcpu = domain.vcpus[0];
  assert(vcpu !== undefined, "a domain has a vCPU");
  const memMap = new MemMap(maxPfn);
  const kernel: Kernel = {
    domain,
    vcpu,
    style,
    memMap,
    zones,
    zonelists: buildZonelists(zones),
    maxLowPfn,
    phys: built.phys,
    mc: new MulticallBuffer(vcpu, events, log, options.directSingleEntry ?? true),
    hstate: makeHstate(memMap.blocks),
    hugetlbfs: { internalMount: options.pse === false ? undefined : makeMount(DEFAULT_CONFIG) },
    shm: makeShmNamespace(),
    marksHugepages: (options.markHugepages ?? pvOps === "xen") && host.scheme.marks,
    highmem:
      pkmapPageTable !== undefined && fixmapPageTable !== undefined
        ? makeHighmem(pkmapPageTable, fixmapPageTable, options.xenClearsHighmem ?? false)
        : undefined,
    pvOps,
    storesUnpinnedPtes: pvOps === "native" || kernelVersion === "2.6.39",
    pgdList: new Set(),
    zeroPage: pfn(built.nrTablePages),
    events,
    log,
    swapperPgd: built.swapperPgd,
    activeMm: undefined,
    currentPid: 0,
  };
  initMemory(kernel, built.nrTablePages);
  hugetlbInit(kernel, hugepagesOf(options));
  return kernel;
}

/** Pins the kernel's root, loads it and lets the domain run: the end of xc_dom_x86.c and xen_start_kernel. */
function startOnRoot({ domain, phys, swapperPgd }: BuiltDomain): void {
  const vcpu = domain.vcpus[0];
  assert(vcpu !== undefined, "a domain has a vCPU");
  const frame = phys.pfnToMfn(swapperPgd);
  const ops = Int32Array.of(MMUEXT_PIN_L4_TABLE, 0, frame, 0, 0, 0, MMUEXT_NEW_BASEPTR, 0, frame, 0, 0, 0);
  assert(doMmuextOp(vcpu, ops, 2, DOMID_SELF) === 0, "the builder's page tables are valid");
  unpauseDomain(domain);
}

function oneOf<T extends string>(name: string, given: T, known: readonly T[]): T {
  if (!known.includes(given)) throw new RangeError(`${name}: "${given}" given, expected ${known.join(" or ")}`);
  return given;
}

/**
 * Keeps the boot tables (`xen_mark_init_mm_pinned`) and the page of zeroes behind them, and hands everything else to the
 * buddy (`mem_init`).
 */
function initMemory(kernel: Kernel, nrTablePages: number): void {
  const { memMap, zones } = kernel;
  for (let page = 0; page < nrTablePages; page++) memMap.setFlag(pfn(page) satisfies Pfn, PG_reserved | PG_pinned);
  memMap.setFlag(kernel.zeroPage, PG_reserved);
  for (const zone of zones) freeBootmem(memMap, zone, Math.max(zone.startPfn, nrTablePages + 1), zone.endPfn);
}

function memoryOf(options: GuestOptions): number {
  if ((options.frames === undefined) === (options.memoryMiB === undefined)) {
    throw new RangeError("frames, memoryMiB: give one of the two");
  }
  const [name, given, pages] =
    options.frames === undefined
      ? ["memoryMiB", options.memoryMiB, (options.memoryMiB ?? 0) * 256]
      : ["frames", options.frames, options.frames];
  if (!Number.isInteger(pages) || pages < 1 || pages > MAX_PAGES) {
    throw new RangeError(`${name}: ${given} given, expected memory of 1 to ${MAX_PAGES} pages of 4 KiB`);
  }
  return pages;
}

function hugepagesOf({ hugepages }: GuestOptions): number | undefined {
  if (hugepages !== undefined && (!Number.isInteger(hugepages) || hugepages < 0)) {
    throw new RangeError(`hugepages: ${hugepages} given, expected a whole number from 0`);
  }
  return hugepages;
}

function lowPfnRange(options: GuestOptions, style: GuestStyle, nrPages: number): LowPfnRange {
  const { lowmemFrames = MAXMEM_PFN, highmemFrames } = options;
  if (style === "64-bit") {
    for (const name of ["lowmemFrames", "highmemFrames", "xenClearsHighmem"] as const) {
      if (options[name] === undefined) continue;
      throw new RangeError(`${name}: a 64-bit guest maps all its memory; leave it out or choose style 32-bit`);
    }
    return { maxPfn: nrPages, maxLowPfn: nrPages, log: [] };
  }
  if (style !== "32-bit") throw new RangeError(`style: "${String(style)}" given, expected 64-bit or 32-bit`);
  if (!Number.isInteger(lowmemFrames) || lowmemFrames < 1) {
    throw new RangeError(`lowmemFrames: ${lowmemFrames} given, expected a whole number of 4 KiB pages`);
  }
  if (highmemFrames !== undefined && (!Number.isInteger(highmemFrames) || highmemFrames < 0)) {
    throw new RangeError(`highmemFrames: ${highmemFrames} given, expected a whole number of 4 KiB pages`);
  }
  return findLowPfnRange(nrPages, lowmemFrames, highmemFrames);
}

function populateOf({ populate = "superpages", populateSeed }: GuestOptions): { populate: Populate; seed: number } {
  if (populate !== "superpages" && populate !== "pages") {
    throw new RangeError(`populate: "${String(populate)}" given, expected superpages or pages`);
  }
  if (populateSeed !== undefined && (populate !== "pages" || !Number.isInteger(populateSeed))) {
    throw new RangeError(`populateSeed: ${populateSeed} given, expected a whole number, and populate: "pages" with it`);
  }
  return { populate, seed: populateSeed ?? 1 };
}
