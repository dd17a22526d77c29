import { expect, test } from "vitest";
import type { BenchResult } from "../src/bench-result.ts";
import { wrongCounts } from "../src/wrong-counts.ts";
import { smallResult } from "./small-result.ts";

const result = smallResult();

/** The counts alone: the times of the small result are those of a clock of steps. */
function countsOf(changed: Partial<BenchResult>): readonly string[] {
  const { micro: _, ...rest } = { ...result, ...changed };
  return wrongCounts(rest);
}

test("finds every count of the scenario, of hosts of other sizes and of the checker as expected", () => {
  expect(result.scenario?.runs.map(({ scheme }) => scheme)).toEqual(["per-frame", "xen-4.1", "sealed"]);
  expect(countsOf({})).toEqual([]);
});

test("names a count of the scenario that is off", () => {
  const { scenario } = result;
  const [first, ...runs] = scenario?.runs ?? [];
  if (scenario === undefined || first === undefined) throw new Error("the scenario was run");
  const events = { ...first.fork.events, typeGets: first.fork.events.typeGets - 1 };
  expect(
    countsOf({ scenario: { ...scenario, runs: [{ ...first, fork: { ...first.fork, events } }, ...runs] } }),
  ).toEqual([`per-frame: typeGets of the fork: ${32 * 512 - 1}, expected ${32 * 512}`]);
});

test("names a host whose fork counted too much, and a model that does not hold", () => {
  const { scaling, checker } = result;
  if (scaling === undefined || checker === undefined) throw new Error("both parts were run");
  const [first, ...points] = scaling.points;
  if (first === undefined) throw new Error("hosts were run");
  const { countingOperations } = first;
  expect(
    countsOf({
      scaling: { ...scaling, points: [{ ...first, countingOperations: countingOperations + 1 }, ...points] },
      checker: { ...checker, verdict: "violated" },
    }),
  ).toEqual([
    `per-frame, host of ${512 * 2 ** 20} bytes: counting operations of the fork: ${16 * 1024 + 1}, expected ${16 * 1024}`,
    "mark-mark holds: 0, expected 1",
  ]);
});
