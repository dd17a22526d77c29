import { describe, expect, it } from "vitest";
import {
  type Advisory,
  EINVAL,
  type HostOptions,
  type XenVersion,
  advisories,
  audit,
  unfixedAdvisories,
  versions,
} from "../src/index.ts";
import { BIG_RO, BIG_RW, RO, RW, type SmallGuest, mark, oneGuest, pin, unmark, update } from "./small-host.ts";

/*
 * Each switch takes one fix out: with the fix the guest is refused or accounted, without it the hole is there.
 */

const HEAD = 8;
const TABLE = 24;

/** Whether a table that shows itself read-only can be made to show itself writable. */
function rwBecomesSoft(level: number): (guest: SmallGuest) => boolean {
  return ({ vcpu, host }) => {
    pin(vcpu, level, TABLE);
    update(vcpu, TABLE, 0, TABLE, RO);
    update(vcpu, TABLE, 0, TABLE, RW);
    return (host.memory.loadLo(TABLE, 0) & 2) !== 0;
  };
}

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
    "XSA-167",
    { frames: 30 },
    ({ vcpu, host }) => (unmark(vcpu, 28), host.lastRefusal?.check.startsWith("mark") !== true),
  ],
  ...[28, 32].map((head): [Advisory, Partial<HostOptions>, (guest: SmallGuest) => boolean] => [
    "XSA-167",
    { frames: 30 },
    ({ vcpu, host }) => {
      pin(vcpu, 2, TABLE);
      update(vcpu, TABLE, 0, head, BIG_RW);
      return host.lastRefusal?.check.startsWith("getPageFromTableEntry") !== true;
    },
  ]),
  ["XSA-182", {}, rwBecomesSoft(3)],
  ["XSA-182", {}, rwBecomesSoft(4)],
  ["XSA-182", { superpagesAllowed: false }, rwBecomesSoft(2)],
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
  // 4.17 has no superpages of PV guests, so two of the holes cannot be there.
  const withHole = (Object.keys(versions) as XenVersion[]).filter(
    (version) => versions[version].superpages || !["XSA-148", "XSA-167"].includes(advisory),
  );

  it.each(withHole)("is open without the fix only, whatever version's errnos are chosen: %s", (version) => {
    expect(hole(oneGuest({ ...options, version }))).toBe(false);
    expect(hole(oneGuest({ ...options, version, unfixed: [advisory] }))).toBe(true);
  });
});

it("XSA-182 leaves L2 entries alone where superpages are allowed: XSA-148 had been fixed there", () => {
  expect(rwBecomesSoft(2)(oneGuest({ unfixed: ["XSA-182"] }))).toBe(false);
});

it("XSA-167 is not in per-frame: 4.0 looked at each frame of a superpage", () => {
  const { vcpu } = oneGuest({ frames: 30, scheme: "per-frame", unfixed: ["XSA-167"] });
  pin(vcpu, 2, TABLE);
  expect([update(vcpu, TABLE, 0, 28, BIG_RW), update(vcpu, TABLE, 0, 32, BIG_RW)]).toEqual([-EINVAL, -EINVAL]);
});

it("all fixes are in by default, and a name that is none is refused", () => {
  expect(Object.values(unfixedAdvisories([]))).toEqual(Object.keys(advisories).map(() => false));
  expect(unfixedAdvisories(["XSA-299"])["XSA-299"]).toBe(true);
  expect(() => unfixedAdvisories(["XSA-7"])).toThrow(/^unfixed: "XSA-7" given, expected some of XSA-148/);
});
