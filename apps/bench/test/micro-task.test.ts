import { audit, perfDifference, schemeHasMarks, schemeNames, snapshotPerf } from "@xsp/hypervisor";
import { describe, expect, test } from "vitest";
import { bareIncrements, microTasks } from "../src/micro-task.ts";
import { buildBenchHost } from "../src/superpage-bench-host.ts";

const superpages = 512;

describe.each(schemeNames)("micro-benchmarks of %s", (scheme) => {
  const bench = buildBenchHost(scheme, superpages);
  const tasks = microTasks(scheme, bench);

  test.each(tasks.map((task) => [task.name, task] as const))(
    "%s counts what it says, and leaves nothing",
    (_, task) => {
      // The first run may find colder state.
      task.run();
      const before = snapshotPerf(bench.host);
      task.run();
      const counted = perfDifference(before, snapshotPerf(bench.host));
      const { frameGets, superpageGets, hypercalls } = task.counts;
      expect(counted).toMatchObject({
        frameGets,
        framePuts: frameGets,
        typeGets: frameGets,
        typePuts: frameGets,
        superpageGets,
        superpagePuts: superpageGets,
        hypercalls,
      });
      expect(audit(bench.host)).toEqual([]);
    },
  );

  test("one operation counts each of a hugepage's frames, or the hugepage once", () => {
    const [function_] = tasks;
    expect(function_?.operations).toBe(superpages);
    expect(function_?.counts.frameGets).toBe(schemeHasMarks(scheme) ? 0 : superpages * 512);
    expect(function_?.counts.superpageGets).toBe(schemeHasMarks(scheme) ? superpages : 0);
  });
});

test("the anchor counts as many frames as a task of as many hugepages", () => {
  const anchor = bareIncrements(superpages);
  const [task] = microTasks("per-frame", buildBenchHost("per-frame", superpages));
  expect(anchor.operations).toBe(task?.operations);
  expect(() => anchor.run()).not.toThrow();
});
