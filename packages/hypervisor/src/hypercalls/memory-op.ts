import { EFAULT, EINVAL, ENOMEM, ENOSYS, EPERM, ESRCH } from "../errno.ts";
import { DOMAIN_total_pages } from "../domain-words.ts";
import { allocDomainPages, freeHeapPage } from "../heap.ts";
import { OWNER_NONE, loadOwner, storeOwner } from "../owner-info.ts";
import type { Domain, Vcpu } from "../host.ts";
import { PGC_allocated, PGC_count_mask } from "../count-info.ts";
import { clearAllocated, getPage, putPage } from "../page-references.ts";
import { getPgOwner, guestWords, mayActOn } from "./hypercall-arguments.ts";
import {
  XENMEM_decrease_reservation,
  XENMEM_exchange,
  XENMEM_increase_reservation,
  XENMEM_populate_physmap,
} from "./hypercall-numbers.ts";

/** A list of extents. */
export interface MemoryReservation {
  /** In: frames to release, or pseudo-physical frames to populate. Out: machine frames. One word an extent. */
  readonly extents: Int32Array;
  readonly nrExtents: number;
  /** log2 of the frames in each extent. */
  readonly extentOrder: number;
  /** Whose memory; `DOMID_SELF` for the caller's. */
  readonly domid: number;
}

/** Arguments of `XENMEM_exchange`. */
export interface MemoryExchange {
  readonly in: MemoryReservation;
  readonly out: MemoryReservation;
}

/** Largest extent that a guest without privileges may ask for, log2 frames. */
const MAX_ORDER_GUEST = 9;
const MAX_ORDER_PRIVILEGED = 18;

interface CheckedReservation {
  readonly domain: Domain;
  readonly extents: Int32Array;
  readonly count: number;
  readonly order: number;
}

function check(vcpu: Vcpu, argument: unknown): CheckedReservation | number {
  if (typeof argument !== "object" || argument === null) return -EFAULT;
  const { extents, nrExtents, extentOrder, domid } = argument as Partial<Record<keyof MemoryReservation, unknown>>;
  const list = guestWords(extents);
  if (list === undefined) return -EFAULT;
  const count = typeof nrExtents === "number" ? nrExtents : -1;
  const order = typeof extentOrder === "number" ? extentOrder : -1;
  const limit = vcpu.domain.privileged ? MAX_ORDER_PRIVILEGED : MAX_ORDER_GUEST;
  if (!Number.isInteger(count) || count < 0 || !Number.isInteger(order) || order < 0 || order > limit) return -EINVAL;
  if (list.length < count) return -EFAULT;
  const id = typeof domid === "number" ? domid : -1;
  const domain = id === vcpu.domain.domid ? vcpu.domain : getPgOwner(vcpu, id);
  if (domain === undefined || domain.maxFrames === 0) return -ESRCH;
  if (!mayActOn(vcpu.domain, domain)) return -EPERM;
  return { domain, extents: list, count, order };
}

/**
 * `memory_op`: allocates, releases and exchanges frames.
 *
 * @param command - `XENMEM_increase_reservation`, `XENMEM_populate_physmap`, `XENMEM_decrease_reservation` or
 * `XENMEM_exchange`.
 * @param argument - a {@link MemoryReservation}; for an exchange a {@link MemoryExchange}.
 * @returns for the first three how many extents were done (0 also when the arguments are refused, as Xen answers); for
 * an exchange 0 or a negated errno: EFAULT, EPERM (an order that the caller may not ask for, another's memory), EINVAL
 * (sizes differ, or a frame is in use), ESRCH, ENOMEM; `vcpu.done` is then what Xen puts into nr_exchanged. ENOSYS for
 * other commands.
 *
 * Source: `public/memory.h`; Models: do_memory_op, guest_remove_page, memory_exchange @ Xen 4.9. A released frame stays
 * with its owner until the last reference goes. Cost: O(frames).
 */
export function memoryOp(vcpu: Vcpu, command: number, argument: unknown): number {
  vcpu.done = 0;
  switch (command) {
    case XENMEM_increase_reservation:
    case XENMEM_populate_physmap: {
      const reservation = check(vcpu, argument);
      return typeof reservation === "number" ? 0 : (vcpu.done = populate(vcpu, reservation));
    }
    case XENMEM_decrease_reservation: {
      const reservation = check(vcpu, argument);
      return typeof reservation === "number" ? 0 : (vcpu.done = decrease(vcpu, reservation));
    }
    case XENMEM_exchange:
      return exchange(vcpu, argument);
    default:
      return -ENOSYS;
  }
}

function populate(vcpu: Vcpu, { domain, extents, count, order }: CheckedReservation): number {
  for (let i = 0; i < count; i++) {
    const first = allocDomainPages(vcpu.host, domain, order);
    if (first < 0) return i;
    extents[i] = first;
  }
  return count;
}

function decrease(vcpu: Vcpu, { domain, extents, count, order }: CheckedReservation): number {
  for (let i = 0; i < count; i++) {
    const first = extents[i] as number;
    for (let frame = first; frame < first + 2 ** order; frame++) {
      if (!removePage(vcpu, domain, frame)) return i;
    }
  }
  return count;
}

/** Releases a frame: the owner's hold on it goes; it is freed with the last reference. */
function removePage(vcpu: Vcpu, domain: Domain, frame: number): boolean {
  const { host } = vcpu;
  if (!host.mfnValid(frame) || !getPage(host, frame, domain.slot)) return false;
  if (clearAllocated(host, frame)) putPage(host, frame);
  putPage(host, frame);
  return true;
}

/**
 * Exchanges extents chunk by chunk; a chunk is the least that is as large on both sides. One that fails is undone, those
 * before it stay.
 */
function exchange(vcpu: Vcpu, argument: unknown): number {
  if (typeof argument !== "object" || argument === null) return -EFAULT;
  const { in: given, out: wanted } = argument as Partial<Record<keyof MemoryExchange, unknown>>;
  if (orderIsTooLarge(vcpu, given) || orderIsTooLarge(vcpu, wanted)) return -EPERM;
  const from = check(vcpu, given);
  if (typeof from === "number") return from;
  const to = check(vcpu, wanted);
  if (typeof to === "number") return to;
  if (from.domain !== to.domain || from.count * 2 ** from.order !== to.count * 2 ** to.order) return -EINVAL;
  const inChunk = 2 ** Math.max(0, to.order - from.order);
  const outChunk = 2 ** Math.max(0, from.order - to.order);
  for (let chunk = 0; chunk * inChunk < from.count; chunk++) {
    const rc = exchangeChunk(vcpu, from, chunk * inChunk, inChunk, to, chunk * outChunk, outChunk);
    if (rc !== 0) return rc;
    vcpu.done += inChunk;
  }
  return 0;
}

function orderIsTooLarge({ domain }: Vcpu, argument: unknown): boolean {
  if (typeof argument !== "object" || argument === null) return false;
  const { extentOrder } = argument as Partial<Record<keyof MemoryReservation, unknown>>;
  return typeof extentOrder === "number" && extentOrder > (domain.privileged ? MAX_ORDER_PRIVILEGED : MAX_ORDER_GUEST);
}

/** Takes `inCount` extents from `inStart` on and gives `outCount` for them: all or nothing. */
function exchangeChunk(
  vcpu: Vcpu,
  from: CheckedReservation,
  inStart: number,
  inCount: number,
  to: CheckedReservation,
  outStart: number,
  outCount: number,
): number {
  const { host } = vcpu;
  const stolen: number[] = [];
  for (const first of from.extents.subarray(inStart, inStart + inCount)) {
    for (let frame = first; frame < first + 2 ** from.order; frame++) {
      if (!stealPage(from.domain, frame)) {
        for (const taken of stolen) returnPage(from.domain, taken);
        return -EINVAL;
      }
      stolen.push(frame);
    }
  }
  const fresh: number[] = [];
  for (let i = 0; i < outCount; i++) {
    const first = allocDomainPages(host, to.domain, to.order);
    if (first < 0) {
      for (const extent of fresh) {
        for (let frame = extent; frame < extent + 2 ** to.order; frame++) removePage(vcpu, to.domain, frame);
      }
      for (const taken of stolen) returnPage(from.domain, taken);
      return -ENOMEM;
    }
    fresh.push(first);
  }
  to.extents.set(fresh, outStart);
  for (const frame of stolen) freeHeapPage(host, frame);
  return 0;
}

/**
 * Takes a frame away from its owner when nobody else refers to it. Its count is 0 then, so that nobody can get hold of
 * it, and it does not count against the owner's limit any more.
 */
function stealPage(domain: Domain, frame: number): boolean {
  const { host } = domain;
  if (!host.mfnValid(frame) || loadOwner(host.owner, frame) !== domain.slot) return false;
  const x = host.count.load(frame);
  if ((x & (PGC_allocated | PGC_count_mask)) !== (PGC_allocated | 1)) return false;
  if (host.count.compareAndSwap(frame, x, x & ~(PGC_allocated | PGC_count_mask)) !== x) return false;
  storeOwner(host.owner, frame, OWNER_NONE);
  domain.add(DOMAIN_total_pages, -1);
  return true;
}

/** Gives a stolen frame back to its owner. */
function returnPage(domain: Domain, frame: number): void {
  storeOwner(domain.host.owner, frame, domain.slot);
  domain.add(DOMAIN_total_pages, 1);
  domain.host.count.store(frame, PGC_allocated | 1);
}
