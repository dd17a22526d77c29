import type { Profiler } from "node:inspector";
import { expect, it } from "vitest";
import { selfTimesUnder } from "../src/self-times.ts";

function node(id: number, functionName: string, children: number[] = []): Profiler.ProfileNode {
  const url = `file:///dist/${functionName}.js`;
  return { id, callFrame: { functionName, scriptId: "1", url, lineNumber: 0, columnNumber: 0 }, children };
}

it("adds up what was sampled inside a function, and leaves out the rest", () => {
  const profile: Profiler.Profile = {
    nodes: [node(1, "root", [2, 5]), node(2, "fork", [3]), node(3, "copy", [4]), node(4, "store"), node(5, "copy")],
    startTime: 0,
    endTime: 100,
    samples: [1, 2, 3, 4, 4, 5],
    timeDeltas: [50, 1, 3, 10, 10, 70],
  };
  expect(selfTimesUnder(profile, "fork")).toEqual([
    { where: "store store.js", ns: 20_000 },
    { where: "copy copy.js", ns: 3000 },
    { where: "fork fork.js", ns: 1000 },
  ]);
});
