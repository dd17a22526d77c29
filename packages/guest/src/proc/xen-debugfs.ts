import { __HYPERVISOR_mmu_update } from "@xsp/hypervisor";
import { EACCES } from "../errno.ts";
import { type PseudoFileEntry, type SystemState, readOnlyFile } from "./pseudo-file.ts";

/**
 * Statistics of the PV MMU in debugfs, of Linux 2.6.28 to 3.0: a number, or an array in one line.
 * [L39 arch/x86/xen/mmu.c, multicalls.c, debugfs.c; linux-facts §6.1]
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
    ["multicalls/batch_histo", statistics.batchHisto],
    ["multicalls/hypercall_histo", statistics.hypercallHisto],
    ["multicalls/flush_reasons", statistics.flushReasons],
  ];
  const path = (name: string): string => `/sys/kernel/debug/xen/${name}`;
  return [
    ...numbers.map(([name, get]) => readOnlyFile(path(name), EACCES, () => `${get()}\n`)),
    ...arrays.map(([name, array]) => readOnlyFile(path(name), EACCES, () => `${array.join(" ")}\n`)),
  ];
}
