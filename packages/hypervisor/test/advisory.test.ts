import { describe, expect, it } from "vitest";
import { type Advisory, EINVAL, type HostOptions, advisories, audit, unfixedAdvisories } from "../src/index.ts";
import { BIG_RO, BIG_RW, RO, RW, type SmallGuest, mark, oneGuest, pin, update } from "./small-host.ts";

/*
 * Each switch takes one fix out: with the fix the guest is refused or accounted, without it the hole is there.
 */

const HEAD = 8;
const TABLE = 24;

const holes: readonly (readonly [Advisory, Partial<HostOptions>, (guest: SmallGuest) => boolean])[] = [
  [
    "XSA-148",
    {},
    ({ vcpu, host }) => {
      pin(vcpu, 2, TABLE);
      update(vcpu, TABLE, 0, HEAD, BIG_RO);
      update(vcpu, TABLE, 0, HEAD, BIG_RW);
      return audit(host).length > 0;
    },
  ],
  [
    "XSA-167",
    { frames: 30 },
    ({ vcpu, host }) => (mark(vcpu, 28), host.lastRefusal?.check.startsWith("mark") !== true),
  ],
  [
    "XSA-182",
    {},
    ({ vcpu, host }) => {
      pin(vcpu, 4, TABLE);
      update(vcpu, TABLE, 0, TABLE, RO);
      update(vcpu, TABLE, 0, TABLE, RW);
      return (host.memory.loadLo(TABLE, 0) & 2) !== 0;
    },
  ],
  [
    "XSA-240",
    {},
    ({ vcpu }) => {
      for (const frame of [4, 5, 6]) pin(vcpu, 2, frame);
      update(vcpu, 4, 0, 5, RO);
      return update(vcpu, 5, 0, 6, RO) !== -EINVAL;
    },
  ],
];

describe.each(holes)("%s", (advisory, options, hole) => {
  it("is open without the fix only", () => {
    expect(hole(oneGuest(options))).toBe(false);
    expect(hole(oneGuest({ ...options, unfixed: [advisory] }))).toBe(true);
  });
});

it("all fixes are in by default, and a name that is none is refused", () => {
  expect(Object.values(unfixedAdvisories([]))).toEqual(Object.keys(advisories).map(() => false));
  expect(unfixedAdvisories(["XSA-299"])["XSA-299"]).toBe(true);
  expect(() => unfixedAdvisories(["XSA-7"])).toThrow(/^unfixed: "XSA-7" given, expected some of XSA-148/);
});
