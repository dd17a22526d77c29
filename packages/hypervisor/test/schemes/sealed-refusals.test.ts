import { describe, expect, it } from "vitest";
import { DOMAIN_state, DOMSTATE_dying } from "../../src/domain-words.ts";
import { EBUSY, EINTR, EINVAL, ESRCH } from "../../src/index.ts";
import { hasOldSuperpage } from "../../src/old-superpage.ts";
import { type PerfCounterName, snapshotPerf } from "../../src/perf-counters.ts";
import { SEALED_owner_shift, SEALED_reader, SEALED_readers_mask, SEALED_writers_mask } from "../../src/sealed-info.ts";
import { pin } from "../small-host.ts";
import { type SealedGuest, facts, sealedGuest, stateWord } from "./sealed-facts.ts";

/*
 * What `sealed` refuses and what it says about it, what it counts about itself, and what it says is left over.
 */

type Step = (guest: SealedGuest) => unknown;

const nothing: Step = () => 0;
const marked: Step = (guest) => guest.mark();
const dying: Step = ({ domain }) => domain.store(DOMAIN_state, DOMSTATE_dying);
const full = (field: number): Step => {
  return (guest) => {
    guest.mark();
    const { superpage } = guest.host;
    superpage.store(stateWord(guest), superpage.load(stateWord(guest)) | field);
  };
};

describe("a refusal", () => {
  it.each<readonly [string, Step, (guest: SealedGuest) => number, number, string]>([
    [
      "a map of a superpage that another uses",
      marked,
      ({ other, scheme, head }) => scheme.map(other.vcpu, other.domain, head, false, false),
      -EINVAL,
      "sealed: another's superpage",
    ],
    [
      "a mark of a superpage that another uses",
      marked,
      ({ other, scheme, head }) => scheme.mark(other.vcpu, other.domain, head, false),
      -EINVAL,
      "sealed: another's superpage",
    ],
    [
      "one writable entry too many",
      full(SEALED_writers_mask),
      (g) => g.map(true),
      -EINVAL,
      "map: the count is at its limit",
    ],
    [
      "one read-only entry too many",
      full(SEALED_readers_mask),
      (g) => g.map(false),
      -EINVAL,
      "map: the count is at its limit",
    ],
    ["a second mark", marked, (g) => g.mark(), -EINVAL, "mark: marked already"],
    ["a map into a dying domain", dying, (g) => g.map(true), -ESRCH, "map: a dying domain"],
    ["a mark in a dying domain", dying, (g) => g.mark(), -ESRCH, "mark: a dying domain"],
    ["a second mark in a dying domain", (g) => [g.mark(), dying(g)], (g) => g.mark(), -EINVAL, "mark: marked already"],
    [
      "an unmark of another's superpage",
      marked,
      ({ other, scheme, head }) => scheme.unmark(other.vcpu, other.domain, head, false),
      -EINVAL,
      "unmark: not marked by this domain",
    ],
    ["an unmark of what nobody uses", nothing, (g) => g.unmark(), -EINVAL, "unmark: not marked by this domain"],
    ["an unmark of what is mapped only", (g) => g.map(true), (g) => g.unmark(), -EINVAL, "unmark: not marked"],
    [
      "an unmark while entries exist",
      (g) => [g.mark(), g.map(false)],
      (g) => g.unmark(),
      -EBUSY,
      "unmark: superpage entries exist",
    ],
  ])("of %s changes nothing, and the log says why", (_what, before, act, rc, check) => {
    const guest = sealedGuest("sealed");
    before(guest);
    const was = facts(guest);
    const counted = snapshotPerf(guest.host);
    expect(act(guest)).toBe(rc);
    expect(guest.host.lastRefusal).toMatchObject({ check, mfn: guest.head, rc });
    expect(facts(guest)).toBe(was);
    const { superpageGets, superpagePuts } = guest.host.perf;
    expect(superpageGets - superpagePuts).toBe(counted.superpageGets - counted.superpagePuts);
  });

  it.each([
    ["of a superpage that nobody used", nothing],
    ["of a superpage that is mapped read-only", (g: SealedGuest) => g.map(false)],
  ])("by a frame %s gives back what was taken before it", (_what, before) => {
    const guest = sealedGuest("sealed");
    expect(pin(guest.vcpu, 1, guest.head + 2)).toBe(0);
    before(guest);
    const was = facts(guest);
    expect([guest.map(true), guest.mark()]).toEqual([-EINVAL, -EINVAL]);
    expect(facts(guest)).toBe(was);
    expect(hasOldSuperpage(guest.vcpu)).toBe(false);
  });
});

it("a map that is preempted keeps what it has taken, for its vCPU to see to, and leaves the superpage idle", () => {
  let answers: boolean[] = [];
  const guest = sealedGuest("sealed", [], () => answers.shift() ?? false);
  const { scheme, vcpu, domain, head } = guest;
  answers = [false, true];
  expect(scheme.map(vcpu, domain, head, true, true)).toBe(-EINTR);
  expect(facts(guest)).toBe("own w0 r0 held 3: 2/0 2/0 2/0 1/0");
  expect(hasOldSuperpage(vcpu)).toBe(true);
  expect(scheme.map(vcpu, domain, head, true, true)).toBe(0);
  expect(facts(guest)).toBe("own w1 r0 held 8: 2/1");
  expect(hasOldSuperpage(vcpu)).toBe(false);
});

describe("what is counted", () => {
  it.each<readonly [string, Step, Step, Partial<Record<PerfCounterName, number>>]>([
    ["the first map", nothing, (g) => g.map(true), { superpageGets: 1, frameGets: 4, typeGets: 4 }],
    ["the first read-only map", nothing, (g) => g.map(false), { superpageGets: 1, frameGets: 4 }],
    ["a further map", (g) => g.map(true), (g) => g.map(true), { superpageGets: 1 }],
    ["a mark beside an entry", (g) => g.map(true), marked, { superpageGets: 1 }],
    ["a mark beside a read-only entry", (g) => g.map(false), marked, { superpageGets: 1, typeGets: 4 }],
    ["an unmap of many", (g) => [g.map(true), g.map(true)], (g) => g.unmap(true), { superpagePuts: 1 }],
    ["the last unmap", (g) => g.map(true), (g) => g.unmap(true), { superpagePuts: 1, framePuts: 4, typePuts: 4 }],
    ["an unmark", marked, (g) => g.unmark(), { superpagePuts: 1, framePuts: 4, typePuts: 4 }],
    [
      "a destroyed domain's mark",
      marked,
      ({ scheme, vcpu, domain, head }) => scheme.relinquish(vcpu, domain, head, false),
      { superpagePuts: 1, framePuts: 4, typePuts: 4 },
    ],
    [
      "a superpage of a destroyed domain that is mapped only",
      (g) => g.map(true),
      ({ scheme, vcpu, domain, head }) => scheme.relinquish(vcpu, domain, head, false),
      {},
    ],
    ["a trim of what users need", marked, (g) => g.trim(), {}],
    [
      "a mark that is taken back",
      dying,
      marked,
      { superpageGets: 1, superpagePuts: 1, frameGets: 4, framePuts: 4, typeGets: 4, typePuts: 4 },
    ],
  ])("%s", (_what, before, act, expected) => {
    const guest = sealedGuest("sealed");
    before(guest);
    const was = snapshotPerf(guest.host);
    act(guest);
    const entries = Object.entries(guest.host.perf) as [PerfCounterName, number][];
    const counted = entries.map(([name, value]) => [name, value - was[name]] as const).filter(([, more]) => more !== 0);
    expect(Object.fromEntries(counted)).toEqual(expected);
  });
});

describe("more is left over than users need", () => {
  it.each([
    ["nothing is held", 0, 0, false],
    ["something is held for nobody", 0, 1, true],
    ["one general reference less than a reader needs is held", SEALED_reader, 3, false],
    ["what a reader needs is held", SEALED_reader, 4, false],
    ["a writable reference is held for a reader", SEALED_reader, 5, true],
    ["all is held for a writer", 1, 8, false],
  ])("when %s: it says so to its owner, and to nobody else", (_what, users, held, left) => {
    const guest = sealedGuest("sealed");
    const { host, scheme, domain, other, head } = guest;
    host.superpage.store(stateWord(guest), users | (domain.slot << SEALED_owner_shift));
    host.superpage.store(stateWord(guest) + 1, held);
    expect(scheme.leftOver(host, domain.slot, head)).toBe(left);
    expect(scheme.leftOver(host, other.domain.slot, head)).toBe(false);
  });
});

describe("a superpage's word, decoded,", () => {
  it.each<readonly [string, Step, object]>([
    ["that nobody uses", nothing, { type: "none", count: 0, marked: false }],
    ["with entries of both kinds", (g) => [g.map(true), g.map(false)], { type: "dynamic", count: 2, marked: false }],
    ["with a mark", marked, { type: "mark", count: 0, marked: true }],
    ["with a mark and an entry", (g) => [g.mark(), g.map(false)], { type: "mark", count: 1, marked: true }],
  ])("%s, says who uses it", (_what, before, state) => {
    const guest = sealedGuest("sealed");
    before(guest);
    expect(guest.scheme.state(guest.host, guest.head)).toEqual({ ...state, busy: false });
  });
});
