import { DOMAIN_total_pages } from "./domain-words.ts";
import { type Words, fillWords } from "@xsp/words";
import { assert } from "./assert.ts";
import { PGC_allocated, PGC_state_free, PGC_state_inuse } from "./count-info.ts";
import { type Domain, type Host } from "./host.ts";
import { OWNER_FIRST_DOMAIN, loadOwner, loadStamp, storeOwner, storeStamp } from "./owner-info.ts";
import { type PlainFrameTable, replacePlainCounts, setPlainOwners } from "./plain-frame-table.ts";
import { filterFlushed, flushTlbMask } from "./tlb.ts";

/*
 * The heap: free frames, found extent by extent. An extent is a superpage's worth of aligned frames.
 *
 *   heap words:  0 lock   1 free frames   2 rover (a frame)   3 unused   4… free frames of each extent
 *
 * A free frame is one whose count_info says `free`; the words above only make it quick to find. Allocation of single
 * frames goes on from the rover, so that it costs O(1) on average however many frames there are; an extent is found by
 * its count of free frames, O(extents) at worst.
 *
 * Simplified: Xen's heap is a buddy per NUMA node and zone. What the accounting can see of it is which frames are free
 * and whether an aligned extent is to be had.
 */
const HEAP_lock = 0;
const HEAP_free = 1;
const HEAP_rover = 2;
const HEAP_extents = 4;

/** A frame that its owner's hold alone keeps, and a free one. */
const HELD: number = PGC_allocated | 1;
const FREE: number = PGC_state_free;

function lock(heap: Words): void {
  while (heap.compareAndSwap(HEAP_lock, 0, 1) !== 0) heap.waitWhile(HEAP_lock, 1);
}

function unlock(heap: Words): void {
  heap.store(HEAP_lock, 0);
}

/**
 * Allocates an aligned run of frames for a domain: each gets the owner and its own general reference.
 *
 * @param order - log2 of the frames wanted.
 * @returns the first frame, or −1 when the domain is at its limit or no such run is free.
 */
export function allocDomainPages(host: Host, domain: Domain, order: number): number {
  const frames = 2 ** order;
  if (domain.load(DOMAIN_total_pages) + frames > domain.maxFrames) return -1;
  const { heap } = host;
  lock(heap);
  const first = order === 0 ? findFrame(host) : findRun(host, order);
  if (first >= 0) takeFrames(host, first, frames);
  unlock(heap);
  if (first < 0) return -1;
  assignPages(host, domain, first, frames);
  return first;
}

/**
 * Allocates exactly these frames for a domain, as a domain builder on a fresh host can.
 *
 * @returns false, with nothing changed, when one of them is not free.
 */
export function allocDomainPagesAt(host: Host, domain: Domain, first: number, frames: number): boolean {
  if (first < 0 || first + frames > host.frames) return false;
  const { heap, count } = host;
  lock(heap);
  let free = true;
  for (let frame = first; frame < first + frames && free; frame++) free = count.load(frame) === PGC_state_free;
  if (free) takeFrames(host, first, frames);
  unlock(heap);
  if (free) assignPages(host, domain, first, frames);
  return free;
}

/** Gives a frame whose last general reference has gone back to the heap. */
export function freeHeapPage(host: Host, frame: number): void {
  const { heap, count, owner } = host;
  const slot = loadOwner(owner, frame);
  if (slot >= OWNER_FIRST_DOMAIN) (host.domains[slot] as Domain).add(DOMAIN_total_pages, -1);
  // Whoever gets the frame next flushes the CPUs that have not been flushed since now.
  storeStamp(owner, frame, host.tlbClock);
  storeOwner(owner, frame, 0);
  host.type.store(frame, 0);
  host.memory.release(frame);
  lock(heap);
  count.store(frame, PGC_state_free);
  heap.store(HEAP_free, heap.load(HEAP_free) + 1);
  const extent = HEAP_extents + (frame >> host.superpageOrder);
  heap.store(extent, heap.load(extent) + 1);
  unlock(heap);
}

/**
 * Frees the frames of a dying domain that nothing but its hold on them keeps, from `first` to before `end`, all in one
 * extent; frames of others are passed over. What giving up the hold and putting its reference do to each, done at once on
 * the bare arrays of a host with one thread. A test holds both to the same words.
 *
 * @returns the first frame that something else keeps; `end` when there is none.
 */
export function freeHeldFrames(host: Host, plain: PlainFrameTable, domain: Domain, first: number, end: number): number {
  const { heap, memory, tlbClock: clock } = host;
  const { count, type, owner } = plain;
  const { slot } = domain;
  let freed = 0;
  let frame = first;
  for (; frame < end; frame++) {
    const shift = (frame & 1) << 4;
    const x = owner[frame >> 1] as number;
    if (((x >> shift) & 0xff) !== slot) continue;
    if (count[frame] !== HELD) break;
    owner[frame >> 1] = (x & ~(0xffff << shift)) | (clock << (shift + 8));
    type[frame] = 0;
    count[frame] = FREE;
    if (memory.find(frame) >= 0) memory.release(frame);
    freed++;
  }
  domain.add(DOMAIN_total_pages, -freed);
  lock(heap);
  heap.store(HEAP_free, heap.load(HEAP_free) + freed);
  const extent = HEAP_extents + (first >> host.superpageOrder);
  heap.store(extent, heap.load(extent) + freed);
  unlock(heap);
  return frame;
}

function findFrame(host: Host): number {
  const { heap, count, frames, superpageOrder } = host;
  if (heap.load(HEAP_free) === 0) return -1;
  let frame = heap.load(HEAP_rover);
  for (;;) {
    if (frame >= frames) frame = 0;
    if (heap.load(HEAP_extents + (frame >> superpageOrder)) === 0) {
      frame = ((frame >> superpageOrder) + 1) << superpageOrder;
    } else if (count.load(frame) === PGC_state_free) {
      heap.store(HEAP_rover, frame + 1);
      return frame;
    } else {
      frame++;
    }
  }
}

function findRun(host: Host, order: number): number {
  const { heap, superpageOrder } = host;
  const extents = host.frames >> superpageOrder;
  const wanted = 2 ** order;
  const perExtent = 1 << superpageOrder;
  if (wanted >= perExtent) {
    const together = wanted / perExtent;
    // Begin where the last allocation was: what lies below it is mostly taken.
    const start = Math.floor((heap.load(HEAP_rover) >> superpageOrder) / together) * together;
    for (let step = 0; step < extents + together; step += together) {
      let extent = start + step;
      if (extent >= extents) extent -= Math.ceil(extents / together) * together;
      if (extent < 0 || extent + together > extents) continue;
      let whole = true;
      for (let i = 0; i < together && whole; i++) whole = heap.load(HEAP_extents + extent + i) === perExtent;
      if (whole) {
        heap.store(HEAP_rover, (extent + together) << superpageOrder);
        return extent << superpageOrder;
      }
    }
    return -1;
  }
  for (let extent = 0; extent < extents; extent++) {
    if (heap.load(HEAP_extents + extent) < wanted) continue;
    const end = (extent + 1) << superpageOrder;
    for (let first = extent << superpageOrder; first < end; first += wanted) {
      let free = true;
      for (let frame = first; frame < first + wanted && free; frame++) {
        free = host.count.load(frame) === PGC_state_free;
      }
      if (free) return first;
    }
  }
  return -1;
}

/** Takes free frames out of the heap's counts; the lock is held. */
function takeFrames(host: Host, first: number, frames: number): void {
  const { heap, count, superpageOrder } = host;
  heap.store(HEAP_free, heap.load(HEAP_free) - frames);
  for (let frame = first; frame < first + frames;) {
    const end = Math.min(first + frames, ((frame >> superpageOrder) + 1) << superpageOrder);
    const extent = HEAP_extents + (frame >> superpageOrder);
    heap.store(extent, heap.load(extent) - (end - frame));
    fillWords(count, PGC_state_inuse, frame, end);
    frame = end;
  }
}

/** Gives frames that nobody else can see yet to a domain: owner first, then the count that lets others in. */
function assignPages(host: Host, domain: Domain, first: number, frames: number): void {
  const { count, owner, plainFrames: plain } = host;
  const end = first + frames;
  const allCpus = (1 << host.maxVcpus) - 1;
  let stale = 0;
  let lastStamp = -1;
  for (let frame = first; frame < end;) {
    const stamp = loadStamp(owner, frame);
    if (stamp !== lastStamp) stale |= filterFlushed(host, allCpus, stamp);
    lastStamp = stamp;
    if (plain !== undefined) {
      frame = setPlainOwners(plain, domain.slot, frame, end);
    } else {
      storeOwner(owner, frame, domain.slot);
      frame++;
    }
  }
  flushTlbMask(host, stale);
  domain.add(DOMAIN_total_pages, frames);
  for (let frame = first; frame < end; frame++) {
    if (plain !== undefined) {
      frame = replacePlainCounts(plain, PGC_state_inuse, PGC_allocated | 1, frame, end);
      if (frame === end) break;
    }
    assert(count.load(frame) === PGC_state_inuse, "a frame that is being assigned has no references");
    count.store(frame, PGC_allocated | 1);
  }
}

/** Free frames of the extent that a frame is in, for dumps. */
export function freeFramesOfExtent(host: Host, frame: number): number {
  return host.heap.load(HEAP_extents + (frame >> host.superpageOrder));
}

/** Frames in the heap's own count, for `audit`. */
export function heapFreeFrames(host: Host): number {
  return host.heap.load(HEAP_free);
}
