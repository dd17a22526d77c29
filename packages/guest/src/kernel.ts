import type { Domain, Pfn, Vcpu } from "@xsp/hypervisor";
import { assert } from "./assert.ts";
import { freeOnePage, rmqueue } from "./buddy.ts";
import type { GuestEvents } from "./guest-events.ts";
import type { Highmem } from "./highmem.ts";
import type { Hstate } from "./hstate.ts";
import type { HugetlbfsState } from "./hugetlbfs-mount.ts";
import { type MemMap, NO_PAGE } from "./mem-map.ts";
import type { Mm } from "./mm.ts";
import type { MulticallBuffer } from "./multicall-buffer.ts";
import type { PhysToMachine } from "./phys-to-machine.ts";
import type { ShmNamespace } from "./shm.ts";
import { type GfpFlags, type GuestStyle, type Zone, pageZone } from "./zone.ts";

export type { GfpFlags } from "./zone.ts";

/** See {@link GuestOptions.pvOps}. */
export type PvOps = "xen" | "native";

/** A running kernel: what its parts share. Simplified: one vCPU. */
export interface Kernel {
  readonly domain: Domain;
  readonly vcpu: Vcpu;
  readonly style: GuestStyle;
  readonly memMap: MemMap;
  readonly zones: readonly Zone[];
  readonly zonelists: Readonly<Record<GfpFlags, readonly Zone[]>>;
  /** First page that the direct map does not cover: `max_low_pfn`. */
  readonly maxLowPfn: number;
  readonly phys: PhysToMachine;
  readonly mc: MulticallBuffer;
  readonly hstate: Hstate;
  readonly hugetlbfs: HugetlbfsState;
  readonly shm: ShmNamespace;
  /** Whether this kernel tells Xen about its hugepages. */
  readonly marksHugepages: boolean;
  readonly highmem: Highmem | undefined;
  /** How it runs its processes' page tables: through Xen, or by itself, for comparison. */
  readonly pvOps: PvOps;
  /** Whether `set_pte_at` stores into a table that is not pinned, as up to 2.6.39; else it always asks Xen. */
  readonly storesUnpinnedPtes: boolean;
  /** All address spaces: `pgd_list`. */
  readonly pgdList: Set<Mm>;
  /** Page of zeroes that reads of untouched memory get: `empty_zero_page`. */
  readonly zeroPage: Pfn;
  readonly events: GuestEvents;
  readonly log: string[];
  /** Kernel root that every process's kernel root copies its kernel half from: `swapper_pg_dir`. */
  readonly swapperPgd: Pfn;
  /** Address space whose roots are loaded; undefined while it is the kernel's own. */
  activeMm: Mm | undefined;
  /** Process that runs, or ran last: `current->pid`. */
  currentPid: number;
}

/**
 * Takes a block of 2^order pages from the first zone that has one. [L39 mm/page_alloc.c get_page_from_freelist]
 *
 * @returns its first page, or NO_PAGE; always NO_PAGE from order 11 (MAX_ORDER) on: a 1 GiB page is no buddy block.
 */
export function allocPages(kernel: Kernel, gfp: GfpFlags, order: number): Pfn {
  for (const zone of kernel.zonelists[gfp]) {
    const page = rmqueue(kernel.memMap, zone, order);
    if (page !== NO_PAGE) return page;
  }
  return NO_PAGE;
}

/** Gives a block back: `__free_pages`. */
export function freePages(kernel: Kernel, page: Pfn, order: number): void {
  freeOnePage(kernel.memMap, pageZone(kernel.zones, page), page, order);
}

/** Takes a user of a 4 KiB page away and frees it with the last: `put_page`. */
export function putPage(kernel: Kernel, page: Pfn): void {
  if (kernel.memMap.putPageTestzero(page)) freePages(kernel, page, 0);
}

/** Whether the direct map does not cover a page: `PageHighMem`. */
export function pageHighMem(kernel: Kernel, page: Pfn): boolean {
  return page >= kernel.maxLowPfn;
}

/** Pages in all free lists: `nr_free_pages`. */
export function nrFreePages(kernel: Kernel): number {
  return kernel.zones.reduce((sum, zone) => sum + zone.freePages, 0);
}

/**
 * What the kernel does when a store into its own memory faults, or its page tables are not as it left them.
 *
 * That happens only after Xen refused a request, of which the kernel took no notice: a scheme that keeps a mark on a
 * page which is no hugepage any more can bring it about. Without a refusal before it is a bug of the model.
 * Simplified: the real kernel would end the process or stop; here it goes on without the store.
 */
export function kernelOops(kernel: Kernel): void {
  assert(kernel.events.multicallFailures > 0, "the kernel's memory is as it left it while Xen refuses no request");
  printk(kernel, "BUG: unable to handle kernel paging request");
}

/** Writes a line of the kernel's log. */
export function printk(kernel: Kernel, line: string): void {
  kernel.log.push(line);
}
