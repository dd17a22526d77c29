import * as errno from "../errno.ts";
import type { Domain, Vcpu } from "../host.ts";
import type { Scheme } from "../scheme.ts";
import { getSuperpageFrames, putSuperpageFrames } from "../superpage-frames.ts";
import * as superpageInfo from "../superpage-info.ts";

// Constants of this module, which the compiler folds into its code: see "Hot paths" in docs/benchmarks.md.
const { EINVAL } = errno;
const { SGT_count_mask, SGT_dynamic, SGT_mark, SGT_none, SGT_type_mask } = superpageInfo;

/*
 * `xen-4.1`: what Xen shipped from 4.1 to 4.9. One word for each superpage.
 *
 *            map: take frames        mark
 *   ┌──────┐ ───────────────► ┌─────────┐ ─────► ┌──────┐
 *   │ none │                  │ dynamic │        │ mark │ ◄─┐ map, unmap
 *   └──────┘ ◄─────────────── └─────────┘ ◄───── └──────┘ ──┘
 *            last unmap: drop    ▲ │      unmark
 *                                └─┘ map, unmap
 *
 * Each operation is a loop: read the word, compute a new one, swap; on failure again with the value seen. Whether the
 * frames' references have been taken, or are to be dropped, is a flag declared before the loop and set where the table
 * in `xen-facts.md` 5.3 says, and nowhere else: the retry structure is what is to be examined, so it is kept as it was
 * published, with what follows from it.
 *
 * Cost: one swap for a map or unmap while the superpage is in use or marked; O(frames) for the first and the last.
 * One departure: a count at its limit is refused with EINVAL (Xen's 61-bit count cannot get there; 29 bits can).
 */

function spageIndex(vcpu: Vcpu, head: number): number {
  return head >> vcpu.host.superpageOrder;
}

function getFrames(vcpu: Vcpu, domain: Domain, head: number): boolean {
  return getSuperpageFrames(vcpu, domain, head, head + (1 << vcpu.host.superpageOrder), true) === 0;
}

function putFrames(vcpu: Vcpu, head: number): void {
  putSuperpageFrames(vcpu, head, head + (1 << vcpu.host.superpageOrder), true);
}

/** The scheme of Xen 4.1 to 4.9. */
export const xen41: Scheme = {
  name: "xen-4.1",
  marks: true,
  wordsPerSuperpage: 1,

  map(vcpu, domain, head) {
    const words = vcpu.host.superpage;
    const index = spageIndex(vcpu, head);
    let framesTaken = false;
    let y = words.load(index);
    for (;;) {
      const x = y;
      let nx = x + 1;
      if ((nx & SGT_count_mask) === 0) {
        if (framesTaken) putFrames(vcpu, head);
        return -EINVAL;
      }
      if ((x & SGT_type_mask) !== SGT_none) {
        if (framesTaken) {
          putFrames(vcpu, head);
          framesTaken = false;
        }
      } else {
        if (!getFrames(vcpu, domain, head)) {
          vcpu.host.noteRefusal("map: a frame was refused", head, -EINVAL);
          return -EINVAL;
        }
        framesTaken = true;
        nx = (nx & ~SGT_type_mask) | SGT_dynamic;
      }
      y = words.compareAndSwap(index, x, nx);
      if (y === x) break;
    }
    vcpu.host.perf.superpageGets++;
    return 0;
  },

  unmap(vcpu, head) {
    const words = vcpu.host.superpage;
    const index = spageIndex(vcpu, head);
    let dropFrames = false;
    let y = words.load(index);
    for (;;) {
      const x = y;
      let nx = x - 1;
      if ((x & SGT_type_mask) === SGT_dynamic && (nx & SGT_count_mask) === 0) {
        nx = (nx & ~SGT_type_mask) | SGT_none;
        dropFrames = true;
      }
      y = words.compareAndSwap(index, x, nx);
      if (y === x) break;
    }
    vcpu.host.perf.superpagePuts++;
    if (dropFrames) putFrames(vcpu, head);
    return 0;
  },

  mark(vcpu, domain, head) {
    const words = vcpu.host.superpage;
    const index = spageIndex(vcpu, head);
    let framesTaken = false;
    let y = words.load(index);
    for (;;) {
      const x = y;
      const nx = ((x + 1) & ~SGT_type_mask) | SGT_mark;
      if ((x & SGT_type_mask) === SGT_mark || ((x + 1) & SGT_count_mask) === 0) {
        if (framesTaken) putFrames(vcpu, head);
        return (x & SGT_type_mask) === SGT_mark
          ? vcpu.host.refuse("mark: marked already", head, -EINVAL)
          : vcpu.host.refuse("mark: the count is at its limit", head, -EINVAL);
      }
      if ((x & SGT_type_mask) === SGT_dynamic) {
        if (framesTaken) {
          putFrames(vcpu, head);
          framesTaken = false;
        }
      } else if (!framesTaken) {
        if (!getFrames(vcpu, domain, head)) {
          vcpu.host.noteRefusal("mark: a frame was refused", head, -EINVAL);
          return -EINVAL;
        }
        framesTaken = true;
      }
      y = words.compareAndSwap(index, x, nx);
      if (y === x) break;
    }
    vcpu.host.perf.superpageGets++;
    return 0;
  },

  unmark(vcpu, _domain, head) {
    const words = vcpu.host.superpage;
    const index = spageIndex(vcpu, head);
    let dropFrames = false;
    let y = words.load(index);
    for (;;) {
      const x = y;
      if ((x & SGT_type_mask) !== SGT_mark) return vcpu.host.refuse("unmark: not marked", head, -EINVAL);
      let nx = (x - 1) & ~SGT_type_mask;
      if ((nx & SGT_count_mask) === 0) {
        nx |= SGT_none;
        dropFrames = true;
      } else {
        nx |= SGT_dynamic;
      }
      y = words.compareAndSwap(index, x, nx);
      if (y === x) break;
    }
    vcpu.host.perf.superpagePuts++;
    if (dropFrames) putFrames(vcpu, head);
    return 0;
  },

  relinquish(vcpu, domain, head) {
    if ((vcpu.host.superpage.load(spageIndex(vcpu, head)) & SGT_type_mask) === SGT_mark) {
      this.unmark(vcpu, domain, head, false);
    }
    return 0;
  },

  trim: () => 0,

  leftOver: () => false,

  state(host, head) {
    const word = host.superpage.load(head >> host.superpageOrder);
    const type = word & SGT_type_mask;
    return {
      type: type === SGT_mark ? "mark" : type === SGT_dynamic ? "dynamic" : "none",
      count: word & SGT_count_mask,
      marked: type === SGT_mark,
      busy: false,
    };
  },
};
