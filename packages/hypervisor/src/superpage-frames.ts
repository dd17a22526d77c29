import { PGC_count_mask } from "./count-info.ts";
import { EINVAL } from "./errno.ts";
import type { Domain, Vcpu } from "./host.ts";
import { loadOwner, storeStamp } from "./owner-info.ts";
import { freeHeapPage } from "./heap.ts";
import { getPage, putPage } from "./page-references.ts";
import { getPageType, putPageType } from "./page-types.ts";
import { PGT_count_mask, PGT_locked, PGT_type_mask, PGT_validated, PGT_writable_page } from "./type-info.ts";

/*
 * References on the frames of a superpage, one by one: the work that made forks of 64 GiB time out.
 *
 * This is the hot path of XSP, so the common case of each frame (in use by this domain, already writable or free to
 * become it without a flush) is written out here, on the same words and with the same swaps as `getPage`,
 * `getPageType`, `putPageType` and `putPage`; everything else goes through those. A test holds both to the same result.
 *
 * Cost: two swaps a frame to take, two to give back.
 */

const WRITABLE = PGT_writable_page | PGT_validated;

/**
 * Takes a general reference on each frame from `first` to before `end` and, if asked, a writable one too: all or none.
 *
 * @returns 0, or −EINVAL with nothing taken.
 */
export function getSuperpageFrames(vcpu: Vcpu, domain: Domain, first: number, end: number, writable: boolean): number {
  const { host } = vcpu;
  const { count, type, owner } = host;
  const { slot } = domain;
  for (let frame = first; frame < end; frame++) {
    const c = count.load(frame);
    if (((c + 2) & PGC_count_mask) > 2 && count.compareAndSwap(frame, c, c + 1) === c) {
      if (loadOwner(owner, frame) === slot) {
        if (!writable) continue;
        const t = type.load(frame);
        if (
          (t & (PGT_type_mask | PGT_validated)) === WRITABLE &&
          (t & PGT_count_mask) !== PGT_count_mask &&
          type.compareAndSwap(frame, t, t + 1) === t
        ) {
          continue;
        }
        if (getPageType(vcpu, frame, PGT_writable_page, false) === 0) continue;
      }
      putPage(host, frame);
    } else if (getPage(host, frame, slot)) {
      if (!writable || getPageType(vcpu, frame, PGT_writable_page, false) === 0) continue;
      putPage(host, frame);
    }
    host.perf.frameGets += frame - first;
    if (writable) host.perf.typeGets += frame - first;
    putSuperpageFrames(vcpu, first, frame, writable);
    return -EINVAL;
  }
  host.perf.frameGets += end - first;
  if (writable) host.perf.typeGets += end - first;
  return 0;
}

/** Gives back what {@link getSuperpageFrames} took on the frames from `first` to before `end`. */
export function putSuperpageFrames(vcpu: Vcpu, first: number, end: number, writable: boolean): void {
  const { host } = vcpu;
  const { count, type, owner } = host;
  for (let frame = first; frame < end; frame++) {
    if (writable) {
      const t = type.load(frame);
      const last = (t & PGT_count_mask) === 1;
      if ((t & (PGT_type_mask | PGT_locked)) === PGT_writable_page && (t & PGT_count_mask) !== 0) {
        if (last) storeStamp(owner, frame, host.tlbClock);
        if (type.compareAndSwap(frame, t, t - 1) !== t) putPageType(vcpu, frame, false);
      } else {
        putPageType(vcpu, frame, false);
      }
    }
    const c = count.load(frame);
    if ((c & PGC_count_mask) === 0 || count.compareAndSwap(frame, c, c - 1) !== c) putPage(host, frame);
    else if (((c - 1) & PGC_count_mask) === 0) freeHeapPage(host, frame);
  }
  host.perf.framePuts += end - first;
  if (writable) host.perf.typePuts += end - first;
}

/** Takes writable type references alone, on frames whose general references the caller holds: all or none. */
export function getSuperpageTypes(vcpu: Vcpu, first: number, end: number): number {
  const { host } = vcpu;
  for (let frame = first; frame < end; frame++) {
    if (getPageType(vcpu, frame, PGT_writable_page, false) === 0) continue;
    host.perf.typeGets += frame - first;
    putSuperpageTypes(vcpu, first, frame);
    return -EINVAL;
  }
  host.perf.typeGets += end - first;
  return 0;
}

/** Gives writable type references back and keeps the general ones. */
export function putSuperpageTypes(vcpu: Vcpu, first: number, end: number): void {
  for (let frame = first; frame < end; frame++) putPageType(vcpu, frame, false);
  vcpu.host.perf.typePuts += end - first;
}
