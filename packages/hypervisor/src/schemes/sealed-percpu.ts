import * as domainWords from "../domain-words.ts";
import { EINVAL, ESRCH } from "../errno.ts";
import { type Domain, type Host, type Vcpu } from "../host.ts";
import type { Scheme } from "../scheme.ts";
import * as sealedInfo from "../sealed-info.ts";
import * as slotInfo from "../sealed-slot-info.ts";
import {
  SLOT_CHECK_again,
  SLOT_CHECK_limit,
  SLOT_CHECK_mark_again,
  SLOT_CHECK_mark,
  SLOT_CHECK_marked,
  SLOT_CHECK_owner,
  SLOT_CHECK_relinquish,
  SLOT_CHECK_spare,
  SLOT_CHECK_unmark,
  SLOT_CHECK_use_first,
  SLOT_CHECK_use_last,
  type SlotCheck,
  slotChecks,
} from "./sealed-percpu-checks.ts";
import { stateIndex, wordOwner } from "./sealed-references.ts";
import { sealed } from "./sealed.ts";

// Constants of this module, which the compiler folds into its code: see "Hot paths" in docs/benchmarks.md.
const { DOMAIN_state, DOMSTATE_dying } = domainWords;
const { SEALED_mark, SEALED_readers_mask, SEALED_writers_mask } = sealedInfo;
const { SLOT_WORDS, SLOT_count_mask, SLOT_owner_mask, SLOT_owner_shift } = slotInfo;

/*
 * `sealed-percpu`: `sealed` for a superpage that everybody maps at once, such as a page of locks or a shared library.
 *
 * Under `sealed` every map and unmap swaps the superpage's one word, and CPUs that do so at the same time take its cache
 * line from one another. Here each CPU counts its entries in a slot of its own, and only a slot, as long as it counts
 * anything, is a user of the superpage in the sense of `sealed`: a scalable non-zero indicator (Ellen, Lev,
 * Luchangco, Moir 2007) of one level over the word of `sealed`, in spirit what Linux' percpu_ref is to an atomic count.
 *
 *   entries           slots: owner, count          the word of `sealed`         references on frames
 *
 *   ▪▪▪ of CPU 0 ──►  │ d1 3 │ ── one use ──┐
 *   ▪▪  of CPU 1 ──►  │ d1 2 │ ── one use ──┼──►  │ M d1 nR 0 nW 3 │  ──►  held, as `sealed` holds them
 *       of CPU 2      │ d1 0 │ ── one use ──┘
 *       of CPU 3      │  0   │
 *
 *   a slot   unused ──────── first entry: use, then count ────────► in use, counts ──┐ one swap for each
 *              ▲ ▲                                                   │ │     ▲  ▲    │ entry more or less
 *              │ └── last entry, no mark: count, then use ───────────┘ │     │  └────┘
 *              │                                                       │     │
 *              └── collected before the mark goes ── kept, count 0 ◄───┘     │
 *                                                     │   last, marked       │
 *                                                     └── next entry ────────┘
 *
 * Rules that the safety rests on, beside those of `sealed`:
 *  - A slot word that is not 0 holds one use of `sealed`. A slot takes its use before it counts, and gives it back after
 *    the word is 0. So whoever finds a slot in use needs to look at nothing else: the references are held, and the lead
 *    frame is the owner's.
 *  - The owner stands in the slot word too: a swap that was computed for another owner fails, as it does in `sealed`.
 *  - Entries are not bound to slots: an entry may be unmapped by another CPU, another domain's or Xen's. The sum over
 *    the slots is what counts, and it is never less than the entries there are. So a slot with a count is always found,
 *    by looking again when counts have moved from slot to slot meanwhile.
 *  - A use is kept, with count 0, while the superpage is marked: a superpage that comes and goes costs its CPU one swap
 *    of its own slot, never the shared word. The slot is written first and the mark looked at again after, whoever clears
 *    a mark clears it first and looks at the slots after: so one of the two gives the use back.
 *  - An unmark collects what is kept before `sealed` judges. A kept use bars the unmark like any other, so no mark goes
 *    by an unmark while a use is kept.
 *
 * Slots are as many as there are vCPUs, and eight at most: CPUs beyond share them. The word counts slots here, so the
 * limit of 2,047 entries of each kind becomes 8,388,607 for each slot. Cost: one swap for a map or unmap where the slot is
 * in use; else what `sealed` takes and one swap; an unmark, a destruction or an unmap elsewhere looks at every slot.
 */

/** Slots of the scheme as it goes by its name. */
const MOST_SLOTS = 8;

/** The place of a kind among the words of a slot. */
const WRITABLE = 0;
const READ_ONLY = 1;

/** The slot has counted nothing, and nothing has changed. */
const NOTHING_COUNTED = 1;

function slotIndex(host: Host, head: number, slot: number, kind: number): number {
  return (slot * host.superpages + (head >> host.superpageOrder)) * SLOT_WORDS + kind;
}

/** The slot of a CPU; a division is dear beside one swap, and seldom needed. */
function slotOf({ cpu, host }: Vcpu): number {
  return cpu < host.slots ? cpu : cpu % host.slots;
}

function slotOwner(word: number): number {
  return (word & SLOT_owner_mask) >>> SLOT_owner_shift;
}

/** The word of a slot that counts one entry. */
function firstOf(owner: number): number {
  return (owner << SLOT_owner_shift) | 1;
}

function stateWord(host: Host, head: number): number {
  return host.superpage.load(stateIndex(host, head));
}

/** Takes a use for a slot. It is no entry, so it is not counted as one. */
function takeUse(vcpu: Vcpu, domain: Domain, head: number, writable: boolean, preemptible: boolean): number {
  const rc = sealed.map(vcpu, domain, head, writable, preemptible);
  if (rc === 0) vcpu.host.perf.superpageGets--;
  return rc;
}

/** Gives a slot's use back. @returns as the scheme's unmap. */
function giveUseBack(vcpu: Vcpu, head: number, writable: boolean, preemptible: boolean): number {
  vcpu.host.perf.superpagePuts--;
  return sealed.unmap(vcpu, head, writable, preemptible);
}

/**
 * Counts one more entry in a slot that is in use.
 *
 * @returns 0; {@link NOTHING_COUNTED} when the slot is not in use; −EINVAL when it is another's, or full.
 */
function countUp(host: Host, index: number, slot: number, head: number, without: number): number {
  const words = host.superpageSlots;
  let x = words.load(index);
  while (x !== 0) {
    if (slotOwner(x) !== slot && (without & SLOT_CHECK_owner) === 0) {
      return host.refuse("sealed: another's superpage", head, -EINVAL);
    }
    if ((x & SLOT_count_mask) === SLOT_count_mask && (without & SLOT_CHECK_limit) === 0) {
      return host.refuse("map: the count is at its limit", head, -EINVAL);
    }
    const seen = words.compareAndSwap(index, x, x + 1);
    if (seen === x) return 0;
    x = seen;
  }
  return NOTHING_COUNTED;
}

/** Counts the first entry of a slot, for which the caller has taken a use; or one more, if another vCPU was faster. */
function countFirst(
  vcpu: Vcpu,
  index: number,
  slot: number,
  head: number,
  writable: boolean,
  preemptible: boolean,
  without: number,
): number {
  const { host } = vcpu;
  for (;;) {
    if (host.superpageSlots.compareAndSwap(index, 0, firstOf(slot)) === 0) return 0;
    const rc = countUp(host, index, slot, head, without);
    if (rc === NOTHING_COUNTED) continue;
    // The slot has a use of its own. While it counts this entry the references stay; were it full, they may go now.
    if ((without & SLOT_CHECK_spare) === 0) giveUseBack(vcpu, head, writable, preemptible);
    return rc;
  }
}

/** Gives back the use that a slot keeps, unless it is kept no more. @returns as the scheme's unmap. */
function collect(vcpu: Vcpu, index: number, kept: number, head: number, kind: number, preemptible: boolean): number {
  const words = vcpu.host.superpageSlots;
  if (words.load(index) !== kept || words.compareAndSwap(index, kept, 0) !== kept) return 0;
  return giveUseBack(vcpu, head, kind === WRITABLE, preemptible);
}

/** Gives back all uses that are kept of a superpage of the domain in an owner slot. @returns as the scheme's unmap. */
function collectAll(vcpu: Vcpu, owner: number, head: number, preemptible: boolean): number {
  const { host } = vcpu;
  if ((stateWord(host, head) & (SEALED_writers_mask | SEALED_readers_mask)) === 0) return 0;
  let rc = 0;
  for (let slot = 0; slot < host.slots; slot++) {
    for (let kind = WRITABLE; kind <= READ_ONLY; kind++) {
      const index = slotIndex(host, head, slot, kind);
      const collected = collect(vcpu, index, owner << SLOT_owner_shift, head, kind, preemptible);
      if (collected !== 0) rc = collected;
    }
  }
  return rc;
}

function isMarked(host: Host, head: number): boolean {
  return (stateWord(host, head) & SEALED_mark) !== 0;
}

/**
 * Counts one entry less in a slot.
 *
 * @returns {@link NOTHING_COUNTED}, or as the scheme's unmap.
 */
function countDown(
  vcpu: Vcpu,
  index: number,
  head: number,
  kind: number,
  preemptible: boolean,
  without: number,
): number {
  const { host } = vcpu;
  const words = host.superpageSlots;
  let x = words.load(index);
  while ((x & SLOT_count_mask) !== 0) {
    if ((x & SLOT_count_mask) === 1) {
      const kept = isMarked(host, head) || (without & SLOT_CHECK_marked) !== 0;
      const useFirst = !kept && (without & SLOT_CHECK_use_last) !== 0;
      if (useFirst) giveUseBack(vcpu, head, kind === WRITABLE, preemptible);
      const seen = words.compareAndSwap(index, x, kept ? x - 1 : 0);
      if (seen === x) {
        host.perf.superpagePuts++;
        if (kept) return keep(vcpu, index, x - 1, head, kind, preemptible, without);
        return useFirst ? 0 : giveUseBack(vcpu, head, kind === WRITABLE, preemptible);
      }
      x = seen;
    } else {
      const seen = words.compareAndSwap(index, x, x - 1);
      if (seen === x) {
        host.perf.superpagePuts++;
        return 0;
      }
      x = seen;
    }
  }
  return NOTHING_COUNTED;
}

/** After the slot's word says that its use is kept: keeps it, if the superpage is marked still. */
function keep(
  vcpu: Vcpu,
  index: number,
  kept: number,
  head: number,
  kind: number,
  preemptible: boolean,
  without: number,
): number {
  // Whoever has cleared the mark since may have passed this slot before.
  if ((without & (SLOT_CHECK_mark_again | SLOT_CHECK_marked)) !== 0 || isMarked(vcpu.host, head)) return 0;
  return collect(vcpu, index, kept, head, kind, preemptible);
}

function sealedPercpuScheme(slots: number, without: number): Scheme {
  return {
    ...sealed,
    name: "sealed-percpu",
    slots,

    map(vcpu, domain, head, writable, preemptible) {
      const { host } = vcpu;
      const { slot } = domain;
      const index = slotIndex(host, head, slotOf(vcpu), writable ? WRITABLE : READ_ONLY);
      // Into a dying domain `sealed` refuses.
      const dying = domain.load(DOMAIN_state) === DOMSTATE_dying;
      let rc = dying ? NOTHING_COUNTED : countUp(host, index, slot, head, without);
      if (rc === NOTHING_COUNTED) {
        const useFirst = (without & SLOT_CHECK_use_first) === 0;
        const counted = !useFirst && host.superpageSlots.compareAndSwap(index, 0, firstOf(slot)) === 0;
        rc = takeUse(vcpu, domain, head, writable, preemptible);
        if (rc === 0 && !counted) rc = countFirst(vcpu, index, slot, head, writable, preemptible, without);
      }
      if (rc === 0) host.perf.superpageGets++;
      return rc;
    },

    unmap(vcpu, head, writable, preemptible) {
      const { host } = vcpu;
      const kind = writable ? WRITABLE : READ_ONLY;
      const own = slotOf(vcpu);
      const uses = writable ? SEALED_writers_mask : SEALED_readers_mask;
      for (;;) {
        let slot = own;
        do {
          const rc = countDown(vcpu, slotIndex(host, head, slot, kind), head, kind, preemptible, without);
          if (rc !== NOTHING_COUNTED) return rc;
          slot = slot + 1 === host.slots ? 0 : slot + 1;
        } while (slot !== own);
        // Missed only if counts have moved meanwhile, or if there is none.
        const word = stateWord(host, head);
        if ((word & uses) === 0 || (without & SLOT_CHECK_again) !== 0) {
          host.noteUnderflow(head);
          return 0;
        }
        // Uses that slots keep are no entries: they go, or the search for an entry that is none would never end.
        collectAll(vcpu, wordOwner(word), head, false);
      }
    },

    mark(vcpu, domain, head, preemptible) {
      const rc = sealed.mark(vcpu, domain, head, preemptible);
      // The domain is dying and the mark was taken away again: what was kept for it goes too.
      if (rc === -ESRCH && (without & SLOT_CHECK_mark) === 0) collectAll(vcpu, domain.slot, head, preemptible);
      return rc;
    },

    unmark(vcpu, domain, head, preemptible) {
      if ((without & SLOT_CHECK_unmark) === 0) collectAll(vcpu, domain.slot, head, preemptible);
      return sealed.unmark(vcpu, domain, head, preemptible);
    },

    relinquish(vcpu, domain, head, preemptible) {
      const rc = sealed.relinquish(vcpu, domain, head, preemptible);
      if ((without & SLOT_CHECK_relinquish) !== 0) return rc;
      return collectAll(vcpu, domain.slot, head, preemptible) || rc;
    },

    state(host, head) {
      const { marked, busy } = sealed.state(host, head);
      let count = 0;
      for (let slot = 0; slot < host.slots; slot++) {
        for (let kind = WRITABLE; kind <= READ_ONLY; kind++) {
          count += host.superpageSlots.load(slotIndex(host, head, slot, kind)) & SLOT_count_mask;
        }
      }
      return { type: marked ? "mark" : count > 0 ? "dynamic" : "none", count, marked, busy };
    },
  };
}

/** `sealed` with its entries counted in a slot for each CPU. */
export const sealedPercpu: Scheme = sealedPercpuScheme(MOST_SLOTS, 0);

/**
 * `sealed-percpu` with fewer slots, so that few vCPUs share them, or with one of its checks taken out: for tests only. It goes
 * by the name of the whole scheme, and no name finds it.
 *
 * @param slots - 1 to 8.
 */
export function sealedPercpuVariant(slots: number, check?: SlotCheck): Scheme {
  return sealedPercpuScheme(slots, check === undefined ? 0 : 1 << slotChecks.indexOf(check));
}
