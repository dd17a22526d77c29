import fc from "fast-check";
import { expect, it } from "vitest";
import { PGC_allocated, PGC_count_mask, PGC_state_free } from "../src/count-info.ts";
import { EINVAL, type Host } from "../src/index.ts";
import { loadStamp, storeOwner } from "../src/owner-info.ts";
import { getPage, putPage } from "../src/page-references.ts";
import { getPageType, putPageType } from "../src/page-types.ts";
import {
  getSuperpageFrames,
  getSuperpageTypes,
  putSuperpageFrames,
  putSuperpageTypes,
} from "../src/superpage-frames.ts";
import {
  PGT_count_mask,
  PGT_l1_page_table,
  PGT_l2_page_table,
  PGT_locked,
  PGT_seg_desc_page,
  PGT_validated,
  PGT_writable_page,
} from "../src/type-info.ts";
import { type SmallGuest, everyWord, guestAt, smallHost } from "./small-host.ts";

/*
 * The loops over a superpage's frames are written out for speed. Here they are held equal to the general path: get_page
 * and get_page_type one by one, in every state that a frame can be in.
 */

const WRITABLE = PGT_writable_page | PGT_validated;

const counts = fc.constantFrom(
  PGC_allocated | 1,
  PGC_allocated | 2,
  PGC_allocated | 9,
  2,
  PGC_allocated | (PGC_count_mask - 2),
  PGC_allocated | (PGC_count_mask - 1),
  PGC_allocated | PGC_count_mask,
  PGC_state_free,
);
const types = fc.constantFrom(
  0,
  WRITABLE,
  WRITABLE,
  WRITABLE | 1,
  WRITABLE | 2,
  WRITABLE | PGT_locked | 3,
  WRITABLE | (PGT_count_mask - 1),
  WRITABLE | PGT_count_mask,
  PGT_writable_page,
  PGT_l1_page_table,
  PGT_l1_page_table | PGT_validated | 1,
  PGT_l2_page_table | PGT_validated | 3,
  PGT_seg_desc_page | PGT_validated,
  PGT_seg_desc_page | PGT_validated | 1,
);
const states = fc.array(fc.record({ count: counts, type: types, own: fc.constant(true) }), {
  minLength: 8,
  maxLength: 8,
});
/** Mostly frames that grant everything, so that refusals come late as well as early. */
const mixed = fc.tuple(states, fc.nat(8), fc.nat(9)).map(([frames, odd, foreign]) =>
  frames.map((state, i) => ({
    ...(i === odd || odd === 8 ? state : { count: PGC_allocated | 2, type: i % 3 === 0 ? 0 : WRITABLE | (i % 4) }),
    own: i !== foreign,
  })),
);

type Frames = { readonly count: number; readonly type: number; readonly own: boolean }[];

function hostIn(frames: Frames): SmallGuest {
  const host: Host = smallHost({ superpageOrder: 3, superpages: 3 });
  const guest = guestAt(host, 1, 2, {});
  for (const [i, { count, type, own }] of frames.entries()) {
    host.count.store(guest.start + i, count);
    host.type.store(guest.start + i, type);
    if (!own) storeOwner(host.owner, guest.start + i, 2);
  }
  return guest;
}

/** The general path: all or nothing, one frame after the other. */
function getOneByOne({ host, vcpu, domain, start }: SmallGuest, writable: boolean): number {
  for (let i = 0; i < 8; i++) {
    if (getPage(host, start + i, domain.slot)) {
      if (!writable || getPageType(vcpu, start + i, PGT_writable_page, false) === 0) continue;
      putPage(host, start + i);
    }
    for (let done = 0; done < i; done++) putOne(host, vcpu, start + done, writable);
    return -EINVAL;
  }
  return 0;
}

function putOne(host: Host, vcpu: SmallGuest["vcpu"], frame: number, writable: boolean): void {
  if (writable) putPageType(vcpu, frame, false);
  putPage(host, frame);
}

/** Every word, and the TLB stamps, which that leaves out. */
function everything(host: Host): string {
  const stamps = Array.from({ length: host.frames }, (_, frame) => loadStamp(host.owner, frame));
  return `${everyWord(host)} stamps ${stamps.join()}`;
}

it.each([true, false])("taking the frames, writable %s, is the same as taking them one by one", (writable) => {
  const seen = new Set<number>();
  fc.assert(
    fc.property(mixed, (frames) => {
      const fast = hostIn(frames);
      const slow = hostIn(frames);
      const rc = getSuperpageFrames(fast.vcpu, fast.domain, fast.start, fast.start + 8, writable);
      seen.add(rc);
      expect(rc).toBe(getOneByOne(slow, writable));
      expect(everything(fast.host)).toBe(everything(slow.host));
      const taken = rc === 0 ? 8 : fast.host.perf.framePuts;
      expect(fast.host.perf.frameGets).toBe(taken);
      expect(fast.host.perf.typeGets).toBe(writable ? taken : 0);
    }),
    { numRuns: 500, seed: 2010 },
  );
  expect([...seen].sort((a, b) => a - b)).toEqual([-EINVAL, 0]);
});

it.each([true, false])(
  "giving the frames back, writable %s, is the same as giving them back one by one",
  (writable) => {
    fc.assert(
      fc.property(states, (frames) => {
        const fast = hostIn(frames);
        const slow = hostIn(frames);
        putSuperpageFrames(fast.vcpu, fast.start, fast.start + 8, writable);
        for (let i = 0; i < 8; i++) putOne(slow.host, slow.vcpu, slow.start + i, writable);
        expect(everything(fast.host)).toBe(everything(slow.host));
        expect([fast.host.perf.framePuts, fast.host.perf.typePuts]).toEqual([8, writable ? 8 : 0]);
      }),
      { numRuns: 500, seed: 2010 },
    );
  },
);

it("type references alone are taken all or none, and given back", () => {
  fc.assert(
    fc.property(mixed, (frames) => {
      const fast = hostIn(frames);
      const slow = hostIn(frames);
      const rc = getSuperpageTypes(fast.vcpu, fast.start, fast.start + 8);
      let expected = 0;
      for (let i = 0; i < 8 && expected === 0; i++) {
        if (getPageType(slow.vcpu, slow.start + i, PGT_writable_page, false) === 0) continue;
        for (let done = 0; done < i; done++) putPageType(slow.vcpu, slow.start + done, false);
        expected = -EINVAL;
      }
      expect(rc).toBe(expected);
      expect(everything(fast.host)).toBe(everything(slow.host));
      if (rc !== 0) return;
      putSuperpageTypes(fast.vcpu, fast.start, fast.start + 8);
      for (let i = 0; i < 8; i++) putPageType(slow.vcpu, slow.start + i, false);
      expect(everything(fast.host)).toBe(everything(slow.host));
    }),
    { numRuns: 300, seed: 2010 },
  );
});
