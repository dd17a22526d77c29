import {
  DOMAIN_state,
  DOMAIN_total_pages,
  DOMSTATE_building,
  DOMSTATE_dying,
  DOMSTATE_none,
  DOMSTATE_running,
} from "../domain-words.ts";
import { clearPinned } from "../page-lock.ts";
import { type FrameView, viewFrame } from "../frame-view.ts";
import { allocDomainPagesAt, freeHeldFrames } from "../heap.ts";
import { type Domain, type Host } from "../host.ts";
import { putPageAndTypePreemptible } from "../old-guest-table.ts";
import { loadOwner } from "../owner-info.ts";
import { clearAllocated, getPage, putPage } from "../page-references.ts";
import { forceInvalidate } from "../page-types.ts";
import { type PlainFrameTable, nextPlainPinned } from "../plain-frame-table.ts";
import { PGT_l2_page_table, PGT_l3_page_table, PGT_l4_page_table } from "../type-info.ts";
import { dropBasePointers } from "./base-pointers.ts";
import { continueHypercall } from "./hypercall-arguments.ts";
import { putAnythingOld } from "./mmu-update.ts";
import { destroyGdt } from "./set-gdt.ts";

/*
 * Creation and destruction of domains: what the toolstack asks for.
 */

/** How a domain is made. */
export interface DomainOptions {
  /** Virtual CPUs. Default 1. */
  readonly vcpus?: number;
  /** Most frames it may own. Default: all of the host's. */
  readonly maxFrames?: number;
  /** Whether it is as privileged as dom0: may map I/O memory and act on others. Default false. */
  readonly privileged?: boolean;
  /** Its id. Default: the next free one from 1. */
  readonly domid?: number;
}

/**
 * Makes a domain without memory, under construction.
 *
 * @throws RangeError naming the option that is wrong.
 */
export function createDomain(host: Host, options: DomainOptions = {}): Domain {
  let domid = options.domid ?? 1;
  if (!Number.isInteger(domid) || domid < 0 || domid >= 0x7ff0) {
    throw new RangeError(`domid: ${domid} given, expected a whole number from 0 to 32751`);
  }
  if (options.domid === undefined) while (host.findDomain(domid) !== undefined) domid++;
  return host.addDomain(domid, options.vcpus ?? 1, options.maxFrames ?? host.frames, options.privileged ?? false);
}

/** Ends a domain's construction: its memory is its own from here on. */
export function unpauseDomain(domain: Domain): void {
  domain.store(DOMAIN_state, DOMSTATE_running);
}

/**
 * Gives exactly these frames to a domain under construction.
 *
 * @returns false, with nothing changed, when one of them is not free or the domain is running.
 */
export function allocateFramesAt(domain: Domain, start: number, frames: number): boolean {
  return domain.load(DOMAIN_state) === DOMSTATE_building && allocDomainPagesAt(domain.host, domain, start, frames);
}

/**
 * The domain builder's store into the memory of a domain under construction.
 *
 * @param entry - which 8 bytes of the frame.
 * @returns false when the domain runs, the frame is not its own, or is a page table by now.
 */
export function builderStore(domain: Domain, frame: number, entry: number, lo: number, hi: number): boolean {
  const view = openBuilderFrame(domain, frame);
  view?.store(entry, lo, hi);
  return view !== undefined;
}

/**
 * The domain builder's window on a frame of a domain under construction, for filling whole tables: `xc_map_foreign_range`.
 *
 * @returns undefined where {@link builderStore} answers false. The window is good until the frame becomes a page table.
 */
export function openBuilderFrame(domain: Domain, frame: number): FrameView | undefined {
  const { host } = domain;
  if (domain.load(DOMAIN_state) !== DOMSTATE_building) return undefined;
  if (!host.mfnValid(frame) || loadOwner(host.owner, frame) !== domain.slot) return undefined;
  return isTableInUse(host, frame) ? undefined : viewFrame(host, frame);
}

function isTableInUse(host: Host, frame: number): boolean {
  const word = host.type.load(frame);
  const type = word >>> 28;
  return type >= 1 && type <= 5 && (word & 0x7fffff) !== 0;
}

/**
 * Destroys a domain: drops its roots and descriptor tables, then the pins of its frames, then for each frame the
 * superpage's mark and the owner's hold; at last breaks circles of linear page tables, L4 first, then L3 and L2.
 *
 * Preemptible at every frame and inside every table.
 *
 * @returns how many frames could not be freed: 0 unless the accounting was wrong. With any left the domain stays, dying,
 * as a zombie does under Xen.
 *
 * Models: domain_kill, domain_relinquish_resources, relinquish_memory @ Xen 4.9. Cost: O(frames of the host).
 */
export function destroyDomain(domain: Domain): number {
  const { host } = domain;
  if (host.domains[domain.slot] !== domain || domain.load(DOMAIN_state) === DOMSTATE_none) return 0;
  domain.store(DOMAIN_state, DOMSTATE_dying);
  for (const vcpu of domain.vcpus) {
    putAnythingOld(vcpu);
    dropBasePointers(vcpu, () => putAnythingOld(vcpu));
    destroyGdt(vcpu);
  }
  dropPins(host, domain);
  // A mark goes when no pinned table maps its superpage any more: `rfc` counts entries by whether the mark is there.
  dropHold(host, domain);
  breakCircles(host, domain);
  const left = domain.load(DOMAIN_total_pages);
  if (left === 0) domain.store(DOMAIN_state, DOMSTATE_none);
  return left;
}

/** Where nothing can come in between two frames, loops over all of them may pass over those with nothing to be done. */
function plainFramesOf(host: Host): PlainFrameTable | undefined {
  return host.neverPreempts ? host.plainFrames : undefined;
}

/** Takes the pins of a domain's page tables away. */
function dropPins(host: Host, domain: Domain): void {
  const { xen } = host;
  const plain = plainFramesOf(host);
  const from = (frame: number): number =>
    plain === undefined ? frame : nextPlainPinned(plain, domain.slot, frame, host.frames);
  forEachOwned(host, domain, from(0), (frame) => {
    if (getPage(host, frame, domain.slot)) {
      if (clearPinned(host, frame)) {
        host.perf.tableFramePuts++;
        host.perf.tableTypePuts++;
        putPageAndTypePreemptible(xen, frame);
        putAnythingOld(xen);
      }
      putPage(host, frame);
    }
    return from(frame + 1);
  });
}

/** Takes the marks of a domain's superpages away and its hold on each of its frames. */
function dropHold(host: Host, domain: Domain): void {
  const { xen } = host;
  const plain = plainFramesOf(host);
  let lastSuperpage = -1;
  forEachOwned(host, domain, 0, (frame) => {
    const superpage = frame >> host.superpageOrder;
    if (superpage !== lastSuperpage) {
      lastSuperpage = superpage;
      const rc = host.scheme.relinquish(xen, domain, superpage << host.superpageOrder, true);
      if (rc !== 0) putAnythingOld(xen);
    }
    if (plain !== undefined) {
      const end = Math.min(host.frames, (superpage + 1) << host.superpageOrder);
      const kept = freeHeldFrames(host, plain, domain, frame, end);
      if (kept > frame) return kept;
    }
    if (getPage(host, frame, domain.slot)) {
      if (clearAllocated(host, frame)) putPage(host, frame);
      putPage(host, frame);
    }
    return frame + 1;
  });
}

/** Frees what only circles of linear page tables keep: L4 first, then L3 and L2. */
function breakCircles(host: Host, domain: Domain): void {
  const { xen } = host;
  for (const type of [PGT_l4_page_table, PGT_l3_page_table, PGT_l2_page_table]) {
    if (domain.load(DOMAIN_total_pages) === 0) return;
    forEachOwned(host, domain, 0, (frame) => {
      if (getPage(host, frame, domain.slot)) {
        while (forceInvalidate(xen, frame, type) !== 0) {
          continueHypercall(xen);
          putAnythingOld(xen);
        }
        putAnythingOld(xen);
        putPage(host, frame);
      }
      return frame + 1;
    });
  }
}

/**
 * Visits frames of a domain from `first` on.
 *
 * @param visit - returns the frame to go on at: the next one, or one further on when it has done those between.
 */
function forEachOwned(host: Host, domain: Domain, first: number, visit: (frame: number) => number): void {
  const { owner, frames } = host;
  const { slot } = domain;
  for (let frame = first; frame < frames;) {
    if (loadOwner(owner, frame) !== slot) {
      frame++;
      continue;
    }
    if (host.preempt(host.xen)) continueHypercall(host.xen);
    frame = visit(frame);
  }
}
