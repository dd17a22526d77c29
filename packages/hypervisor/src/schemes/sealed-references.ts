import * as errno from "../errno.ts";
import { type Domain, type Host, type Vcpu } from "../host.ts";
import { setOldSuperpage } from "../old-superpage.ts";
import { putPage } from "../page-references.ts";
import * as sealedInfo from "../sealed-info.ts";
import * as sealedChecks from "./sealed-checks.ts";
import { getSuperpageFrames, getSuperpageTypes, putSuperpageFrames, putSuperpageTypes } from "../superpage-frames.ts";

// Constants of this module, which the compiler folds into its code: see "Hot paths" in docs/benchmarks.md.
const { EINTR, EINVAL, ERESTART } = errno;
const { SEALED_busy, SEALED_mark, SEALED_owner_mask, SEALED_owner_shift, SEALED_readers_mask, SEALED_writers_mask } =
  sealedInfo;
const { CHECK_idle, CHECK_lead_last, CHECK_owner_kept, CHECK_progress, CHECK_remembered, CHECK_to_target } =
  sealedChecks;

/*
 * The bulk work of `sealed`: taking and giving back a superpage's references, under `busy`.
 *
 * The references have an order: the general ones from the lead frame on, then the writable ones from the lead frame on.
 * `held` says how many of them are held, always the first ones: so they are taken upwards and given back downwards, and
 * whoever finds `held` anywhere can go on from there.
 *
 *   held  0           1              frames                  2 × frames
 *         │ lead frame │ other frames │ writable, all frames  │
 *         └────────────┴──────────────┴───────────────────────┘
 *           taken before the word says so, and given back after it says nothing
 *
 * The work is done in chunks, and between two chunks Xen may ask for the CPU. `busy` never outlives that: a guest that is
 * preempted may not come back for long, and others would wait for it. The progress is stored, the word goes idle, and
 * what is held beyond the users' needs is left over until this vCPU's hypercall goes on: see `old-superpage.ts`.
 */

/** Words for each superpage: the state word, then `held`. */
const WORDS = 2;
export const SEALED_WORDS: number = WORDS;
const HELD = 1;
/** Chunks in a superpage, log2; a small superpage has one frame a chunk. */
const CHUNKS_SHIFT = 4;

/** Where a superpage's state word stands. */
export function stateIndex(host: Host, head: number): number {
  return (head >> host.superpageOrder) * WORDS;
}

/** References that the users in a state word need: general ones first, then writable ones. */
export function target(host: Host, word: number): number {
  const frames = 1 << host.superpageOrder;
  if ((word & (SEALED_writers_mask | SEALED_mark)) !== 0) return 2 * frames;
  return (word & SEALED_readers_mask) !== 0 ? frames : 0;
}

/** The slot of the domain whose superpage it is; 0 where nothing is held. */
export function wordOwner(word: number): number {
  return (word & SEALED_owner_mask) >>> SEALED_owner_shift;
}

/** How many references are held. */
export function loadHeld(host: Host, head: number): number {
  return host.superpage.load(stateIndex(host, head) + HELD);
}

/** Says under `busy` how many references are held. */
export function storeHeld(host: Host, head: number, held: number): void {
  host.superpage.store(stateIndex(host, head) + HELD, held);
}

function chunkOf(host: Host, preemptible: boolean): number {
  const frames = 1 << host.superpageOrder;
  return preemptible ? Math.max(1, frames >> CHUNKS_SHIFT) : frames;
}

/**
 * Under `busy`: takes references until `wanted` are held: none but the general ones, or all.
 *
 * @returns 0; −EINTR when preempted, or −EINVAL when a frame refused, with `held` as far as it came.
 */
export function acquire(
  vcpu: Vcpu,
  domain: Domain,
  head: number,
  wanted: number,
  preemptible: boolean,
  without: number,
): number {
  const { host } = vcpu;
  const frames = 1 << host.superpageOrder;
  const chunk = chunkOf(host, preemptible);
  const before = loadHeld(host, head);
  let held = before;
  let rc = 0;
  while (held < wanted) {
    const general = held < frames;
    const end = Math.min(held + chunk, general ? frames : 2 * frames);
    const refused = general
      ? getSuperpageFrames(vcpu, domain, head + held, head + end, false)
      : getSuperpageTypes(vcpu, head + (held - frames), head + (end - frames));
    if (refused !== 0) {
      rc = -EINVAL;
      break;
    }
    held = end;
    if (held < wanted && preemptible && host.preempt(vcpu)) {
      rc = -EINTR;
      break;
    }
  }
  if (held !== before && (rc === 0 || (without & CHECK_progress) === 0)) storeHeld(host, head, held);
  return rc;
}

/** Leaves `busy` before the work is done: what is held beyond the need of the users in the word waits for this vCPU. */
export function leaveUnfinished(vcpu: Vcpu, head: number, word: number, without: number): void {
  let left = (without & CHECK_idle) === 0 ? word & ~SEALED_busy : word;
  if ((without & CHECK_owner_kept) !== 0 && target(vcpu.host, word) === 0) left = 0;
  vcpu.host.superpage.store(stateIndex(vcpu.host, head), left);
  if ((without & CHECK_remembered) === 0) setOldSuperpage(vcpu, head, wordOwner(word));
}

/**
 * Under `busy`: gives back what the users in the word do not need, and leaves `busy`. When nobody is left the word
 * becomes zero first and the lead frame's general reference goes last.
 *
 * @returns 0, or −ERESTART when preempted: the rest waits as the vCPU's old superpage.
 */
export function settle(vcpu: Vcpu, head: number, preemptible: boolean, without: number): number {
  const { host } = vcpu;
  const frames = 1 << host.superpageOrder;
  const chunk = chunkOf(host, preemptible);
  const words = host.superpage;
  const index = stateIndex(host, head);
  // Nobody else changes a busy word, so it is read once.
  const word = words.load(index);
  const needed = target(host, word);
  const keep = (without & CHECK_to_target) === 0 ? Math.max(1, needed) : 1;
  let held = loadHeld(host, head);
  while (held > keep) {
    const end = Math.max(held - chunk, held > frames ? Math.max(frames, keep) : keep);
    if (held > frames) putSuperpageTypes(vcpu, head + (end - frames), head + (held - frames));
    else putSuperpageFrames(vcpu, head + end, head + held, false);
    held = end;
    if (held > keep && preemptible && host.preempt(vcpu)) {
      storeHeld(host, head, held);
      leaveUnfinished(vcpu, head, word, without);
      return -ERESTART;
    }
  }
  if (needed === 0) {
    host.perf.framePuts++;
    if ((without & CHECK_lead_last) !== 0) putPage(host, head);
    storeHeld(host, head, 0);
    words.store(index, 0);
    if ((without & CHECK_lead_last) === 0) putPage(host, head);
  } else {
    storeHeld(host, head, held);
    words.store(index, word & ~SEALED_busy);
  }
  return 0;
}
