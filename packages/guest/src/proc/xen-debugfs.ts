import { EACCES } from "../errno.ts";
import { type PseudoFileEntry, type SystemState, readOnlyFile } from "./pseudo-file.ts";

/** Counters of the multicall buffer in debugfs: xen/multicalls, of Linux 2.6.28 to 3.0. [linux-facts §6.1] */
export function xenDebugfs({ kernel }: SystemState): PseudoFileEntry[] {
  const { events } = kernel;
  const multicalls = "/sys/kernel/debug/xen/multicalls";
  return [
    readOnlyFile(`${multicalls}/batches`, EACCES, () => `${events.batches}\n`),
    readOnlyFile(`${multicalls}/hypercalls`, EACCES, () => `${events.batchEntries}\n`),
  ];
}
