import { expect, test } from "vitest";
import { interleavedSamples } from "../src/interleaved-samples.ts";

/** Tasks that take some time of a clock of their own, and the order in which they ran. */
function tasks(costs: Readonly<Record<string, number>>): {
  log: string[];
  now: () => number;
  all: readonly { run(): void }[];
} {
  let clock = 0;
  const log: string[] = [];
  const all = Object.entries(costs).map(([name, cost]) => ({
    run() {
      log.push(name);
      clock += cost;
    },
  }));
  return { log, now: () => clock, all };
}

test("times the tasks in turns, and gives the time of one call", () => {
  const { log, now, all } = tasks({ a: 10, b: 30 });
  const times = interleavedSamples(all, 3, 1, now);
  expect(times).toEqual([
    { calls: 1, callNs: [10, 10, 10] },
    { calls: 1, callNs: [30, 30, 30] },
  ]);
  // One call each to see how many are needed, one round for the compiler, three that count.
  expect(log.join("")).toBe(`ab${"ab".repeat(4)}`);
});

test("calls a cheap task until a sample is long enough", () => {
  const { now, all } = tasks({ cheap: 3 });
  expect(interleavedSamples(all, 1, 20, now)).toEqual([{ calls: 8, callNs: [3] }]);
});
