import { TLB_CLOCK_MAX } from "./owner-info.ts";
import type { Host } from "./host.ts";

/*
 * Accounting of TLB flushes.
 *
 * The clock goes on by one with each flush. A frame remembers the clock when its last type reference went; a CPU
 * remembers the clock of its last flush. Only a CPU that has not been flushed since the frame was dropped can hold a
 * translation from the old use. At the end of its range the clock stops at 0, where every question is answered "flush";
 * all CPUs are flushed, and it starts again from 1. So an old stamp can cause one flush too many but never one too few.
 *
 * Models: `flushtlb.h`, `new_tlbflush_clock_period` @ Xen 4.9.
 */

/** Of the CPUs in `mask`, those that may hold a translation from before `stamp`: `tlbflush_filter`. */
export function filterFlushed(host: Host, mask: number, stamp: number): number {
  const now = host.tlbClock;
  let stale = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) {
    const cpu = 31 - Math.clz32(rest & -rest);
    // While the clock stands at 0, a new period is beginning and nobody can tell who was flushed.
    if (now === 0 || (host.flushTime(cpu) <= stamp && stamp <= now)) stale |= 1 << cpu;
  }
  return stale;
}

/** Flushes the TLBs of the CPUs in `mask`. */
export function flushTlbMask(host: Host, mask: number): void {
  if (mask === 0) return;
  let now = host.tlbClock;
  while (now !== 0) {
    const next = now === TLB_CLOCK_MAX ? 0 : now + 1;
    if (host.advanceTlbClock(now, next)) {
      if (next === 0) beginTlbPeriod(host);
      else flushCpus(host, mask, next);
      return;
    }
    now = host.tlbClock;
  }
  flushCpus(host, mask, 0);
}

/** With the clock at 0: flushes everybody, so that the stamps of the last period say nothing any more. */
function beginTlbPeriod(host: Host): void {
  flushCpus(host, (1 << host.maxVcpus) - 1, 0);
  host.advanceTlbClock(0, 1);
}

function flushCpus(host: Host, mask: number, time: number): void {
  for (let rest = mask; rest !== 0; rest &= rest - 1) {
    host.setFlushTime(31 - Math.clz32(rest & -rest), time);
    host.perf.tlbFlushes++;
  }
}
