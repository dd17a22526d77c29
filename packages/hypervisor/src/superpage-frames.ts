import { EINVAL } from "./errno.ts";
import type { Domain, Vcpu } from "./host.ts";
import { getPage, putPage } from "./page-references.ts";
import { getPageType, putPageType } from "./page-types.ts";
import {
  getPlainFrames,
  getPlainGeneral,
  getPlainTypes,
  putPlainFrames,
  putPlainGeneral,
  putPlainTypes,
} from "./plain-frame-table.ts";
import { PGT_writable_page } from "./type-info.ts";

/*
 * References on the frames of a superpage, one by one: the work that made forks of 64 GiB time out.
 *
 * What is to be done for a frame is said here once, by the same functions that every other reference is taken and given
 * back with. On a host with one thread, runs of frames in the common case are done by the loop in
 * `plain-frame-table.ts`, which is the hot path of XSP; where it stops, the frame is done here.
 *
 * Cost: two swaps a frame to take, two to give back.
 */

/**
 * Takes a general reference on each frame from `first` to before `end` and, if asked, a writable one too: all or none.
 *
 * @returns 0, or −EINVAL with nothing taken.
 */
export function getSuperpageFrames(vcpu: Vcpu, domain: Domain, first: number, end: number, writable: boolean): number {
  const { host } = vcpu;
  const { slot } = domain;
  const plain = host.plainFrames;
  for (let frame = first; frame < end; frame++) {
    if (plain !== undefined) {
      frame = writable ? getPlainFrames(plain, slot, frame, end) : getPlainGeneral(plain, slot, frame, end);
      if (frame === end) break;
    }
    if (getPage(host, frame, slot)) {
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
  const plain = host.plainFrames;
  for (let frame = first; frame < end; frame++) {
    if (plain !== undefined) {
      frame = writable ? putPlainFrames(plain, frame, end, host.tlbClock) : putPlainGeneral(plain, frame, end);
      if (frame === end) break;
    }
    if (writable) putPageType(vcpu, frame, false);
    putPage(host, frame);
  }
  host.perf.framePuts += end - first;
  if (writable) host.perf.typePuts += end - first;
}

/** Takes writable type references alone, on frames whose general references the caller holds: all or none. */
export function getSuperpageTypes(vcpu: Vcpu, first: number, end: number): number {
  const { host } = vcpu;
  const plain = host.plainFrames;
  for (let frame = first; frame < end; frame++) {
    if (plain !== undefined) {
      frame = getPlainTypes(plain, frame, end);
      if (frame === end) break;
    }
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
  const { host } = vcpu;
  const plain = host.plainFrames;
  for (let frame = first; frame < end; frame++) {
    if (plain !== undefined) {
      frame = putPlainTypes(plain, frame, end, host.tlbClock);
      if (frame === end) break;
    }
    putPageType(vcpu, frame, false);
  }
  host.perf.typePuts += end - first;
}
