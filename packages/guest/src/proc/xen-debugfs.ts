import { EACCES } from "../errno.ts";
import { type PseudoFileEntry, type SystemState, readOnlyFile } from "./pseudo-file.ts";

/**
 * Statistics of the multicall buffer in debugfs, of Linux 2.6.28 to 3.0: a number, or an array in one line.
 * [L39 arch/x86/xen/multicalls.c, debugfs.c; linux-facts §6.1]
 */
export function xenDebugfs({ kernel }: SystemState): PseudoFileEntry[] {
  const { statistics } = kernel.mc;
  const folder = "/sys/kernel/debug/xen/multicalls";
  const array = (numbers: Int32Array): string => `${numbers.join(" ")}\n`;
  return [
    readOnlyFile(`${folder}/batches`, EACCES, () => `${statistics.batches}\n`),
    readOnlyFile(`${folder}/hypercalls`, EACCES, () => `${statistics.hypercalls}\n`),
    readOnlyFile(`${folder}/arg_total`, EACCES, () => `${statistics.argTotal}\n`),
    readOnlyFile(`${folder}/batch_histo`, EACCES, () => array(statistics.batchHisto)),
    readOnlyFile(`${folder}/hypercall_histo`, EACCES, () => array(statistics.hypercallHisto)),
    readOnlyFile(`${folder}/flush_reasons`, EACCES, () => array(statistics.flushReasons)),
  ];
}
