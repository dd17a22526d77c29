import { describeFrame, ownerOf, readCount, readType, schemeHasMarks, schemeNames } from "@xsp/hypervisor";
import { describe, expect, test } from "vitest";
import { classNames, classesOf, colourings } from "../src/model/frame-classes.ts";
import type { MachineAction } from "../src/model/machine-actions.ts";
import { MachineSession } from "../src/model/machine-session.ts";

/** A clock that goes on by a microsecond whenever it is looked at. */
function machine(scheme: (typeof schemeNames)[number], actions: readonly MachineAction[]): MachineSession {
  let ns = 0;
  const session = new MachineSession({ scheme, gib: 1, profile: "xeon-x5570-2009" }, () => (ns += 1000));
  for (const action of actions) session.act(action);
  return session;
}

describe.each(schemeNames)("under %s", (scheme) => {
  test("a fork counts frames or superpages, and every count equals what exists after each action", () => {
    const session = machine(scheme, ["pool", "audit", "map", "audit", "fork", "audit", "exec", "exit", "audit"]);
    const { done, pool } = session.state();
    const { events } = done.find(({ action }) => action === "fork")!;
    const hasMarks = schemeHasMarks(session.host.scheme.name);
    expect([events.frameGets, events.typeGets, events.superpageGets]).toEqual(
      hasMarks ? [0, 0, pool.total] : [512 * pool.total, 512 * pool.total, 0],
    );
    const audits = done.filter(({ action }) => action === "audit").map(({ said }) => said);
    expect(audits).toEqual(Array.from({ length: 4 }, () => "every count equals what exists"));
  });
});

test("exec and exit give back what the fork took", () => {
  const session = machine("per-frame", ["pool", "map", "fork"]);
  const before = session.state().done.at(-1)!.events;
  const { events } = session.act("exec").done.at(-1)!;
  expect([events.framePuts, events.typePuts]).toEqual([before.frameGets, before.typeGets]);
  expect(session.act("exit").processes.map(({ comm }) => comm)).toEqual(["instance"]);
});

test("the modelled clock is the sum of what was done", () => {
  const { done, modelledNs } = machine("sealed", ["pool", "map", "fork"]).state();
  expect(done.map(({ action }) => action)).toEqual(["boot", "pool", "map", "fork"]);
  expect(modelledNs).toBe(done.reduce((sum, each) => sum + each.modelledNs, 0));
  expect(done.every((each) => each.modelledNs > 0)).toBe(true);
});

test("what cannot be done now is refused, and not offered", () => {
  const session = machine("sealed", []);
  expect(session.state().able).toEqual(["pool", "audit"]);
  expect(() => session.act("fork")).toThrow(RangeError);
  session.act("pool");
  session.act("map");
  expect(session.state().able).toEqual(["fork", "audit"]);
  expect(session.act("fork").able).toEqual(["fork", "exec", "exit", "audit"]);
});

describe("the class of a frame is what its decoded words say", () => {
  const session = machine("per-frame", ["pool", "map", "fork"]);
  const { host } = session;
  const bounds = [0, 1, 2, 3, 4, 8, 16, 64, 256];
  const ofCount = (count: number): string =>
    classNames("type count").at(1 + bounds.findLastIndex((least) => count >= least))!;

  test.each(colourings)("by %s", (colouring) => {
    const classes = classesOf(host, colouring);
    const names = classNames(colouring);
    for (let frame = 0; frame < host.frames; frame += 37) {
      const { count, free } = readCount(host, frame);
      const { typeName, typeCount } = readType(host, frame);
      const expected = {
        type: () => {
          if (typeCount === 0) return "no type: not in use as anything";
          return typeName === "writable" ? "writable memory" : `${typeName.toUpperCase()} page table`;
        },
        "type count": () => ofCount(typeCount),
        "general count": () => ofCount(count),
        owner: () => (ownerOf(host, frame) === session.host.domains[3]?.domid ? "the guest" : "Xen"),
      }[colouring]();
      expect(names.at(classes.at(frame)!), describeFrame(host, frame)).toBe(free ? "free" : expected);
    }
  });

  test("the legend counts every frame once", () => {
    for (const colouring of colourings) {
      const sum = session.legend(colouring).reduce((frames, entry) => frames + entry.frames, 0);
      expect(sum).toBe(host.frames);
    }
  });
});

test("a frame that the host does not have is refused", () => {
  const session = machine("sealed", []);
  expect(() => session.frame(session.host.frames)).toThrow(RangeError);
  expect(session.frame(513).text).toBe(describeFrame(session.host, 513));
});
