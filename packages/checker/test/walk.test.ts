import { expect, it } from "vitest";
import { type Model, replay, walk } from "../src/index.ts";
import { counter } from "./models/counters.ts";
import { stack } from "./models/stack.ts";
import { superpage } from "./models/superpage.ts";
import { twoLocks } from "./models/two-locks.ts";

const broken: readonly (readonly [string, Model, string])[] = [
  ["a lost update", counter(3, 2, false), "nothing is lost"],
  ["a deadlock", twoLocks(true), "deadlock"],
  [
    "a superpage that keeps nobody out",
    superpage({ vcpus: 3, frames: 2, broken: true, steps: 3 }),
    "a mapped superpage holds its frames",
  ],
  ["an A-B-A", stack(true), "no taken cell is in the stack"],
];

it.each(broken)("finds %s by random walks, with a token that replays", (_name, model, property) => {
  const result = walk(model, { seed: 1, walks: 2000, steps: 200, strategy: "random", properties: [property] });
  expect(result).toMatchObject({ verdict: "violated", violation: { property } });
  expect(replay(model, result.token ?? "").violated.map((violated) => violated.property)).toContain(property);
});

it.each(broken)("finds %s by walks with changing priorities", (_name, model, property) => {
  const result = walk(model, { seed: 1, walks: 5000, steps: 40, strategy: "pct", changes: 3, properties: [property] });
  expect(result).toMatchObject({ verdict: "violated", violation: { property } });
});

it("never says that a model holds, and witnesses what it comes by", () => {
  const result = walk(counter(2, 2, true), { seed: 7, walks: 20, steps: 100, strategy: "random" });
  expect(result).toMatchObject({ verdict: "incomplete", walks: 20, witnesses: [{ property: "counts to the end" }] });
});

it("walks the same way with the same seed", () => {
  const options = { walks: 50, steps: 100, strategy: "random" } as const;
  const model = counter(3, 2, true);
  expect(walk(model, { ...options, seed: 3 })).toEqual(walk(model, { ...options, seed: 3 }));
  expect(walk(model, { ...options, seed: 3 }).witnesses).not.toEqual(walk(model, { ...options, seed: 4 }).witnesses);
});

it("refuses walks without steps", () => {
  expect(() => walk(counter(2, 1, true), { seed: 1, walks: 1, steps: 0, strategy: "pct" })).toThrow("steps is 0");
});
