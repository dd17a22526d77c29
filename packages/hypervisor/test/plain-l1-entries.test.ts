import { type WordsAllocator, allocatePlainWords, allocateSharedWords } from "@xsp/words";
import fc from "fast-check";
import { expect, it } from "vitest";
import { PGC_allocated, PGC_count_mask, PGC_state_free } from "../src/count-info.ts";
import { DOMAIN_dirty_cpus } from "../src/domain-words.ts";
import { loadStamp, storeOwner, storeStamp } from "../src/owner-info.ts";
import { pteHi, pteLo } from "../src/index.ts";
import { getPageType, putPageType } from "../src/page-types.ts";
import {
  PGT_count_mask,
  PGT_l1_page_table,
  PGT_locked,
  PGT_pinned,
  PGT_validated,
  PGT_writable_page,
} from "../src/type-info.ts";
import { type SmallGuest, everyWord, guestAt, smallHost } from "./small-host.ts";

/*
 * On a host of one thread L1 tables are validated and given up by a loop on bare arrays. Here it is held equal to what
 * is done for one entry at a time, on shared words: in every state that an entry and its frame can be in.
 */

const WRITABLE = PGT_writable_page | PGT_validated;
const ENTRIES = 8;
const TABLE = 8;

const frameState = fc.record({
  count: fc.constantFrom(
    PGC_allocated | 2,
    PGC_allocated | 2,
    PGC_allocated | 1,
    PGC_allocated | (PGC_count_mask - 2),
    PGC_allocated | (PGC_count_mask - 1),
    PGC_state_free,
  ),
  type: fc.constantFrom(
    0,
    0,
    WRITABLE,
    WRITABLE | 1,
    WRITABLE | 2,
    WRITABLE | (PGT_count_mask - 1),
    WRITABLE | PGT_count_mask,
    WRITABLE | PGT_locked | 3,
    PGT_l1_page_table,
    PGT_l1_page_table | PGT_validated | 1,
    PGT_l1_page_table | PGT_validated | PGT_pinned | 1,
  ),
  owner: fc.constantFrom("own", "own", "own", "own", "nobody", "io"),
});
const entry = fc.record({
  // The last two are beyond the host and beyond 32 bits.
  target: fc.oneof({ weight: 9, arbitrary: fc.nat(7) }, fc.constantFrom(2 ** 20, 2 ** 33)),
  flags: fc.constantFrom(
    0,
    0x23,
    0x27,
    0x67,
    0x21,
    0x25,
    0x123,
    0x863,
    0x87,
    0x1023,
    (1 << 22) | 0x27,
    (1 << 23) | 0x27,
  ),
});
const table = fc.record({
  frames: fc.array(frameState, { minLength: 8, maxLength: 8 }),
  entries: fc.array(entry, { minLength: ENTRIES, maxLength: ENTRIES }),
  dirty: fc.constantFrom(0, 0, 1),
  privileged: fc.boolean(),
});
/** Tables that are mostly fine, so that the loop gets on to where it stops. */
const mostlyFine = table.map((given) => ({
  ...given,
  frames: given.frames.map((frame, index) =>
    index % 3 === 0
      ? frame
      : { count: PGC_allocated | 2, type: index % 2 === 0 ? 0 : WRITABLE | 1, owner: "own" as const },
  ),
  entries: given.entries.map((each, index) => (index === 5 ? each : { target: each.target % 8, flags: 0x27 })),
}));

type Table = typeof table extends fc.Arbitrary<infer T> ? T : never;

function hostIn(
  { frames, entries, dirty, privileged }: Table,
  allocate: WordsAllocator,
  debugBuild: boolean,
): SmallGuest {
  const host = smallHost({ superpageOrder: 3, superpages: 4, tableOrder: 3, allocate, debugBuild });
  const guest = guestAt(host, 1, 3, { privileged });
  guest.domain.store(DOMAIN_dirty_cpus, dirty);
  for (const [i, { count, type, owner }] of frames.entries()) {
    const frame = guest.start + TABLE + i;
    host.count.store(frame, count);
    host.type.store(frame, type);
    // Dropped at the present time: whoever ran the domain since then may hold a translation.
    storeStamp(host.owner, frame, host.tlbClock);
    if (owner !== "own") storeOwner(host.owner, frame, owner === "io" ? 2 : 0);
  }
  for (const [slot, { target, flags }] of entries.entries()) {
    const frame = target < 8 ? guest.start + TABLE + target : target;
    host.memory.store(guest.start, slot, pteLo(frame, flags), pteHi(frame, flags));
  }
  return guest;
}

function stamps({ host }: SmallGuest): readonly number[] {
  return Array.from({ length: host.frames }, (_, frame) => loadStamp(host.owner, frame));
}

it.each([table, mostlyFine].flatMap((tables) => [false, true].map((debugBuild) => ({ tables, debugBuild }))))(
  "validating and giving up an L1 table is the same as doing it entry by entry (%#)",
  ({ tables, debugBuild }) => {
    const seen = new Map<number, number>();
    fc.assert(
      fc.property(tables, (given) => {
        const pair = [allocatePlainWords, allocateSharedWords].map((allocate) => hostIn(given, allocate, debugBuild));
        const [quick, general] = pair as [SmallGuest, SmallGuest];
        expect(quick.host.plainFrames).toBeDefined();
        expect(general.host.plainFrames).toBeUndefined();
        const same = (): void => {
          expect(everyWord(quick.host)).toBe(everyWord(general.host));
          expect(quick.host.perf).toEqual(general.host.perf);
          expect(stamps(quick)).toEqual(stamps(general));
        };
        const [rc, expected] = pair.map(({ vcpu, start }) => getPageType(vcpu, start, PGT_l1_page_table, false));
        expect(rc).toBe(expected);
        same();
        seen.set(rc ?? 1, (seen.get(rc ?? 1) ?? 0) + 1);
        if (rc !== 0) return;
        for (const { host, vcpu, start } of pair) {
          host.advanceTlbClock(host.tlbClock, host.tlbClock + 1);
          expect(putPageType(vcpu, start, false)).toBe(0);
        }
        same();
      }),
      { numRuns: 400, seed: 2010 },
    );
    if (tables === mostlyFine) expect(seen.get(0), "some are valid").toBeGreaterThan(20);
    expect(seen.size, "some are refused").toBeGreaterThan(1);
  },
);
