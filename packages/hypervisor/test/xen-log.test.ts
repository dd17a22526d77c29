import { describe, expect, it } from "vitest";
import { dmesgLines } from "../src/index.ts";
import {
  BIG_RW,
  RW,
  type SmallGuest,
  build,
  mark,
  markingSchemes,
  oneGuest,
  pin,
  unmark,
  update,
  unpin,
} from "./small-host.ts";

const TABLE = 12;

describe("Xen's log", () => {
  it("is empty while nothing is refused", () => {
    const { host, vcpu } = oneGuest();
    expect(pin(vcpu, 1, TABLE)).toBe(0);
    expect(unpin(vcpu, TABLE)).toBe(0);
    expect(dmesgLines(host)).toEqual([]);
  });

  it.each([
    ["a second pin", (g: SmallGuest) => [pin(g.vcpu, 1, TABLE), pin(g.vcpu, 1, TABLE)], "Mfn c already pinned"],
    [
      "a writable entry for a table",
      (g: SmallGuest) => [pin(g.vcpu, 1, TABLE), update(g.vcpu, TABLE, 0, TABLE, RW)],
      "Bad type (saw 1c80000000000002 != exp 7000000000000000) for mfn c",
    ],
    [
      "a misaligned superpage",
      (g: SmallGuest) => [pin(g.vcpu, 2, TABLE), update(g.vcpu, TABLE, 0, 17, BIG_RW)],
      "Unaligned superpage map attempt mfn 11",
    ],
    [
      "an unmark of what is not marked",
      (g: SmallGuest) => [unmark(g.vcpu, 16)],
      "Attempt to unmark unmarked superpage mfn 10",
    ],
    [
      "a second mark",
      (g: SmallGuest) => [mark(g.vcpu, 16), mark(g.vcpu, 16)],
      "Duplicate superpage mark attempt mfn 10",
    ],
    [
      "a mark over a page table",
      (g: SmallGuest) => [pin(g.vcpu, 1, TABLE), mark(g.vcpu, TABLE)],
      "Superpage type conflict in mark attempt mfn c",
    ],
    [
      "a superpage entry over a page table",
      (g: SmallGuest) => [pin(g.vcpu, 1, TABLE), pin(g.vcpu, 2, 20), update(g.vcpu, 20, 0, TABLE, BIG_RW)],
      "Type conflict on superpage mapping mfn c",
    ],
  ])("tells of %s in the words of Xen 4.2 [linux-facts §6.2]", (_what, act, line) => {
    const guest = oneGuest({ scheme: "xen-4.1" });
    expect(act(guest).at(-1)).toBeLessThan(0);
    expect(dmesgLines(guest.host).at(-1)).toBe(`(XEN) ${line}`);
  });

  it("tells why a pin failed, then that it did", () => {
    const guest = oneGuest();
    build(guest, TABLE, 0, TABLE, RW);
    expect(pin(guest.vcpu, 1, TABLE)).toBeLessThan(0);
    expect(dmesgLines(guest.host)).toEqual([
      "(XEN) Bad type (saw 1000000000000001 != exp 7000000000000000) for mfn c",
      "(XEN) Error while pinning mfn c",
    ]);
  });

  it.each(markingSchemes)("tells of marks under %s too", (scheme) => {
    const { host, vcpu } = oneGuest({ scheme });
    mark(vcpu, 16);
    mark(vcpu, 16);
    unmark(vcpu, 20);
    expect(dmesgLines(host)).toEqual([
      "(XEN) Duplicate superpage mark attempt mfn 10",
      "(XEN) Attempt to unmark unmarked superpage mfn 14",
    ]);
  });

  it("keeps the last 256 refusals", () => {
    const { host, vcpu } = oneGuest();
    for (let i = 0; i < 300; i++) unmark(vcpu, 4 * (1 + (i % 7)));
    const lines = dmesgLines(host);
    expect(lines).toHaveLength(256);
    expect(lines.at(-1)).toBe(`(XEN) Attempt to unmark unmarked superpage mfn ${(4 * (1 + (299 % 7))).toString(16)}`);
  });
});
