import { describe, expect, it } from "vitest";
import { MMUEXT_NEW_BASEPTR, audit, doSetGdt } from "../src/index.ts";
import { storeOwner } from "../src/owner-info.ts";
import { setOldSuperpage } from "../src/old-superpage.ts";
import { SEALED_busy, SEALED_mark, SEALED_owner_shift } from "../src/sealed-info.ts";
import { PGT_pinned, PGT_validated, PGT_writable_page } from "../src/type-info.ts";
import {
  BIG_RO,
  BIG_RW,
  RO,
  RW,
  type SmallGuest,
  allSchemes,
  build,
  expectClean,
  ext,
  mark,
  oneGuest,
  pin,
  update,
} from "./small-host.ts";

/*
 * The audit is the oracle of most tests, so here it is shown that it can fail: every single wrong word is reported, and
 * as the frame that it belongs to.
 */

/** One of everything: 24 L1 (12 writable, 13 read-only), 25 L2, 26 L3, 27 L4 root, superpages 8 and 16, GDT 20. */
function oneOfEverything(scheme: (typeof allSchemes)[number]): SmallGuest {
  const guest = oneGuest({ scheme });
  build(guest, 24, 0, 12, RW);
  build(guest, 24, 1, 13, RO);
  build(guest, 25, 0, 24, RW);
  build(guest, 25, 1, 8, BIG_RW);
  build(guest, 25, 2, 16, BIG_RO);
  build(guest, 26, 0, 25, RW);
  build(guest, 27, 0, 26, RW);
  if (guest.host.scheme.marks) expect(mark(guest.vcpu, 8)).toBe(0);
  expect([ext(guest.vcpu, MMUEXT_NEW_BASEPTR, 27), pin(guest.vcpu, 2, 25)]).toEqual([0, 0]);
  expect(doSetGdt(guest.vcpu, Int32Array.of(20), 8)).toBe(0);
  expectClean(guest.host);
  return guest;
}

const reported = ({ host }: SmallGuest): string[] => audit(host).map(({ mfn, word }) => `${word} ${mfn}`);
const frames = [...Array(28).keys()].map((i) => i + 4);

describe.each(allSchemes)("the audit under %s", (scheme) => {
  it("reports a general count that is one too high or too low, for exactly that frame", () => {
    const guest = oneOfEverything(scheme);
    for (const frame of frames) {
      for (const change of [1, -1]) {
        const word = guest.host.count.load(frame);
        guest.host.count.store(frame, word + change);
        expect(reported(guest)).toEqual([`count ${frame}`]);
        guest.host.count.store(frame, word);
      }
    }
    expectClean(guest.host);
  });

  it("reports a type count that is one too high or too low, for exactly that frame", () => {
    const guest = oneOfEverything(scheme);
    for (const frame of frames) {
      const word = guest.host.type.load(frame);
      guest.host.type.store(frame, word + 1);
      expect(reported(guest)).toContain(`type ${frame}`);
      if ((word & 0x7fffff) > 0) {
        guest.host.type.store(frame, word - 1);
        const found = reported(guest);
        expect(found).toContain(`type ${frame}`);
        // A table whose count is wrongly 0 is a table no more: what it refers to is missed too.
        if ((word & 0x7fffff) > 1) expect(found).toEqual([`type ${frame}`]);
      }
      guest.host.type.store(frame, word);
    }
    expectClean(guest.host);
  });

  it("reports a superpage word that is wrong", () => {
    const guest = oneOfEverything(scheme);
    const { superpage, scheme: found } = guest.host;
    // Xen's own superpage is left out: nothing is accounted for it.
    for (let index = found.wordsPerSuperpage; index < superpage.length; index++) {
      if (found.wordsPerSuperpage === 0) break;
      const word = superpage.load(index);
      // The rfc flag is the only bit of its word that says anything.
      superpage.store(index, scheme.startsWith("rfc") ? word ^ (1 << 30) : word + 1);
      const differences = audit(guest.host);
      const head = Math.floor(index / found.wordsPerSuperpage) * guest.size;
      expect(differences.length).toBeGreaterThan(0);
      for (const { mfn } of differences) expect([head, head + 1, head + 2, head + 3]).toContain(mfn);
      superpage.store(index, word);
    }
    expectClean(guest.host);
  });

  it("reports a frame whose owner is wrong or missing", () => {
    const guest = oneOfEverything(scheme);
    storeOwner(guest.host.owner, 14, 0);
    expect(audit(guest.host).length).toBeGreaterThan(0);
    storeOwner(guest.host.owner, 14, 9);
    expect(audit(guest.host)).toMatchObject([{ word: "domain" }, { word: "domain" }]);
    storeOwner(guest.host.owner, 14, guest.domain.slot);
    expectClean(guest.host);
  });

  it("reports an entry that appeared or went without Xen", () => {
    const guest = oneOfEverything(scheme);
    const { memory } = guest.host;
    for (const [table, slot, lo] of [
      [24, 0, 0],
      [24, 1, 0],
      [24, 0, (12 << 12) | RO],
      [24, 3, (14 << 12) | RW],
      [25, 1, 0],
      [25, 2, 0],
      [25, 3, (8 << 12) | BIG_RW],
      [27, 0, 0],
    ] as const) {
      const before = memory.loadLo(table, slot);
      memory.store(table, slot, lo, 0);
      expect([table, slot, audit(guest.host).length > 0]).toEqual([table, slot, true]);
      memory.store(table, slot, before, 0);
    }
    expectClean(guest.host);
  });
});

describe("the audit", () => {
  it.each([
    ["a pin without references", 12, PGT_pinned],
    ["a table in use that is not validated", 25, PGT_validated],
  ])("reports %s", (_name, frame, bits) => {
    const guest = oneOfEverything("sealed");
    guest.host.type.store(frame, guest.host.type.load(frame) ^ bits);
    expect(audit(guest.host).some(({ mfn }) => mfn === frame)).toBe(true);
  });

  it("reports a writable mapping of a page table", () => {
    const guest = oneOfEverything("sealed");
    guest.host.memory.store(24, 3, (26 << 12) | RW, 0);
    expect(audit(guest.host)).toContainEqual(expect.objectContaining({ mfn: 26, word: "type" }));
  });

  it("reports a heap that counts wrongly, and underflows that were noted", () => {
    const { host } = oneGuest({ superpages: 3 });
    host.heap.store(1, 5);
    expect(audit(host)).toMatchObject([{ mfn: -1, word: "heap", expected: 0, found: 5 }]);
    host.heap.store(1, 0);
    host.noteUnderflow(6);
    expect(audit(host)).toMatchObject([{ mfn: 6, word: "underflow", found: 1 }]);
  });

  it("says what it expected and what it found", () => {
    const { host, vcpu } = oneOfEverything("sealed");
    expect(update(vcpu, 24, 2, 12, RO)).toBe(0);
    host.count.store(12, host.count.load(12) + 4);
    expect(audit(host)).toEqual([{ mfn: 12, word: "count", expected: 3, found: 7, reason: "general references" }]);
  });
});

describe.each(["sealed", "sealed-deferred", "sealed-percpu"] as const)(
  "what is left over of a superpage under %s",
  (scheme) => {
    /** A superpage with its first six references held: four general ones and two writable ones, and this word. */
    function leftOver(users: number): SmallGuest {
      const guest = oneGuest({ scheme });
      const { host, domain } = guest;
      for (let frame = 8; frame < 12; frame++) host.count.store(frame, host.count.load(frame) + 1);
      for (let frame = 8; frame < 10; frame++) host.type.store(frame, PGT_writable_page | PGT_validated | 1);
      host.superpage.store(2 * 2, (domain.slot << SEALED_owner_shift) | users);
      host.superpage.store(2 * 2 + 1, 6);
      return guest;
    }

    it("is right as long as a vCPU says that it will see to it, for that owner", () => {
      const guest = leftOver(0);
      expect(reported(guest)).toEqual(["superpage 8", "superpage 8"]);
      setOldSuperpage(guest.vcpu, 8, guest.domain.slot);
      expect(reported(guest)).toEqual([]);
      setOldSuperpage(guest.vcpu, 8, guest.domain.slot + 1);
      expect(reported(guest)).toEqual(["superpage 8", "superpage 8"]);
    });

    it("is exactly what the second word says, from the head frame on", () => {
      const guest = leftOver(0);
      setOldSuperpage(guest.vcpu, 8, guest.domain.slot);
      guest.host.superpage.store(2 * 2 + 1, 5);
      expect(reported(guest)).toEqual(["type 9"]);
      guest.host.superpage.store(2 * 2 + 1, 7);
      expect(reported(guest)).toEqual(["type 10"]);
      guest.host.superpage.store(2 * 2 + 1, 3);
      expect(reported(guest)).toEqual(["type 8", "type 9", "count 11"]);
      guest.host.superpage.store(2 * 2 + 1, 9);
      expect(reported(guest)).toContain("superpage 8");
    });

    it("never explains that less is held than the users need", () => {
      const guest = leftOver(SEALED_mark);
      setOldSuperpage(guest.vcpu, 8, guest.domain.slot);
      expect(reported(guest)).toEqual(["superpage 8"]);
    });

    it("never explains a word that is busy", () => {
      const guest = leftOver(SEALED_busy);
      setOldSuperpage(guest.vcpu, 8, guest.domain.slot);
      expect(reported(guest)).toEqual(["superpage 8"]);
    });
  },
);
