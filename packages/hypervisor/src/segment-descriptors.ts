import { EINVAL } from "./errno.ts";
import type { Host } from "./host.ts";

/*
 * Descriptor pages (GDT and LDT frames): each 8-byte descriptor must be one that gives the guest no way into Xen.
 *
 *   high word:  … 15 present  14–13 DPL  12 code/data (S)  11–8 type …
 *
 * Source: AMD64 manual volume 2, 4.7; Models: check_descriptor @ Xen 4.9, for 64-bit guests.
 */
const SEGMENT_P = 1 << 15;
const SEGMENT_DPL = 3 << 13;
const SEGMENT_S = 1 << 12;
const SEGMENT_TYPE = 15 << 8;
const GATE_call64 = 0xc << 8;
/** Lowest ring of a 64-bit PV guest's kernel. */
const GUEST_KERNEL_RPL = 3;
/** First selector that is Xen's own. */
const FIRST_RESERVED_GDT_SELECTOR = 0xe000;

function descriptorRefused(lo: number, hi: number): boolean {
  if ((hi & SEGMENT_P) === 0) return false;
  if ((hi & SEGMENT_S) !== 0) return false;
  if ((hi & SEGMENT_TYPE) === 0) return false;
  if ((hi & SEGMENT_TYPE) !== GATE_call64) return true;
  // A call gate must lead to the guest's own code segment.
  const selector = lo >>> 16;
  return (selector & 4) === 0 && (selector & ~7) >= FIRST_RESERVED_GDT_SELECTOR;
}

/**
 * Scans a frame of descriptors. Descriptors for an inner ring are lowered to the guest's ring, as Xen does.
 *
 * @returns 0 or −EINVAL.
 */
export function validateSegmentDescriptors(host: Host, frame: number): number {
  const { memory } = host;
  if (memory.find(frame) < 0) return 0;
  for (let entry = 0; entry < memory.entries; entry++) {
    const lo = memory.loadLo(frame, entry);
    const hi = memory.loadHi(frame, entry);
    if (descriptorRefused(lo, hi)) return -EINVAL;
    if ((hi & SEGMENT_P) !== 0 && (hi & SEGMENT_DPL) >> 13 < GUEST_KERNEL_RPL) {
      memory.store(frame, entry, lo, hi | SEGMENT_DPL);
    }
  }
  return 0;
}

/** Descriptors hold no references. */
export function invalidateSegmentDescriptors(): number {
  return 0;
}
