import { TLB_CLOCK_MAX } from "./owner-info.ts";
import type { Host } from "./host.ts";

/*
 * Accounting of TLB flushes.
 *
 * The clock goes on by one with each flush. A frame remembers the clock when its last type reference went; a CPU
 * remembers the clock of its last flush. Only a CPU that has not been flushed since the frame was dropped can hold a
 * translation from the old use. At the end of its range the clock starts again from 1, and every CPU is flushed then,
 * so that an old stamp can cause one flush too many but never one too few.
 *
 * Models: `flushtlb.h`, `new_tlbflush_clock_period` @ Xen 4.9.
 */

/** Of the CPUs in `mask`, those that may hold a translation from before `stamp`: `tlbflush_filter`. */
export function filterFlushed(host: Host, mask: number, stamp: number): number {
  const now = host.tlbClock;
  let stale = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) {
    const cpu = 31 - Math.clz32(rest & -rest);
    if (host.flushTime(cpu) <= stamp && stamp <= now) stale |= 1 << cpu;
  }
  return stale;
}

/** Flushes the TLBs of the CPUs in `mask`. */
export function flushTlbMask(host: Host, mask: number): void {
  if (mask === 0) return;
  let now = host.tlbClock;
  for (;;) {
    const next = now === TLB_CLOCK_MAX ? 1 : now + 1;
    if (host.advanceTlbClock(now, next)) {
      let flushed = mask;
      if (next === 1) {
        // A new period: stamps of the last one say nothing any more, so everybody starts clean.
        flushed = -1 >>> (32 - host.maxVcpus);
        flushed |= 0;
      }
      for (let rest = flushed; rest !== 0; rest &= rest - 1) {
        host.setFlushTime(31 - Math.clz32(rest & -rest), next);
        host.perf.tlbFlushes++;
      }
      return;
    }
    now = host.tlbClock;
  }
}
