import type { Host } from "./host.ts";
import { type PerfCounterName, perfDifference, snapshotPerf } from "./perf-counters.ts";

/*
 * Xen's own performance counters, printed with the descriptions and in the order of `perfc_defn.h`.
 *
 * Models: perfc_printall, perfc_reset @ Xen 4.9. Simplified: counts are not kept for each CPU, so the totals stand
 * alone, and `hypercalls` is one count of entries into Xen, not an array.
 */

const perfcInfo: readonly (readonly [counter: PerfCounterName, name: string])[] = [
  ["calls_to_mmuext_op", "calls to mmuext_op"],
  ["num_mmuext_ops", "mmuext ops"],
  ["calls_to_mmu_update", "calls to mmu_update"],
  ["num_page_updates", "page updates"],
  ["writable_mmu_updates", "mmu_updates of writable pages"],
  ["calls_to_update_va", "calls to update_va_map"],
  ["ptwr_emulations", "writable pt emulations"],
  ["hypercalls", "hypercalls"],
  ["multicallEntries", "calls from multicall"],
  ["need_flush_tlb_flush", "PG_need_flush tlb flushes"],
];

/** Key `p`: every counter since the last reset. */
export function perfcPrintall(host: Host): readonly string[] {
  const counts = perfDifference(host.perfReset, snapshotPerf(host));
  const rows = perfcInfo.map(([counter, name]) => `${name.padEnd(32)}  TOTAL[${String(counts[counter]).padStart(12)}]`);
  return ["Xen performance counters SHOW", ...rows];
}

/** Key `P`: what key `p` prints begins at 0 again. {@link Host.perf} itself goes on, for others take differences of it. */
export function perfcReset(host: Host): readonly string[] {
  host.perfReset = snapshotPerf(host);
  return ["Xen performance counters RESET"];
}
