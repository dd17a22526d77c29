import * as domainWords from "./domain-words.ts";
import * as vcpuWords from "./vcpu-words.ts";
import { assert } from "./assert.ts";
import * as errno from "./errno.ts";
import { type Host, type Vcpu } from "./host.ts";
import { loadOwner, loadStamp, storeStamp } from "./owner-info.ts";
import { dropLinear } from "./linear-references.ts";
import { getPageLight, putPage } from "./page-references.ts";
import { withProgress } from "./page-table-note.ts";
import { filterFlushed, flushTlbMask } from "./tlb.ts";
import * as typeInfo from "./type-info.ts";

// Constants of this module, which the compiler folds into its code: see "Hot paths" in docs/benchmarks.md.
const { DOMAIN_dirty_cpus } = domainWords;
const { VCPU_old_guest_table } = vcpuWords;
const { EINTR, EINVAL, ERESTART } = errno;
const {
  PGT_count_mask,
  PGT_l4_page_table,
  PGT_locked,
  PGT_pae_xen_l2,
  PGT_partial,
  PGT_shared_page,
  PGT_type_mask,
  PGT_validated,
  PGT_writable_page,
} = typeInfo;

/*
 * Page types: what a frame is used as, and how many uses of that kind there are.
 *
 * The safety of direct paging is one sentence: no frame is a page table (or descriptor page) and writable by a guest
 * at the same time. It rests on these two functions. A frame's type can change only while its type count is 0, every
 * writable mapping holds a `writable` reference, and every page table holds a reference of its level: so the two can
 * never be held together.
 *
 *                    get T (T needs no scan: writable, shared)
 *          ┌──────────────────────────────────────────────────────┐
 *          │                                                      ▼
 *   ┌─────────────┐  get T   ┌──────────────────┐  scan ok  ┌────────────┐ get T, put T
 *   │  count 0    │ ───────► │  count 1         │ ────────► │ validated  │ ◄──────────┐
 *   │  (old type  │          │  not validated   │           │ count ≥ 1  │ ───────────┘
 *   │  is history)│ ◄─────── │  others wait     │ ◄──────── │            │
 *   └─────────────┘ refused  └──────────────────┘  last put └────────────┘
 *          ▲                   │            ▲
 *          │        preempted  ▼            │ taken over by the next get or put
 *          │                 ┌──────────────────┐
 *          └──────────────── │ partial, count 1 │  holds one general reference of its own
 *             last put       └──────────────────┘
 *
 * Going to `validated` takes a reference for each entry of the table; leaving it gives them all back. Between the swap
 * that takes the count from 0 to 1 and the end of the scan the frame has its new type but is not `validated`: another
 * vCPU that wants the same type waits for the first one's verdict. A scan that is preempted leaves the frame `partial`
 * with its progress in the note; the count of 1 then stands for nobody in particular, and whoever comes next goes on.
 *
 * A CPU that used the frame under its old type may still hold a translation. On a change of type all CPUs of the
 * owner that were not flushed since the frame's last drop to 0 are flushed, after the swap and before `validated`
 * (XSA-401: before the swap is too early, a CPU could fill its TLB again in between).
 *
 * Models: __get_page_type, __put_page_type, alloc_page_type, __put_final_page_type @ Xen 4.9, with the fixes of
 * XSA-299 (a partial put only drops what is still partial) and XSA-401 (flush after the swap).
 * Cost: one swap for a writable or validated frame; a scan of the whole table on the first get and the last put.
 */

function preempted(vcpu: Vcpu, preemptible: boolean): boolean {
  return preemptible && vcpu.host.preempt(vcpu);
}

/** Swaps bits into and out of a frame's type word. */
function changeTypeBits(host: Host, frame: number, clear: number, set: number): void {
  const { type } = host;
  let x = type.load(frame);
  for (;;) {
    const seen = type.compareAndSwap(frame, x, (x & ~clear) | set);
    if (seen === x) return;
    x = seen;
  }
}

/** Flushes the owner's CPUs that may hold a translation from before the frame's type count dropped to 0. */
function flushStaleTranslations(host: Host, frame: number): void {
  const owner = host.domains[loadOwner(host.owner, frame)];
  if (owner === undefined) return;
  const dirty = owner.load(DOMAIN_dirty_cpus);
  if (dirty === 0) return;
  const stale = filterFlushed(host, dirty, loadStamp(host.owner, frame));
  if (stale === 0) return;
  host.perf.need_flush_tlb_flush++;
  flushTlbMask(host, stale);
}

/**
 * Takes a type reference; the caller holds a general one.
 *
 * @param type - type bits, such as `PGT_writable_page`.
 * @returns 0; −EINVAL when the count would wrap or the frame is in use as something else; the error of the entry that
 * was refused when the frame is validated here; −ERESTART or −EINTR when preempted.
 */
export function getPageType(vcpu: Vcpu, frame: number, type: number, preemptible: boolean): number {
  const { host } = vcpu;
  const words = host.type;
  let x = words.load(frame);
  let nx: number;
  for (;;) {
    nx = x + 1;
    if ((nx & PGT_count_mask) === 0) return host.refuse("getPageType: the type count is at its limit", frame, -EINVAL);
    if ((x & PGT_count_mask) === 0) {
      if ((x & PGT_type_mask) !== type) {
        nx = (nx & ~(PGT_type_mask | PGT_validated)) | type;
        if (host.unfixed["XSA-401"]) {
          flushStaleTranslations(host, frame);
          if (type === PGT_writable_page || type === PGT_shared_page) nx |= PGT_validated;
        }
      }
    } else if ((x & (PGT_type_mask | PGT_pae_xen_l2)) !== type) {
      return host.refuse("getPageType: in use as another type", frame, -EINVAL, type);
    } else if ((x & PGT_validated) === 0) {
      if ((x & PGT_partial) === 0) {
        if (preempted(vcpu, preemptible)) return -EINTR;
        x = words.waitWhile(frame, x);
        continue;
      }
      assert((x & PGT_count_mask) === 1, "a partial page table has a type count of 1");
      nx = x & ~PGT_partial;
    }
    const seen = words.compareAndSwap(frame, x, nx);
    if (seen === x) break;
    if (preempted(vcpu, preemptible)) return -EINTR;
    x = seen;
  }
  if ((x & PGT_type_mask) !== type && !host.unfixed["XSA-401"]) flushStaleTranslations(host, frame);
  if ((nx & PGT_validated) !== 0) return 0;
  if (type === PGT_writable_page || type === PGT_shared_page) {
    changeTypeBits(host, frame, 0, PGT_validated);
    return 0;
  }
  if ((x & PGT_partial) === 0) {
    const note = host.memory.loadNote(frame);
    if (note !== 0) host.memory.storeNote(frame, 0);
  }
  const rc = validatePageType(vcpu, frame, type, preemptible);
  // The reference that the partial state held; if it is partial again it took a new one.
  if ((x & PGT_partial) !== 0) putPage(host, frame);
  return rc;
}

/** Scans a frame that has just gone from 0 to 1, and says the verdict in its type word. */
function validatePageType(vcpu: Vcpu, frame: number, type: number, preemptible: boolean): number {
  const { host } = vcpu;
  const rc = host.contents.validate(vcpu, frame, type, preemptible);
  if (rc === 0) {
    host.perf.validations++;
    changeTypeBits(host, frame, 0, PGT_validated);
  } else if (rc === -EINTR) {
    changeTypeBits(host, frame, PGT_count_mask, 0);
  } else if (rc === -ERESTART || vcpu.load(VCPU_old_guest_table) === frame) {
    getPageLight(host, frame);
    changeTypeBits(host, frame, 0, PGT_partial);
  } else {
    host.type.store(frame, 0);
  }
  return rc;
}

/**
 * Gives a type reference back. The last one of a page table gives the references of its entries back first.
 *
 * @param linearTable - the table of the same level whose entry is given up, or −1: the linear counts of both go down.
 * @param partial - the reference is that of an entry which was only half taken: there is something to drop only as
 * long as the frame is still partial, for whoever completed it made the count its own (XSA-299).
 * @returns 0, or −ERESTART or −EINTR when preempted.
 */
export function putPageType(
  vcpu: Vcpu,
  frame: number,
  preemptible: boolean,
  linearTable = -1,
  partial = false,
): number {
  const { host } = vcpu;
  const words = host.type;
  let x = words.load(frame);
  for (;;) {
    if (partial && (x & PGT_partial) === 0 && !host.unfixed["XSA-299"]) return 0;
    if ((x & PGT_count_mask) === 0) {
      host.noteUnderflow(frame);
      return 0;
    }
    const nx = x - 1;
    if ((nx & (PGT_locked | PGT_count_mask)) === 0) {
      if ((nx & PGT_type_mask) >>> 0 <= PGT_l4_page_table && (nx & (PGT_validated | PGT_partial)) !== 0) {
        // Nobody else holds a reference: unvalidated from here on, and others who want the frame wait for the end.
        const seen = words.compareAndSwap(frame, x, x & ~(PGT_validated | PGT_partial));
        if (seen === x) {
          const rc = putFinalPageType(vcpu, frame, x, preemptible, linearTable);
          if ((x & PGT_partial) !== 0) putPage(host, frame);
          return rc;
        }
        x = seen;
        continue;
      }
      storeStamp(host.owner, frame, host.tlbClock);
    } else if ((nx & (PGT_locked | PGT_count_mask)) === (PGT_locked | 1)) {
      // The last but one while the page is locked: unlocking would drop the last without giving the entries back.
      x = words.waitWhile(frame, x);
      continue;
    }
    const seen = words.compareAndSwap(frame, x, nx);
    if (seen === x) break;
    if (preempted(vcpu, preemptible)) return -EINTR;
    x = seen;
  }
  if (linearTable >= 0 && sameType(host, x, linearTable)) dropLinear(host, frame, linearTable);
  return 0;
}

function putFinalPageType(vcpu: Vcpu, frame: number, x: number, preemptible: boolean, linearTable: number): number {
  const { host } = vcpu;
  if ((x & PGT_partial) === 0) {
    host.memory.storeNote(frame, withProgress(host.memory.loadNote(frame), host.memory.entries, false));
  }
  const rc = host.contents.invalidate(vcpu, frame, x, preemptible);
  if (rc === 0) {
    host.perf.invalidations++;
    if (linearTable >= 0 && sameType(host, x, linearTable)) dropLinear(host, frame, linearTable);
    storeStamp(host.owner, frame, host.tlbClock);
    changeTypeBits(host, frame, PGT_count_mask, 0);
  } else if (rc === -EINTR) {
    changeTypeBits(host, frame, 0, PGT_validated);
  } else {
    assert(rc === -ERESTART, "giving entries back fails in no other way than by preemption");
    getPageLight(host, frame);
    changeTypeBits(host, frame, 0, PGT_partial);
  }
  return rc;
}

/**
 * Breaks a circle of linear page tables in a dying domain: gives the entries back although references are left,
 * or finishes what was left partial.
 *
 * @param type - type bits of the level at work: L4 first, then L3, then L2.
 */
export function forceInvalidate(vcpu: Vcpu, frame: number, type: number): number {
  const { host } = vcpu;
  const words = host.type;
  let x = words.load(frame);
  for (;;) {
    if ((x & PGT_type_mask) !== type || (x & (PGT_validated | PGT_partial)) === 0) return 0;
    const seen = words.compareAndSwap(frame, x, x & ~(PGT_validated | PGT_partial));
    if (seen === x) break;
    x = seen;
  }
  if ((x & PGT_partial) === 0) {
    host.memory.storeNote(frame, withProgress(host.memory.loadNote(frame), host.memory.entries, false));
  }
  const rc = host.contents.invalidate(vcpu, frame, x, true);
  if (rc === 0) {
    host.perf.invalidations++;
    if ((x & PGT_partial) !== 0) {
      // The count of 1 that stood for the partial state, and its general reference.
      addToType(host, frame, -1);
      putPage(host, frame);
    }
    return 0;
  }
  if (rc === -EINTR) {
    changeTypeBits(host, frame, 0, x & (PGT_validated | PGT_partial));
    return rc;
  }
  assert(rc === -ERESTART, "giving entries back fails in no other way than by preemption");
  if ((x & PGT_partial) === 0) {
    getPageLight(host, frame);
    addToType(host, frame, 1);
  }
  changeTypeBits(host, frame, 0, PGT_partial);
  return rc;
}

function addToType(host: Host, frame: number, amount: number): void {
  const { type } = host;
  let x = type.load(frame);
  for (;;) {
    const seen = type.compareAndSwap(frame, x, x + amount);
    if (seen === x) return;
    x = seen;
  }
}

function sameType(host: Host, word: number, other: number): boolean {
  return ((word ^ host.type.load(other)) & PGT_type_mask) === 0;
}

/** Gives a type reference and a general one back. */
export function putPageAndType(vcpu: Vcpu, frame: number): void {
  putPageType(vcpu, frame, false);
  putPage(vcpu.host, frame);
}
