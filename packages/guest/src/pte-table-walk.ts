import type { Pfn } from "@xsp/hypervisor";
import { PAGE_SIZE, PMD_SIZE, pteIndex } from "./address-layout.ts";
import type { Kernel } from "./kernel.ts";
import { NO_PAGE } from "./mem-map.ts";
import type { Mm } from "./mm.ts";
import { pteOffset } from "./page-table-pages.ts";

/** The part of a range that one PTE page maps. */
export interface PteSpan {
  /** PTE page. */
  readonly table: Pfn;
  /** First address of the range in it. */
  readonly start: number;
  /** Indices of the first and the last entry. */
  readonly first: number;
  readonly last: number;
}

/** Goes through the PTE pages that there are for a range of addresses, as `zap_pmd_range` and its like do. */
export function* pteSpans(kernel: Kernel, mm: Mm, from: number, to: number): Generator<PteSpan> {
  let start = from;
  while (start < to) {
    const next = Math.min(to, (Math.floor(start / PMD_SIZE) + 1) * PMD_SIZE);
    const table = pteOffset(kernel, mm, start);
    if (table !== NO_PAGE) {
      yield { table, start, first: pteIndex(start), last: pteIndex(next - PAGE_SIZE) };
    }
    start = next;
  }
}
