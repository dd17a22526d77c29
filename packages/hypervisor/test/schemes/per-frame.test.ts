import { describe, expect, it } from "vitest";
import { EOPNOTSUPP } from "../../src/errno.ts";
import { BIG_RW, everyWord, frameCounts, mark, oneGuest, pin, unmark, update } from "../small-host.ts";

const TABLE = 28;

describe("per-frame", () => {
  it("has no marks: the operations are not supported, for a guest and by the scheme itself, and change nothing", () => {
    const { host, vcpu, domain, start } = oneGuest({ scheme: "per-frame" });
    const { scheme } = host;
    const before = everyWord(host);
    expect([mark(vcpu, start), unmark(vcpu, start)].every((rc) => rc < 0)).toBe(true);
    expect(scheme.mark(vcpu, domain, start, false)).toBe(-EOPNOTSUPP);
    expect(scheme.unmark(vcpu, domain, start, false)).toBe(-EOPNOTSUPP);
    expect(everyWord(host)).toBe(before);
  });

  it("has nothing to remember: no words, nothing left over, nothing to trim or to relinquish", () => {
    const { host, vcpu, domain, start } = oneGuest({ scheme: "per-frame" });
    const { scheme } = host;
    expect([scheme.name, scheme.marks, scheme.wordsPerSuperpage]).toEqual(["per-frame", false, 0]);
    expect(pin(vcpu, 2, TABLE)).toBe(0);
    expect(update(vcpu, TABLE, 0, start, BIG_RW)).toBe(0);
    const before = everyWord(host);
    expect(scheme.leftOver(host, domain.slot, start)).toBe(false);
    expect(scheme.trim(vcpu, domain.slot, start, true)).toBe(0);
    expect(scheme.relinquish(vcpu, domain, start, true)).toBe(0);
    expect(scheme.state(host, start)).toEqual({ type: "none", count: 0, marked: false, busy: false });
    expect(everyWord(host)).toBe(before);
    expect(frameCounts(host, start)).toEqual([
      [2, 1],
      [2, 1],
      [2, 1],
      [2, 1],
    ]);
  });
});
