import { _PAGE_RW, loadFromFrameHigh } from "@xsp/hypervisor";
import { expect, it } from "vitest";
import {
  type Guest,
  type GuestOptions,
  type HugetlbFile,
  MAP_ANONYMOUS,
  MAP_HUGETLB,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  NO_PAGE,
  type Process,
} from "../src/index.ts";
import { ptePage } from "../src/pte-entry.ts";
import { pmdIndex } from "../src/address-layout.ts";
import { pmdOffset } from "../src/page-table-pages.ts";
import { entryLow } from "../src/pv-mmu.ts";
import { type Pair, boot, expectClean, ok } from "./small-guest.ts";

/** A sentence of linux-facts §2 and where it comes from, with what shows that it holds in the model. */
export interface Fact {
  readonly source: string;
  readonly fact: string;
  readonly holds: (bench: Bench) => void;
  /** What the guest is booted with. */
  readonly options?: GuestOptions;
}

/** How many pages, and of what kind, a mapping without a file is to have. */
export interface Kind {
  readonly pages: number;
  readonly shared?: boolean;
  readonly noReserve?: boolean;
  readonly prot?: number;
}

export const HUGEPAGE = 2 ** 21;

/** A small guest with words for what facts are about. */
export class Bench {
  readonly guest: Guest;
  readonly pair: Pair;

  constructor(options: GuestOptions) {
    this.pair = boot("xen-4.1", 48, options);
    this.guest = this.pair.guest;
  }

  /** Total, free, reserved, surplus. */
  get counters(): readonly [number, number, number, number] {
    const { total, free, reserved, surplus } = this.guest.pool();
    return [total, free, reserved, surplus];
  }

  spawn(): Process {
    return ok(this.guest.spawn());
  }

  map(process: Process, { pages, shared = false, noReserve = false, prot }: Kind): number {
    return this.guest.mmap(process, {
      length: pages * HUGEPAGE,
      flags: MAP_ANONYMOUS | MAP_HUGETLB | (shared ? MAP_SHARED : MAP_PRIVATE) | (noReserve ? MAP_NORESERVE : 0),
      ...(prot === undefined ? {} : { prot }),
    });
  }

  mapFile(
    process: Process,
    file: HugetlbFile,
    pages: number,
    how: Partial<Kind> & { readonly from?: number } = {},
  ): number {
    return this.guest.mmap(process, {
      length: pages * HUGEPAGE,
      flags: (how.shared === false ? MAP_PRIVATE : MAP_SHARED) | (how.noReserve === true ? MAP_NORESERVE : 0),
      file,
      offset: (how.from ?? 0) * HUGEPAGE,
      ...(how.prot === undefined ? {} : { prot: how.prot }),
    });
  }

  /** Writes to one hugepage of a mapping. */
  write(process: Process, address: number, page = 0): string | undefined {
    return this.guest.touch(process, address + page * HUGEPAGE, true);
  }

  read(process: Process, address: number, page = 0): string | undefined {
    return this.guest.touch(process, address + page * HUGEPAGE, false);
  }

  /** First page of what an address shows, and whether it may be written: undefined where nothing is mapped. */
  entry(process: Process, address: number): { page: number; writable: boolean } | undefined {
    const { kernel } = this.guest;
    if (process.mm === undefined) return undefined;
    const table = pmdOffset(kernel, process.mm, address);
    if (table === NO_PAGE) return undefined;
    const lo = entryLow(kernel, table, pmdIndex(address));
    const hi = loadFromFrameHigh(kernel.vcpu, kernel.phys.pfnToMfn(table), pmdIndex(address));
    return lo === 0 ? undefined : { page: ptePage(kernel, lo, hi), writable: (lo & _PAGE_RW) !== 0 };
  }
}

/** Runs a table of facts, each in a guest of its own; the audit is clean after it. */
export function checkFacts(table: readonly Fact[]): void {
  const named = table.map((fact) => [`${fact.fact} [${fact.source}]`, fact] as const);
  it.each(named)("%s", (_name, { holds, options = {} }) => {
    const bench = new Bench(options);
    holds(bench);
    expectClean(bench.pair.host);
    expect(bench.guest.events().multicallFailures).toBe(0);
  });
}
