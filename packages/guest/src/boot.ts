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
import { type BuiltDomain, buildDomain } from "./domain-builder.ts";
import { GuestEvents } from "./guest-events.ts";
import { makeHighmem } from "./highmem.ts";
import { makeHstate } from "./hstate.ts";
import { hugetlbInit } from "./hugetlb-pool.ts";
import { DEFAULT_CONFIG, makeMount } from "./hugetlbfs-mount.ts";
import type { Kernel } from "./kernel.ts";
import { MemMap, PG_pinned, PG_reserved } from "./mem-map.ts";
import { MulticallBuffer } from "./multicall-buffer.ts";
import { makeShmNamespace } from "./shm.ts";
import { type GuestStyle, type Zone, makeZones } from "./zone.ts";

/** Lowmem of a 32-bit kernel: 896 MiB. Under Xen's hole it would be about 727 MiB. [linux-facts §1.1] */
const DEFAULT_LOWMEM_PAGES = 229_376;
/** More frames than entries have been thought through for: 4 TiB. */
const MAX_PAGES = 2 ** 30;

/** How a guest is made. */
export interface GuestOptions {
  /** Memory in 4 KiB pages. Give this or `memoryMiB`. */
  readonly frames?: number;
  /** Memory in MiB. */
  readonly memoryMiB?: number;
  /** Default `64-bit`: all memory is in the direct map. `32-bit`: what is above lowmem is highmem. */
  readonly style?: GuestStyle;
  /** Pages of lowmem; 32-bit style only. Default 229,376 (896 MiB). */
  readonly lowmemFrames?: number;
  /** Whether hugepages are marked when they enter the pool, where the host's scheme has marks. Default true. */
  readonly markHugepages?: boolean;
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
  const nrPages = memoryOf(options);
  const maxLowPfn = lowmemOf(options, style, nrPages);
  const built = buildDomain(host, nrPages, maxLowPfn);
  startOnRoot(built);

  const zones = makeZones(style, nrPages, maxLowPfn);
  const fallback: Zone[] = [...zones].reverse();
  const events = new GuestEvents();
  const log: string[] = [];
  const { domain, pkmapPageTable, fixmapPageTable } = built;
  const vcpu = domain.vcpus[0];
  assert(vcpu !== undefined, "a domain has a vCPU");
  const memMap = new MemMap(nrPages);
  const kernel: Kernel = {
    domain,
    vcpu,
    style,
    memMap,
    zones,
    zonelists: { GFP_HIGHUSER: fallback, GFP_KERNEL: fallback.filter(({ name }) => name !== "HighMem") },
    maxLowPfn,
    phys: built.phys,
    mc: new MulticallBuffer(vcpu, events, log),
    hstate: makeHstate(memMap.blocks),
    hugetlbfs: { internalMount: options.pse === false ? undefined : makeMount(DEFAULT_CONFIG) },
    shm: makeShmNamespace(),
    marksHugepages: (options.markHugepages ?? true) && host.scheme.marks,
    highmem:
      pkmapPageTable !== undefined && fixmapPageTable !== undefined
        ? makeHighmem(pkmapPageTable, fixmapPageTable)
        : undefined,
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

/** Keeps the boot tables (`xen_mark_init_mm_pinned`) and hands everything else to the buddy (`mem_init`). */
function initMemory(kernel: Kernel, nrTablePages: number): void {
  const { memMap, zones } = kernel;
  for (let page = 0; page < nrTablePages; page++) memMap.setFlag(pfn(page) satisfies Pfn, PG_reserved | PG_pinned);
  for (const zone of zones) freeBootmem(memMap, zone, Math.max(zone.startPfn, nrTablePages), zone.endPfn);
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

function lowmemOf(options: GuestOptions, style: GuestStyle, nrPages: number): number {
  if (style === "64-bit") {
    if (options.lowmemFrames !== undefined) {
      throw new RangeError("lowmemFrames: a 64-bit guest maps all its memory; leave it out or choose style 32-bit");
    }
    return nrPages;
  }
  if (style !== "32-bit") throw new RangeError(`style: "${String(style)}" given, expected 64-bit or 32-bit`);
  const pages = options.lowmemFrames ?? DEFAULT_LOWMEM_PAGES;
  if (!Number.isInteger(pages) || pages < 1) {
    throw new RangeError(`lowmemFrames: ${pages} given, expected a whole number of 4 KiB pages`);
  }
  return Math.min(pages, nrPages);
}
