import { PAGE_SIZE } from "../address-layout.ts";
import { setBalloonTarget } from "../balloon.ts";
import { EACCES } from "../errno.ts";
import { memparse, simpleStrtoul } from "../number-text.ts";
import { type PseudoFileEntry, type SystemState, readOnlyFile } from "./pseudo-file.ts";

/**
 * The balloon in sysfs. [S Linux 3.1 drivers/xen/xen-balloon.c; linux-facts §6.1]
 *
 * The driver does not ask whether what is written is a number: other text is a target of 0, and the guest gives away
 * what it can.
 */
export function xenMemoryFiles({ kernel, balloon }: SystemState): PseudoFileEntry[] {
  const folder = "/sys/devices/system/xen_memory/xen_memory0";
  const unit = 2 ** balloon.order * PAGE_SIZE;
  const kB = (units: number): string => `${(units * unit) / 1024}\n`;
  const setTarget = (bytes: number): number => {
    setBalloonTarget(kernel, balloon, Math.floor(bytes / unit));
    return 0;
  };
  return [
    [
      `${folder}/target`,
      { read: () => `${balloon.targetPages * unit}\n`, write: (text) => setTarget(memparse(text).value) },
    ],
    [
      `${folder}/target_kb`,
      { read: () => kB(balloon.targetPages), write: (text) => setTarget(simpleStrtoul(text) * 1024) },
    ],
    readOnlyFile(`${folder}/info/current_kb`, EACCES, () => kB(balloon.currentPages)),
    readOnlyFile(`${folder}/info/low_kb`, EACCES, () => kB(balloon.pages.low)),
    readOnlyFile(`${folder}/info/high_kb`, EACCES, () => kB(balloon.pages.high)),
  ];
}
