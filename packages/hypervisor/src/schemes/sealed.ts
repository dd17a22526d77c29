import { DOMAIN_state, DOMSTATE_dying } from "../domain-words.ts";
import { EBUSY, EINTR, EINVAL, ESRCH } from "../errno.ts";
import { type Domain, type Vcpu } from "../host.ts";
import { getPage, putPage } from "../page-references.ts";
import type { Scheme, SchemeName } from "../scheme.ts";
import {
  SEALED_busy,
  SEALED_mark,
  SEALED_owner_shift,
  SEALED_reader,
  SEALED_readers_mask,
  SEALED_readers_shift,
  SEALED_writer,
  SEALED_writers_mask,
} from "../sealed-info.ts";
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
 * refused with EBUSY.
 *
 * An unmark while superpage entries exist is refused with EBUSY (`sealed`), or takes effect at once for the mark and
 * for the references when the last entry goes (`sealed-deferred`).
 *
 * Cost: one swap for a map or unmap while what is held suffices; O(frames) when the first user comes or the last goes.
 */

/**
 * Adds a user: a writable entry, a read-only one, or the mark.
 *
 * @param add - what is added to the word.
 * @param most - the field that must not be full, as a mask.
 */
function addUser(vcpu: Vcpu, domain: Domain, head: number, add: number, most: number, preemptible: boolean): number {
  const { host } = vcpu;
  const words = host.superpage;
  const index = stateIndex(host, head);
  let x = words.load(index);
  for (;;) {
    if (x === 0) {
      // Nothing is held. The lead frame first: it says whose the superpage is, and keeps it so.
      if (!getPage(host, head, domain.slot)) return -EINVAL;
      const seen = words.compareAndSwap(index, 0, SEALED_busy | (domain.slot << SEALED_owner_shift));
      if (seen !== 0) {
        putPage(host, head);
        x = seen;
        continue;
      }
      host.perf.frameGets++;
      storeHeld(host, head, 1);
      return becomeUser(vcpu, domain, head, add, preemptible);
    }
    if (wordOwner(x) !== domain.slot) return host.refuse("sealed: another's superpage", head, -EINVAL);
    if ((x & SEALED_busy) !== 0) {
      x = words.waitWhile(index, x);
      continue;
    }
    if ((x & most) === most) {
      return most === SEALED_mark
        ? host.refuse("mark: marked already", head, -EINVAL)
        : host.refuse("map: the count is at its limit", head, -EBUSY);
    }
    const enough = target(host, x + add) <= target(host, x);
    const seen = words.compareAndSwap(index, x, enough ? x + add : x | SEALED_busy);
    if (seen !== x) {
      x = seen;
      continue;
    }
    if (!enough) return becomeUser(vcpu, domain, head, add, preemptible);
    host.perf.superpageGets++;
    return 0;
  }
}

/** Under `busy`: takes what is missing for one more user, counts it and leaves `busy`; or does not count it. */
function becomeUser(vcpu: Vcpu, domain: Domain, head: number, add: number, preemptible: boolean): number {
  const { host } = vcpu;
  const words = host.superpage;
  const index = stateIndex(host, head);
  const word = words.load(index);
  const rc = acquire(vcpu, domain, head, target(host, word + add), preemptible);
  if (rc === 0) {
    host.perf.superpageGets++;
    words.store(index, (word + add) & ~SEALED_busy);
  } else if (rc === -EINTR) {
    leaveUnfinished(vcpu, head, word);
  } else {
    settle(vcpu, head, preemptible);
  }
  return rc;
}

/** Takes an entry away; the references go when those who remain do not need them. */
function removeUser(vcpu: Vcpu, head: number, remove: number, preemptible: boolean): number {
  const { host } = vcpu;
  const words = host.superpage;
  const index = stateIndex(host, head);
  let x = words.load(index);
  for (;;) {
    if ((x & SEALED_busy) !== 0) {
      x = words.waitWhile(index, x);
      continue;
    }
    const nx = x - remove;
    const falls = target(host, nx) < target(host, x);
    const seen = words.compareAndSwap(index, x, falls ? nx | SEALED_busy : nx);
    if (seen === x) {
      host.perf.superpagePuts++;
      return falls ? settle(vcpu, head, preemptible) : 0;
    }
    x = seen;
  }
}

/** Takes `clear` out of the word of a domain's superpage, and gives back what is not needed then. */
function clearAndTrim(vcpu: Vcpu, slot: number, head: number, clear: number, preemptible: boolean): number {
  const { host } = vcpu;
  const words = host.superpage;
  const index = stateIndex(host, head);
  let x = words.load(index);
  for (;;) {
    // It may have gone to another domain meanwhile, or to nobody.
    if (wordOwner(x) !== slot) return 0;
    if ((x & SEALED_busy) !== 0) {
      x = words.waitWhile(index, x);
      continue;
    }
    const seen = words.compareAndSwap(index, x, (x & ~clear) | SEALED_busy);
    if (seen === x) {
      if ((x & clear) !== 0) host.perf.superpagePuts++;
      return settle(vcpu, head, preemptible);
    }
    x = seen;
  }
}

function sealedScheme(name: SchemeName, strict: boolean): Scheme {
  return {
    name,
    marks: true,
    wordsPerSuperpage: SEALED_WORDS,

    map(vcpu, domain, head, writable, preemptible) {
      if (domain.load(DOMAIN_state) === DOMSTATE_dying) return vcpu.host.refuse("map: a dying domain", head, -ESRCH);
      return writable
        ? addUser(vcpu, domain, head, SEALED_writer, SEALED_writers_mask, preemptible)
        : addUser(vcpu, domain, head, SEALED_reader, SEALED_readers_mask, preemptible);
    },

    unmap(vcpu, head, writable, preemptible) {
      return removeUser(vcpu, head, writable ? SEALED_writer : SEALED_reader, preemptible);
    },

    mark(vcpu, domain, head, preemptible) {
      const rc = addUser(vcpu, domain, head, SEALED_mark, SEALED_mark, preemptible);
      if (rc !== 0 || domain.load(DOMAIN_state) !== DOMSTATE_dying) return rc;
      // Destruction may have passed this superpage already: then nobody would ever clear the mark.
      clearAndTrim(vcpu, domain.slot, head, SEALED_mark, preemptible);
      return vcpu.host.refuse("mark: a dying domain", head, -ESRCH);
    },

    unmark(vcpu, domain, head, preemptible) {
      const { host } = vcpu;
      const words = host.superpage;
      const index = stateIndex(host, head);
      let x = words.load(index);
      for (;;) {
        if (wordOwner(x) !== domain.slot) return host.refuse("unmark: not marked by this domain", head, -EINVAL);
        if ((x & SEALED_busy) !== 0) {
          x = words.waitWhile(index, x);
          continue;
        }
        if ((x & SEALED_mark) === 0) return host.refuse("unmark: not marked", head, -EINVAL);
        if (strict && (x & (SEALED_readers_mask | SEALED_writers_mask)) !== 0) {
          return host.refuse("unmark: superpage entries exist", head, -EBUSY);
        }
        const nx = x & ~SEALED_mark;
        const falls = target(host, nx) < target(host, x);
        const seen = words.compareAndSwap(index, x, falls ? nx | SEALED_busy : nx);
        if (seen === x) {
          host.perf.superpagePuts++;
          if (falls) settle(vcpu, head, preemptible);
          return 0;
        }
        x = seen;
      }
    },

    relinquish(vcpu, domain, head, preemptible) {
      return clearAndTrim(vcpu, domain.slot, head, SEALED_mark, preemptible);
    },

    trim(vcpu, slot, head, preemptible) {
      return clearAndTrim(vcpu, slot, head, 0, preemptible);
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
export const sealed: Scheme = sealedScheme("sealed", true);
/** Unmark takes the mark away at once, and the references go with the last entry. */
export const sealedDeferred: Scheme = sealedScheme("sealed-deferred", false);
