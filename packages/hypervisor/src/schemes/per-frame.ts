import { EOPNOTSUPP } from "../errno.ts";
import type { Scheme } from "../scheme.ts";
import { getSuperpageFrames, putSuperpageFrames } from "../superpage-frames.ts";

/**
 * `per-frame`: a superpage entry takes references on each of its frames, as 512 entries of 4 KiB would.
 *
 * Read-only entries take general references only. There are no marks.
 * Models: `allowhugepage` @ Xen 4.0.0. Cost: O(frames) for each map and unmap.
 */
export const perFrame: Scheme = {
  name: "per-frame",
  marks: false,
  wordsPerSuperpage: 0,
  map(vcpu, domain, head, writable) {
    return getSuperpageFrames(vcpu, domain, head, head + (1 << vcpu.host.superpageOrder), writable);
  },
  unmap(vcpu, head, writable) {
    putSuperpageFrames(vcpu, head, head + (1 << vcpu.host.superpageOrder), writable);
    return 0;
  },
  mark() {
    return -EOPNOTSUPP;
  },
  unmark() {
    return -EOPNOTSUPP;
  },
  relinquish: () => 0,
  trim: () => 0,
  leftOver: () => false,
  state() {
    return { type: "none", count: 0, marked: false, busy: false };
  },
};
