import { modelOfToken, schemeNames } from "@xsp/verify";
import fc from "fast-check";
import { expect, test } from "vitest";
import { storyOf } from "../src/model/story.ts";
import { beginning, firstSteps, playableModels, toEndOfOperation, turnsAfter, withMoves } from "../src/model/turns.ts";
import { refusalAtEnd } from "../src/stepper/refusals.ts";
import { tokenOf } from "./gallery.ts";

test("moving step by step comes to the same as all moves at once", () => {
  const token = tokenOf("rfc", "S2");
  const { model, scheme } = storyOf(token);
  const { schedule } = modelOfToken(token).parsed;
  const start = beginning({ model, scheme });
  let byStep = start;
  for (const [at, move] of schedule.entries()) {
    const turn = turnsAfter(byStep)[move.vcpu];
    expect(turn?.ways.map(({ choice }) => choice)).toContain(move.choice);
    byStep = withMoves({ token: byStep, moves: [move] });
    expect(byStep).toBe(firstSteps({ token, steps: at + 1 }));
  }
  expect(byStep).toBe(token);
  expect(withMoves({ token: start, moves: schedule })).toBe(token);
});

test("what a turn promises is what the step then does", () => {
  const start = beginning({ model: "map-unmark-pin", scheme: "sealed" });
  const pick = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(pick, (picks) => {
      let token = start;
      for (const [who, which] of picks) {
        const able = turnsAfter(token).filter(({ ways }) => ways.length > 0);
        if (able.length === 0) return;
        const { vcpu, ways } = able.at(who % able.length)!;
        const { choice, text } = ways.at(which % ways.length)!;
        token = withMoves({ token, moves: [{ vcpu, choice }] });
        const last = storyOf(token).steps.at(-1)!;
        expect(last.step.vcpu).toBe(vcpu);
        if (last.step.kind === "choose") expect(text).toBe(last.step.operation);
        else expect(text).toContain(`${last.step.region}[${last.step.index}]`);
        if (last.step.kind === "store") expect(text).toBe(last.text);
      }
    }),
    { numRuns: 10 },
  );
});

test("a move that a vCPU cannot make is refused", () => {
  const token = beginning({ model: "map-unmark-pin", scheme: "sealed" });
  expect(() => withMoves({ token, moves: [{ vcpu: 1, choice: 9 }] })).toThrow(RangeError);
});

test("each model can be begun under each scheme, and somebody can move", () => {
  for (const { name } of playableModels()) {
    for (const scheme of schemeNames) {
      const turns = turnsAfter(beginning({ model: name, scheme }));
      expect(turns.some(({ ways }) => ways.length > 0)).toBe(true);
    }
  }
});

/** The token of whole operations, one after another: which vCPU, and what begins. */
function performed(
  model: string,
  scheme: string,
  operations: readonly (readonly [vcpu: number, begins: string])[],
): string {
  let token = beginning({ model, scheme });
  for (const [vcpu, begins] of operations) {
    const way = turnsAfter(token)[vcpu]?.ways.find(({ text }) => text.startsWith(begins));
    if (way === undefined) throw new Error(`vCPU ${vcpu} cannot begin ${begins}`);
    token = toEndOfOperation({ token: withMoves({ token, moves: [{ vcpu, choice: way.choice }] }), vcpu });
  }
  return token;
}

test("an unmark while an entry exists is refused under sealed, and the page says why", () => {
  const token = performed("unmark-mapped", "sealed", [[1, "unmark"]]);
  const refusal = refusalAtEnd(storyOf(token));
  expect(refusal?.announced).toBe("unmark() = -EBUSY");
  expect(refusal?.why).toContain("superpage entries still exist");
  expect(refusal?.saw).toContain("superpage[");
});

test("every refusal that a sequence of whole operations can meet is explained", () => {
  const unexplained: string[] = [];
  const met = new Set<string>();
  for (const scheme of schemeNames) {
    for (const model of [
      "unmark-mapped",
      "unmark-unmark-pin",
      "every-operation",
      "every-operation-held",
      "foreign-unmark",
    ]) {
      const start = beginning({ model, scheme });
      for (const vcpu of [0, 1]) {
        for (const { choice } of turnsAfter(start)[vcpu]?.ways ?? []) {
          const token = toEndOfOperation({ token: withMoves({ token: start, moves: [{ vcpu, choice }] }), vcpu });
          const refusal = refusalAtEnd(storyOf(token));
          if (refusal !== undefined) met.add(refusal.announced);
          if (refusal !== undefined && refusal.why === undefined) unexplained.push(`${scheme}: ${refusal.announced}`);
        }
      }
    }
  }
  expect(unexplained).toEqual([]);
  expect([...met]).toEqual(expect.arrayContaining(["unmark() = -EBUSY", "unmark() = -EINVAL", "mark() = -EOPNOTSUPP"]));
});

test("an operation that succeeds is not told as a refusal", () => {
  expect(refusalAtEnd(storyOf(performed("unmark-unmark-pin", "sealed", [[0, "unmark"]])))).toBeUndefined();
});

test("the hint of the page leads in under rfc, and not under sealed", () => {
  const tried = (scheme: string): readonly string[] => {
    let token = withMoves({ token: beginning({ model: "map-unmark-pin", scheme }), moves: [{ vcpu: 0, choice: 0 }] });
    // vCPU 0 looks at the superpage's word.
    while (storyOf(token).steps.at(-1)?.step.region !== "superpage")
      token = withMoves({ token, moves: [{ vcpu: 0, choice: 0 }] });
    for (const begins of ["unmark", "pin"]) {
      const choice = turnsAfter(token)[1]?.ways.find(({ text }) => text.startsWith(begins))?.choice ?? -1;
      token = toEndOfOperation({ token: withMoves({ token, moves: [{ vcpu: 1, choice }] }), vcpu: 1 });
    }
    return storyOf(toEndOfOperation({ token, vcpu: 0 })).violated.map(({ property }) => property);
  };
  expect(tried("rfc")).toContain("S1");
  expect(tried("sealed")).toEqual([]);
});
