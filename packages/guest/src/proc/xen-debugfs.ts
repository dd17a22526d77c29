import { __HYPERVISOR_mmu_update } from "@xsp/hypervisor";
import { EACCES, EINVAL } from "../errno.ts";
import { type PseudoFileEntry, type SystemState, readOnlyFile } from "./pseudo-file.ts";

/**
 * Statistics of the PV MMU in debugfs, of Linux 2.6.28 to 3.0: a number, or an array in one line.
 * [S Linux 2.6.32 to 3.0 arch/x86/xen/multicalls.c, debugfs.c; linux-facts §6.1]
 *
 * The histogram of batches ends before its last bucket: full batches are counted, and Linux does not show them.
 * Simplified: a flush of an empty buffer is no batch, where Linux counts it with 0 entries.
 *
 * Of xen/mmu: how many `mmu_update` calls were begun, and how many requests joined one that was there.
 */
export function xenDebugfs({ kernel }: SystemState): PseudoFileEntry[] {
  const { statistics } = kernel.mc;
  const mmuUpdates = (): number => statistics.hypercallHisto[__HYPERVISOR_mmu_update] as number;
  const numbers: [string, () => number][] = [
    ["mmu/mmu_update", mmuUpdates],
    ["mmu/mmu_update_extended", () => kernel.events.queuedPteWrites - mmuUpdates()],
    ["multicalls/batches", () => statistics.batches],
    ["multicalls/hypercalls", () => statistics.hypercalls],
    ["multicalls/arg_total", () => statistics.argTotal],
  ];
  const arrays: [string, Int32Array][] = [
    ["multicalls/batch_histo", statistics.batchHisto.subarray(0, -1)],
    ["multicalls/hypercall_histo", statistics.hypercallHisto],
    ["multicalls/flush_reasons", statistics.flushReasons],
  ];
  const path = (name: string): string => `/sys/kernel/debug/xen/${name}`;
  return [
    ...numbers.map(([name, get]) => readOnlyFile(path(name), EACCES, () => `${get()}\n`)),
    ...arrays.map(([name, array]) => readOnlyFile(path(name), EINVAL, () => `${array.join(" ")}\n`)),
  ];
}
