import { describe, expect, it } from "vitest";
import {
  MMUEXT_NEW_BASEPTR,
  MMUEXT_TLB_FLUSH_ALL,
  MMUEXT_TLB_FLUSH_LOCAL,
  type Advisory,
  type Vcpu,
  XENMEM_decrease_reservation,
  XENMEM_populate_physmap,
  doMemoryOp,
  unpauseDomain,
} from "../src/index.ts";
import { cacheTranslation } from "../src/cpu-access.ts";
import { TLB_CLOCK_MAX, loadStamp } from "../src/owner-info.ts";
import { getPageType, putPageType } from "../src/page-types.ts";
import { filterFlushed, flushTlbMask } from "../src/tlb.ts";
import { PGT_l1_page_table, PGT_writable_page } from "../src/type-info.ts";
import { InterposedWords } from "./interposed-words.ts";
import { RW, type SmallGuest, build, ext, oneGuest, smallHost, vcpuOf } from "./small-host.ts";

describe("the TLB clock", () => {
  it("goes on by one with each flush, and only the CPUs in the mask are flushed", () => {
    const host = smallHost();
    flushTlbMask(host, 0b0101);
    expect(host.tlbClock).toBe(2);
    expect([0, 1, 2, 3].map((cpu) => host.flushTime(cpu))).toEqual([2, 1, 2, 1]);
    expect(host.perf.tlbFlushes).toBe(2);
    flushTlbMask(host, 0);
    expect(host.tlbClock).toBe(2);
  });

  it("starts again from 1 after its largest value, and every CPU is flushed then", () => {
    const host = smallHost();
    for (let now = 1; now < TLB_CLOCK_MAX; now++) flushTlbMask(host, 0b0010);
    expect(host.tlbClock).toBe(TLB_CLOCK_MAX);
    expect([0, 1].map((cpu) => host.flushTime(cpu))).toEqual([1, TLB_CLOCK_MAX]);
    flushTlbMask(host, 0b0010);
    expect(host.tlbClock).toBe(1);
    expect([0, 1, 2, 3].map((cpu) => host.flushTime(cpu))).toEqual([0, 0, 0, 0]);
  });

  it("answers that everybody may be stale while a new period is beginning", () => {
    const host = smallHost();
    while (!host.advanceTlbClock(TLB_CLOCK_MAX, 0)) flushTlbMask(host, 0b0001);
    expect(filterFlushed(host, 0b0011, 200)).toBe(0b0011);
    flushTlbMask(host, 0b0001);
    expect(host.tlbClock).toBe(0);
    expect(filterFlushed(host, 0b0011, 0)).toBe(0b0011);
  });

  it.each([
    // flushed at, stamp, clock → may hold a stale translation
    [3, 5, 9, true],
    [5, 5, 9, true],
    [6, 5, 9, false],
    [9, 5, 9, false],
    [1, 200, 7, false],
  ])("a CPU flushed at %i, of a frame dropped at %i, at clock %i: stale is %s", (flushed, stamp, now, stale) => {
    const host = smallHost();
    while (host.tlbClock < now) flushTlbMask(host, 0b1000);
    host.setFlushTime(0, flushed);
    host.setFlushTime(1, now);
    expect(filterFlushed(host, 0b0011, stamp)).toBe(stale ? (flushed === now ? 0b0011 : 0b0001) : 0);
  });
});

describe("a change of type", () => {
  /** Two vCPUs that run the guest, and a frame that was writable and is now in use as nothing. */
  function dropped(): SmallGuest & { second: Vcpu; frame: number } {
    const guest = oneGuest({}, { vcpus: 2 });
    const second = vcpuOf(guest.domain, 1);
    for (const vcpu of guest.domain.vcpus) expect(ext(vcpu, MMUEXT_NEW_BASEPTR, guest.start)).toBe(0);
    unpauseDomain(guest.domain);
    const frame = guest.start + 1;
    expect(getPageType(guest.vcpu, frame, PGT_writable_page, false)).toBe(0);
    putPageType(guest.vcpu, frame, false);
    guest.host.perf.tlbFlushes = 0;
    guest.host.perf.need_flush_tlb_flush = 0;
    return { ...guest, second, frame };
  }

  it("flushes the CPUs that were not flushed since the frame was dropped", () => {
    const { host, vcpu, frame } = dropped();
    expect(loadStamp(host.owner, frame)).toBe(host.tlbClock);
    expect(getPageType(vcpu, frame, PGT_l1_page_table, false)).toBe(0);
    expect([host.perf.need_flush_tlb_flush, host.perf.tlbFlushes]).toEqual([1, 2]);
  });

  it("leaves out a CPU that was flushed meanwhile", () => {
    const { host, vcpu, second, frame } = dropped();
    expect(ext(second, MMUEXT_TLB_FLUSH_LOCAL)).toBe(0);
    host.perf.tlbFlushes = 0;
    const before = host.flushTime(second.cpu);
    expect(getPageType(vcpu, frame, PGT_l1_page_table, false)).toBe(0);
    expect([host.perf.need_flush_tlb_flush, host.perf.tlbFlushes]).toEqual([1, 1]);
    expect(host.flushTime(second.cpu)).toBe(before);
  });

  it("flushes nobody when all were flushed meanwhile", () => {
    const { host, vcpu, frame } = dropped();
    expect(ext(vcpu, MMUEXT_TLB_FLUSH_ALL)).toBe(0);
    host.perf.tlbFlushes = 0;
    expect(getPageType(vcpu, frame, PGT_l1_page_table, false)).toBe(0);
    expect([host.perf.need_flush_tlb_flush, host.perf.tlbFlushes]).toEqual([0, 0]);
  });

  it("flushes nobody when the type is the same as before", () => {
    const { host, vcpu, frame } = dropped();
    expect(getPageType(vcpu, frame, PGT_writable_page, false)).toBe(0);
    expect([host.perf.need_flush_tlb_flush, host.perf.tlbFlushes]).toEqual([0, 0]);
  });

  it("flushes no CPU that never ran the domain", () => {
    const { host, vcpu, start } = oneGuest();
    expect(getPageType(vcpu, start, PGT_writable_page, false)).toBe(0);
    putPageType(vcpu, start, false);
    expect(getPageType(vcpu, start, PGT_l1_page_table, false)).toBe(0);
    expect(host.perf.tlbFlushes).toBe(0);
  });
});

it("a frame that a domain releases is flushed from all CPUs before the next domain has it", () => {
  const { host, vcpu, domain } = oneGuest({ superpages: 2 });
  expect(ext(vcpu, MMUEXT_NEW_BASEPTR, 4)).toBe(0);
  host.perf.tlbFlushes = 0;
  const extents = Int32Array.of(7);
  const list = { extents, nrExtents: 1, extentOrder: 0, domid: 0x7ff0 };
  expect(doMemoryOp(vcpu, XENMEM_decrease_reservation, list)).toBe(1);
  expect(doMemoryOp(vcpu, XENMEM_populate_physmap, list)).toBe(1);
  expect(extents[0]).toBe(7);
  expect(host.perf.tlbFlushes).toBeGreaterThan(0);
  expect(host.flushTime(domain.vcpus[0]?.cpu ?? -1)).toBe(host.tlbClock);
});

describe("a translation that another CPU caches while a frame becomes a page table", () => {
  /** Before which swaps of the change of type it may be cached so that it is still there afterwards. */
  function leftOver(unfixed: readonly Advisory[]): number[] {
    return [0, 1, 2].filter((swaps) => {
      const words = new InterposedWords();
      const guest = oneGuest({ superpages: 7, modelTlb: true, allocate: words.allocate, unfixed }, { vcpus: 2 });
      const { host, vcpu, domain, start } = guest;
      const [frame, table] = [start + 1, start + 2];
      build(guest, table, 0, frame, RW);
      const second = vcpuOf(domain, 1);
      expect(ext(second, MMUEXT_NEW_BASEPTR, start)).toBe(0);
      unpauseDomain(domain);
      const writeThroughIt = (): void => {
        if (getPageType(second, frame, PGT_writable_page, false) !== 0) return;
        expect(cacheTranslation(second, table, 0, 1)).toBe(true);
        putPageType(second, frame, false);
      };
      writeThroughIt();
      words.before(...Array.from({ length: swaps }, () => () => {}), writeThroughIt);
      expect(getPageType(vcpu, frame, PGT_l1_page_table, false)).toBe(0);
      expect(words.left).toBe(0);
      return host.translations?.load(second.cpu) !== 0;
    });
  }

  it("is flushed, because the flush follows the swap after which nobody can use the frame as before", () => {
    expect(leftOver([])).toEqual([]);
  });

  it("is left without the fix of XSA-401, if it is cached between the flush and the swap", () => {
    expect(leftOver(["XSA-401"])).toEqual([1]);
  });
});
