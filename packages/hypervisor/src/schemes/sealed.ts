import * as domainWords from "../domain-words.ts";
import { EBUSY, EINTR, EINVAL, ESRCH } from "../errno.ts";
import { type Domain, type Vcpu } from "../host.ts";
import { getPage, putPage } from "../page-references.ts";
import type { Scheme, SchemeName } from "../scheme.ts";
import * as sealedInfo from "../sealed-info.ts";
import {
  CHECK_busy_add,
  CHECK_busy_in_swap,
  CHECK_busy_remove,
  CHECK_busy_trim,
  CHECK_busy_unmark,
  CHECK_dying_map,
  CHECK_dying_mark,
  CHECK_enough,
  CHECK_fresh_add,
  CHECK_fresh_remove,
  CHECK_fresh_unmark,
  CHECK_lead_first,
  CHECK_limit,
  CHECK_marked,
  CHECK_not_marked,
  CHECK_owner_add,
  CHECK_owner_trim,
  CHECK_owner_unmark,
  type SealedCheck,
  checkBit,
} from "./sealed-checks.ts";
import {
  SEALED_WORDS,
  acquire,
  leaveUnfinished,
  loadHeld,
  settle,
  stateIndex,
  storeHeld,
  target,
  wordOwner,
} from "./sealed-references.ts";

// Constants of this module, which the compiler folds into its code: see "Hot paths" in docs/benchmarks.md.
const { DOMAIN_state, DOMSTATE_dying } = domainWords;
const {
  SEALED_busy,
  SEALED_mark,
  SEALED_owner_mask,
  SEALED_owner_shift,
  SEALED_reader,
  SEALED_readers_mask,
  SEALED_readers_shift,
  SEALED_writer,
  SEALED_writers_mask,
} = sealedInfo;

/*
 * `sealed`: the answer to the thread's open question.
 *
 * The question was how a guest can unmark a superpage safely while superpage entries may still exist. The answer here:
 * one word counts the mark and the live entries together, and the references on the frames belong to that word, not to
 * the mark. They go when neither a mark nor an entry needs them, whichever goes last.
 *
 *   users of the superpage          what must be held (the target)
 *   ------------------------------  -------------------------------------------------------
 *   none                            nothing
 *   read-only entries only          a general reference on each frame
 *   a writable entry, or a mark     a general and a writable reference on each frame
 *
 * Per superpage two words: the state word (busy, mark, owner, nR, nW: `sealed-info.ts`), which every operation swaps,
 * and `held` (how many of the references are held), which is written only under `busy`: `sealed-references.ts`.
 *
 *                  needs more than is held                 target falls below what is held
 *   ┌──────┐  ───────────────────────────────►  ┌──────┐  ◄───────────────────────────────  ┌──────┐
 *   │ idle │                                    │ busy │                                    │ idle │
 *   └──────┘  ◄───────────────────────────────  └──────┘  ───────────────────────────────►  └──────┘
 *       │ ▲           taken, undone, or preempted                   dropped, or preempted
 *       └─┘ one swap: an entry or mark more or less, when what is held suffices
 *
 * Rules that the safety rests on:
 *  - References come before the entry on the way in; the entry goes before the references on the way out.
 *  - While idle, what is held is at least the target. More may be left over after a preemption, and then a vCPU says
 *    that it will see to it (`old-superpage.ts`); less never.
 *  - Nobody is busy when it returns to its guest, so every wait for `busy` ends.
 *  - The lead frame's general reference is taken first, in the caller's name, before `busy` and the owner are swapped
 *    in, and dropped last, after the word is zero. So as long as the word names an owner, the lead frame is that
 *    owner's and cannot be freed; and only that owner's vCPUs ever swap the word. The owner stands in the word itself,
 *    so a swap that was computed for another owner fails: no A-B-A.
 *  - Whatever an attempt decides is computed from the word that it read in that attempt.
 *
 * Why one word and not a pair: with the owner beside the word, a map could count itself on a superpage that had been
 * given to another domain in between, and would have to take that back: another domain's word would change for a moment.
 * The price is the width of the counts: 2,047 writable and as many read-only entries for each superpage; one more is
 * refused with EINVAL, as Xen refuses a type count that would wrap.
 *
 * An unmark while superpage entries exist is refused with EBUSY (`sealed`), or takes effect at once for the mark and
 * for the references when the last entry goes (`sealed-deferred`).
 *
 * Cost: one swap for a map or unmap while what is held suffices; O(frames) when the first user comes or the last goes.
 */

/** Users for whom all references are held, and users for whom at least the general ones are: see the table above. */
const NEED_ALL = SEALED_writers_mask | SEALED_mark;
const NEED_ANY = NEED_ALL | SEALED_readers_mask;

/**
 * Adds a user: a writable entry, a read-only one, or the mark.
 *
 * @param add - what is added to the word.
 * @param most - the field that must not be full, as a mask.
 * @param sufficient - the users in whose presence what is held suffices for this one too, as a mask.
 * @param without - checks taken out: 0 outside of tests (`sealed-checks.ts`).
 * @param word - the state word as the caller has just read it.
 */
function addUser(
  vcpu: Vcpu,
  domain: Domain,
  head: number,
  add: number,
  most: number,
  sufficient: number,
  preemptible: boolean,
  without: number,
  word: number,
): number {
  const { host } = vcpu;
  const words = host.superpage;
  const index = stateIndex(host, head);
  let x = word;
  // What the attempt decides by: the word it has read.
  let decided = x;
  for (;;) {
    if (x === 0) {
      // Nothing is held. The lead frame first: it says whose the superpage is, and keeps it so.
      const leadFirst = (without & CHECK_lead_first) === 0;
      if (leadFirst && !getPage(host, head, domain.slot)) return -EINVAL;
      const seen = words.compareAndSwap(index, 0, SEALED_busy | (domain.slot << SEALED_owner_shift));
      if (seen !== 0) {
        if (leadFirst) putPage(host, head);
        x = seen;
        decided = x;
        continue;
      }
      if (!leadFirst && !getPage(host, head, domain.slot)) {
        words.store(index, 0);
        return -EINVAL;
      }
      host.perf.frameGets++;
      storeHeld(host, head, 1);
      return becomeUser(vcpu, domain, head, add, preemptible, without);
    }
    if (wordOwner(x) !== domain.slot && (without & CHECK_owner_add) === 0) {
      return host.refuse("sealed: another's superpage", head, -EINVAL);
    }
    if ((x & SEALED_busy) !== 0 && (without & CHECK_busy_add) === 0) {
      x = words.waitWhile(index, x);
      decided = x;
      continue;
    }
    if ((x & most) === most && (without & (most === SEALED_mark ? CHECK_marked : CHECK_limit)) === 0) {
      return most === SEALED_mark
        ? host.refuse("mark: marked already", head, -EINVAL)
        : host.refuse("map: the count is at its limit", head, -EINVAL);
    }
    const enough = (decided & sufficient) !== 0 || (without & CHECK_enough) !== 0;
    const seen = words.compareAndSwap(index, x, enough ? x + add : x | SEALED_busy);
    if (seen !== x) {
      x = seen;
      if ((without & CHECK_fresh_add) === 0) decided = x;
      continue;
    }
    if (!enough) return becomeUser(vcpu, domain, head, add, preemptible, without);
    host.perf.superpageGets++;
    return 0;
  }
}

/**
 * Whether one more user is one swap and nothing else: what {@link addUser} finds in nearly every word. Asked before it is
 * called, because the call with all it may have to do costs as much as the swap.
 */
function isOneSwap(word: number, slot: number, most: number, sufficient: number): boolean {
  return (
    (word & (SEALED_busy | SEALED_owner_mask)) === slot << SEALED_owner_shift &&
    (word & sufficient) !== 0 &&
    (word & most) !== most
  );
}

/** Whether one user less is one swap and nothing else: what {@link removeUser} finds in nearly every word. */
function isOneSwapLess(word: number, remove: number, sufficient: number): boolean {
  return (word & SEALED_busy) === 0 && ((word - remove) & sufficient) !== 0;
}

/** Under `busy`: takes what is missing for one more user, counts it and leaves `busy`; or does not count it. */
function becomeUser(
  vcpu: Vcpu,
  domain: Domain,
  head: number,
  add: number,
  preemptible: boolean,
  without: number,
): number {
  const { host } = vcpu;
  const words = host.superpage;
  const index = stateIndex(host, head);
  const word = words.load(index);
  const rc = acquire(vcpu, domain, head, target(host, word + add), preemptible, without);
  if (rc === 0) {
    host.perf.superpageGets++;
    words.store(index, (word + add) & ~SEALED_busy);
  } else if (rc === -EINTR) {
    leaveUnfinished(vcpu, head, word, without);
  } else {
    settle(vcpu, head, preemptible, without);
  }
  return rc;
}

/**
 * Takes an entry away; the references go when those who remain do not need them.
 *
 * @param word - the state word as the caller has just read it.
 */
function removeUser(
  vcpu: Vcpu,
  head: number,
  remove: number,
  sufficient: number,
  preemptible: boolean,
  without: number,
  word: number,
): number {
  const { host } = vcpu;
  const words = host.superpage;
  const index = stateIndex(host, head);
  let x = word;
  let decided = x;
  for (;;) {
    if ((x & SEALED_busy) !== 0 && (without & CHECK_busy_remove) === 0) {
      x = words.waitWhile(index, x);
      decided = x;
      continue;
    }
    const falls = ((decided - remove) & sufficient) === 0;
    const busy = falls && (without & CHECK_busy_in_swap) === 0 ? SEALED_busy : 0;
    const seen = words.compareAndSwap(index, x, (x - remove) | busy);
    if (seen === x) {
      host.perf.superpagePuts++;
      return falls ? settle(vcpu, head, preemptible, without) : 0;
    }
    x = seen;
    if ((without & CHECK_fresh_remove) === 0) decided = x;
  }
}

/** Takes `clear` out of the word of a domain's superpage, and gives back what is not needed then. */
function clearAndTrim(
  vcpu: Vcpu,
  slot: number,
  head: number,
  clear: number,
  preemptible: boolean,
  without: number,
): number {
  const { host } = vcpu;
  const words = host.superpage;
  const index = stateIndex(host, head);
  let x = words.load(index);
  for (;;) {
    // It may have gone to another domain meanwhile, or to nobody.
    if (x === 0 || (wordOwner(x) !== slot && (without & CHECK_owner_trim) === 0)) return 0;
    if ((x & SEALED_busy) !== 0 && (without & CHECK_busy_trim) === 0) {
      x = words.waitWhile(index, x);
      continue;
    }
    const seen = words.compareAndSwap(index, x, (x & ~clear) | SEALED_busy);
    if (seen === x) {
      if ((x & clear) !== 0) host.perf.superpagePuts++;
      return settle(vcpu, head, preemptible, without);
    }
    x = seen;
  }
}

function sealedScheme(name: SchemeName, strict: boolean, without: number): Scheme {
  return {
    name,
    marks: true,
    wordsPerSuperpage: SEALED_WORDS,

    map(vcpu, domain, head, writable, preemptible) {
      if (domain.load(DOMAIN_state) === DOMSTATE_dying && (without & CHECK_dying_map) === 0) {
        return vcpu.host.refuse("map: a dying domain", head, -ESRCH);
      }
      const add = writable ? SEALED_writer : SEALED_reader;
      const most = writable ? SEALED_writers_mask : SEALED_readers_mask;
      const sufficient = writable ? NEED_ALL : NEED_ANY;
      const { host } = vcpu;
      const words = host.superpage;
      const index = stateIndex(host, head);
      let x = words.load(index);
      if (without === 0 && isOneSwap(x, domain.slot, most, sufficient)) {
        const seen = words.compareAndSwap(index, x, x + add);
        if (seen === x) {
          host.perf.superpageGets++;
          return 0;
        }
        x = seen;
      }
      return addUser(vcpu, domain, head, add, most, sufficient, preemptible, without, x);
    },

    unmap(vcpu, head, writable, preemptible) {
      const remove = writable ? SEALED_writer : SEALED_reader;
      const sufficient = writable ? NEED_ALL : NEED_ANY;
      const { host } = vcpu;
      const words = host.superpage;
      const index = stateIndex(host, head);
      let x = words.load(index);
      if (without === 0 && isOneSwapLess(x, remove, sufficient)) {
        const seen = words.compareAndSwap(index, x, x - remove);
        if (seen === x) {
          host.perf.superpagePuts++;
          return 0;
        }
        x = seen;
      }
      return removeUser(vcpu, head, remove, sufficient, preemptible, without, x);
    },

    mark(vcpu, domain, head, preemptible) {
      const rc = addUser(
        vcpu,
        domain,
        head,
        SEALED_mark,
        SEALED_mark,
        NEED_ALL,
        preemptible,
        without,
        vcpu.host.superpage.load(stateIndex(vcpu.host, head)),
      );
      if (rc !== 0 || domain.load(DOMAIN_state) !== DOMSTATE_dying || (without & CHECK_dying_mark) !== 0) return rc;
      // Destruction may have passed this superpage already: then nobody would ever clear the mark.
      clearAndTrim(vcpu, domain.slot, head, SEALED_mark, preemptible, without);
      return vcpu.host.refuse("mark: a dying domain", head, -ESRCH);
    },

    unmark(vcpu, domain, head, preemptible) {
      const { host } = vcpu;
      const words = host.superpage;
      const index = stateIndex(host, head);
      let x = words.load(index);
      let decided = x;
      for (;;) {
        if (wordOwner(x) !== domain.slot && (without & CHECK_owner_unmark) === 0) {
          return host.refuse("unmark: not marked by this domain", head, -EINVAL);
        }
        if ((x & SEALED_busy) !== 0 && (without & CHECK_busy_unmark) === 0) {
          x = words.waitWhile(index, x);
          decided = x;
          continue;
        }
        if ((x & SEALED_mark) === 0 && (without & CHECK_not_marked) === 0) {
          return host.refuse("unmark: not marked", head, -EINVAL);
        }
        if (strict && (x & (SEALED_readers_mask | SEALED_writers_mask)) !== 0) {
          return host.refuse("unmark: superpage entries exist", head, -EBUSY);
        }
        const falls = target(host, decided & ~SEALED_mark) < target(host, decided);
        const busy = falls && (without & CHECK_busy_in_swap) === 0 ? SEALED_busy : 0;
        const seen = words.compareAndSwap(index, x, (x & ~SEALED_mark) | busy);
        if (seen === x) {
          host.perf.superpagePuts++;
          if (falls) settle(vcpu, head, preemptible, without);
          return 0;
        }
        x = seen;
        if ((without & CHECK_fresh_unmark) === 0) decided = x;
      }
    },

    relinquish(vcpu, domain, head, preemptible) {
      return clearAndTrim(vcpu, domain.slot, head, SEALED_mark, preemptible, without);
    },

    trim(vcpu, slot, head, preemptible) {
      return clearAndTrim(vcpu, slot, head, 0, preemptible, without);
    },

    leftOver(host, slot, head) {
      const word = host.superpage.load(stateIndex(host, head));
      return wordOwner(word) === slot && loadHeld(host, head) > target(host, word);
    },

    state(host, head) {
      const word = host.superpage.load(stateIndex(host, head));
      const writers = word & SEALED_writers_mask;
      const readers = (word & SEALED_readers_mask) >>> SEALED_readers_shift;
      const marked = (word & SEALED_mark) !== 0;
      return {
        type: marked ? "mark" : writers + readers > 0 ? "dynamic" : "none",
        count: writers + readers,
        marked,
        busy: (word & SEALED_busy) !== 0,
      };
    },
  };
}

/** Unmark is refused with EBUSY while superpage entries exist. */
export const sealed: Scheme = sealedScheme("sealed", true, 0);
/** Unmark takes the mark away at once, and the references go with the last entry. */
export const sealedDeferred: Scheme = sealedScheme("sealed-deferred", false, 0);

/**
 * `sealed` or `sealed-deferred` with one of its checks taken out: for tests only, which show what each check is for. It
 * goes by the name of the whole scheme, and no name finds it.
 */
export function sealedWithout(check: SealedCheck, name: "sealed" | "sealed-deferred" = "sealed"): Scheme {
  return sealedScheme(name, name === "sealed", checkBit(check));
}
