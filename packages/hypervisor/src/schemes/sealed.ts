import { DOMAIN_state, DOMSTATE_dying } from "../domain-words.ts";
import { EBUSY, EINVAL, ESRCH } from "../errno.ts";
import { type Domain, type Host, type Vcpu } from "../host.ts";
import { getPage, putPage } from "../page-references.ts";
import type { Scheme, SchemeName } from "../scheme.ts";
import {
  SEALED_busy,
  SEALED_mark,
  SEALED_owner_mask,
  SEALED_owner_shift,
  SEALED_reader,
  SEALED_readers_mask,
  SEALED_readers_shift,
  SEALED_writer,
  SEALED_writers_mask,
} from "../sealed-info.ts";
import { getSuperpageFrames, getSuperpageTypes, putSuperpageFrames, putSuperpageTypes } from "../superpage-frames.ts";

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
 * and `held` (frames with a general reference + frames with a writable one), which is written only under `busy`.
 *
 *                  needs more than is held                 target falls below what is held
 *   ┌──────┐  ───────────────────────────────►  ┌──────┐  ◄───────────────────────────────  ┌──────┐
 *   │ idle │                                    │ busy │                                    │ idle │
 *   └──────┘  ◄───────────────────────────────  └──────┘  ───────────────────────────────►  └──────┘
 *       │ ▲           taken, or undone                              dropped
 *       └─┘ one swap: an entry or mark more or less, when what is held suffices
 *
 * Rules that the safety rests on:
 *  - References come before the entry on the way in; the entry goes before the references on the way out.
 *  - While idle, what is held is at least the target. (More may be left over after an interruption; less never.)
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

/** Words for each superpage: the state word, then `held`. */
const WORDS = 2;
const STATE = 0;
const HELD = 1;

function stateIndex(host: Host, head: number): number {
  return (head >> host.superpageOrder) * WORDS + STATE;
}

/** References that the users in a state word need: general ones first, then writable ones. */
function target(host: Host, word: number): number {
  const frames = 1 << host.superpageOrder;
  if ((word & (SEALED_writers_mask | SEALED_mark)) !== 0) return 2 * frames;
  return (word & SEALED_readers_mask) !== 0 ? frames : 0;
}

function wordOwner(word: number): number {
  return (word & SEALED_owner_mask) >>> SEALED_owner_shift;
}

/** Users in a word: entries and the mark. */
function unused(word: number): boolean {
  return (word & (SEALED_mark | SEALED_readers_mask | SEALED_writers_mask)) === 0;
}

/** Takes or drops references under `busy` until `wanted` are held; what is refused leaves `held` as far as it came. */
function acquire(vcpu: Vcpu, domain: Domain, head: number, wanted: number): number {
  const { host } = vcpu;
  const frames = 1 << host.superpageOrder;
  const words = host.superpage;
  const index = stateIndex(host, head) - STATE + HELD;
  let held = words.load(index);
  if (held < frames && wanted > held) {
    // Frame 0's general reference is the one that was taken before `busy`.
    if (getSuperpageFrames(vcpu, domain, head + held, head + frames, false) !== 0) return -EINVAL;
    held = frames;
    words.store(index, held);
  }
  if (held < wanted) {
    if (getSuperpageTypes(vcpu, head + (held - frames), head + frames) !== 0) return -EINVAL;
    words.store(index, wanted);
  }
  return 0;
}

/**
 * Under `busy`: drops what the users in the word do not need, and leaves `busy`. When nobody is left the word becomes
 * zero first and the lead frame's general reference goes last.
 */
function settle(vcpu: Vcpu, head: number): void {
  const { host } = vcpu;
  const frames = 1 << host.superpageOrder;
  const words = host.superpage;
  const index = stateIndex(host, head);
  // Nobody else changes a busy word, so it is read once.
  const word = words.load(index);
  const wanted = target(host, word);
  let held = words.load(index + HELD);
  if (held > frames && wanted < held) {
    const keep = Math.max(frames, wanted);
    putSuperpageTypes(vcpu, head + (keep - frames), head + (held - frames));
    held = keep;
  }
  if (wanted < held) {
    const keep = Math.max(1, wanted);
    if (keep < held) putSuperpageFrames(vcpu, head + keep, head + held, false);
    held = keep;
  }
  if (unused(word)) {
    words.store(index + HELD, 0);
    words.store(index, 0);
    host.perf.framePuts++;
    putPage(host, head);
  } else {
    words.store(index + HELD, held);
    words.store(index, word & ~SEALED_busy);
  }
}

/**
 * Adds a user: a writable entry, a read-only one, or the mark.
 *
 * @param add - what is added to the word.
 * @param most - the field that must not be full, as a mask.
 */
function addUser(vcpu: Vcpu, domain: Domain, head: number, add: number, most: number): number {
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
      words.store(index + HELD, 1);
      return becomeUser(vcpu, domain, head, add);
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
    if (!enough) return becomeUser(vcpu, domain, head, add);
    host.perf.superpageGets++;
    return 0;
  }
}

/** Under `busy`: takes what is missing for one more user, counts it and leaves `busy`; or undoes and refuses. */
function becomeUser(vcpu: Vcpu, domain: Domain, head: number, add: number): number {
  const { host } = vcpu;
  const words = host.superpage;
  const index = stateIndex(host, head);
  const word = words.load(index);
  const rc = acquire(vcpu, domain, head, target(host, word + add));
  if (rc !== 0) {
    settle(vcpu, head);
    return rc;
  }
  host.perf.superpageGets++;
  words.store(index, (word + add) & ~SEALED_busy);
  return 0;
}

/** Takes a user away; the references go when those who remain do not need them. */
function removeUser(vcpu: Vcpu, head: number, remove: number): void {
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
      if (falls) settle(vcpu, head);
      return;
    }
    x = seen;
  }
}

function sealedScheme(name: SchemeName, strict: boolean): Scheme {
  return {
    name,
    marks: true,
    wordsPerSuperpage: WORDS,

    map(vcpu, domain, head, writable) {
      if (domain.load(DOMAIN_state) === DOMSTATE_dying) return vcpu.host.refuse("map: a dying domain", head, -ESRCH);
      return writable
        ? addUser(vcpu, domain, head, SEALED_writer, SEALED_writers_mask)
        : addUser(vcpu, domain, head, SEALED_reader, SEALED_readers_mask);
    },

    unmap(vcpu, head, writable) {
      removeUser(vcpu, head, writable ? SEALED_writer : SEALED_reader);
    },

    mark(vcpu, domain, head) {
      if (domain.load(DOMAIN_state) === DOMSTATE_dying) return vcpu.host.refuse("mark: a dying domain", head, -ESRCH);
      return addUser(vcpu, domain, head, SEALED_mark, SEALED_mark);
    },

    unmark(vcpu, domain, head) {
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
          if (falls) settle(vcpu, head);
          return 0;
        }
        x = seen;
      }
    },

    relinquish(vcpu, domain, head) {
      const { host } = vcpu;
      const index = stateIndex(host, head);
      let x = host.superpage.load(index);
      for (;;) {
        if (wordOwner(x) !== domain.slot || (x & SEALED_mark) === 0) return;
        if ((x & SEALED_busy) !== 0) {
          x = host.superpage.waitWhile(index, x);
          continue;
        }
        removeUser(vcpu, head, SEALED_mark);
        return;
      }
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
