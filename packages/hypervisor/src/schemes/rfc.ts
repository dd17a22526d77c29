import { EBUSY, EINVAL } from "../errno.ts";
import type { Host } from "../host.ts";
import { getPage, putPage } from "../page-references.ts";
import { getPageType, putPageType } from "../page-types.ts";
import type { Scheme, SchemeName } from "../scheme.ts";
import { getSuperpageFrames, putSuperpageFrames } from "../superpage-frames.ts";
import { SGT_mark } from "../superpage-info.ts";
import { PGT_count_mask, PGT_writable_page } from "../type-info.ts";

/*
 * `rfc`: the scheme of the thread of April 2010.
 *
 * A mark sets a flag on the head frame and takes a writable reference on every frame. While the flag is set, a
 * superpage entry takes references on the head frame only. Marks do not nest. An unmarked superpage is accounted frame
 * by frame.
 *
 * The flag is read when an entry goes as well as when it comes, and nothing ties the two together: that is the open
 * question of the thread. It is reproduced here, not repaired. Two variants refuse an unmark while the head frame's
 * writable count says that something else than the mark (and, for a page in lowmem, the kernel's direct map) uses it.
 *
 * Source: xen-devel, "RFC: Superpage/hugepage performance improvement", April 2010.
 */

function marked(host: Host, head: number): boolean {
  return (host.superpage.load(head >> host.superpageOrder) & SGT_mark) !== 0;
}

function rfcScheme(name: SchemeName, busyOver: number): Scheme {
  return {
    name,
    marks: true,
    wordsPerSuperpage: 1,
    map(vcpu, domain, head, writable) {
      const { host } = vcpu;
      if (!marked(host, head)) {
        return getSuperpageFrames(vcpu, domain, head, head + (1 << host.superpageOrder), writable);
      }
      if (!getPage(host, head, domain.slot)) return -EINVAL;
      if (writable && getPageType(vcpu, head, PGT_writable_page, false) !== 0) {
        putPage(host, head);
        return -EINVAL;
      }
      host.perf.superpageGets++;
      return 0;
    },
    unmap(vcpu, head, writable) {
      const { host } = vcpu;
      if (!marked(host, head)) {
        putSuperpageFrames(vcpu, head, head + (1 << host.superpageOrder), writable);
        return 0;
      }
      if (writable) putPageType(vcpu, head, false);
      putPage(host, head);
      host.perf.superpagePuts++;
      return 0;
    },
    mark(vcpu, domain, head) {
      const { host } = vcpu;
      const index = head >> host.superpageOrder;
      const end = head + (1 << host.superpageOrder);
      if (marked(host, head)) return host.refuse("mark: marked already", head, -EINVAL);
      if (getSuperpageFrames(vcpu, domain, head, end, true) !== 0) return -EINVAL;
      if (host.superpage.compareAndSwap(index, 0, SGT_mark) !== 0) {
        putSuperpageFrames(vcpu, head, end, true);
        return -EINVAL;
      }
      host.perf.superpageGets++;
      return 0;
    },
    unmark(vcpu, _domain, head) {
      const { host } = vcpu;
      if (!marked(host, head)) return host.refuse("unmark: not marked", head, -EINVAL);
      if ((host.type.load(head) & PGT_count_mask) > busyOver) {
        return host.refuse("unmark: the head frame is in use", head, -EBUSY);
      }
      if (host.superpage.compareAndSwap(head >> host.superpageOrder, SGT_mark, 0) !== SGT_mark) return -EINVAL;
      putSuperpageFrames(vcpu, head, head + (1 << host.superpageOrder), true);
      host.perf.superpagePuts++;
      return 0;
    },
    relinquish(vcpu, _domain, head) {
      const { host } = vcpu;
      if (host.superpage.compareAndSwap(head >> host.superpageOrder, SGT_mark, 0) !== SGT_mark) return 0;
      putSuperpageFrames(vcpu, head, head + (1 << host.superpageOrder), true);
      host.perf.superpagePuts++;
      return 0;
    },
    trim: () => 0,
    leftOver: () => false,
    state(host, head) {
      const mark = marked(host, head);
      return { type: mark ? "mark" : "none", count: 0, marked: mark, busy: false };
    },
  };
}

/** The scheme as proposed: nothing looks at what still uses the superpage when it is unmarked. */
export const rfc: Scheme = rfcScheme("rfc", Number.POSITIVE_INFINITY);
/** Unmark is refused while the head frame's writable count exceeds 1. */
export const rfcBusyOver1: Scheme = rfcScheme("rfc-busy-over-1", 1);
/** Unmark is refused while the head frame's writable count exceeds 2. */
export const rfcBusyOver2: Scheme = rfcScheme("rfc-busy-over-2", 2);
