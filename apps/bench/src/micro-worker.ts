import { audit, perfDifference, schemeNames, snapshotPerf, type SchemeName } from "@xsp/hypervisor";
import { Bench } from "tinybench";
import type { MicroAnswer, MicroOrder, MicroResult } from "./micro-result.ts";
import { bareIncrements, microTasks, type MicroTask } from "./micro-task.ts";
import { buildBenchHost } from "./superpage-bench-host.ts";

// The program of a process that times the tasks of one scheme and ends. Started by micro-process.ts.

// At least nine samples of each task, and as many more as its time allows: cheap tasks need them to be compiled.
const samples = 9;
const taskMs = 120;

function measure(tasks: readonly MicroTask[]): MicroResult[] {
  const bench = new Bench({
    iterations: samples,
    time: taskMs,
    warmupIterations: 3,
    warmupTime: taskMs / 2,
    throws: true,
    retainSamples: true,
  });
  for (const task of tasks) bench.add(task.name, () => task.run());
  bench.runSync();
  return tasks.map((task) => {
    const { result } = bench.getTask(task.name) ?? {};
    if (result?.state !== "completed") throw new Error(`${task.name} ended as ${result?.state}: expected completed`);
    const perOperation = (ms: number): number => (ms * 1e6) / task.operations;
    const { latency } = result;
    return {
      task: task.name,
      unit: task.unit,
      operations: task.operations,
      samples: latency.samplesCount,
      minNs: perOperation(latency.min),
      medianNs: perOperation(latency.p50),
      maxNs: perOperation(latency.max),
    };
  });
}

/** Runs each task twice and checks what the second time was counted at: the first may find colder state. */
function count(scheme: SchemeName, superpages: number): MicroResult[] {
  const bench = buildBenchHost(scheme, superpages);
  for (const task of microTasks(scheme, bench)) {
    task.run();
    const before = snapshotPerf(bench.host);
    task.run();
    const counted = perfDifference(before, snapshotPerf(bench.host));
    for (const [name, expected] of Object.entries(task.counts)) {
      const found = counted[name as keyof typeof counted];
      if (found !== expected) throw new Error(`${scheme}, ${task.name}: ${name} is ${found}, expected ${expected}`);
    }
    const differences = audit(bench.host).length;
    if (differences > 0) throw new Error(`${scheme}, ${task.name}: the audit found ${differences} differences`);
  }
  return [];
}

function perform({ scheme, superpages, mode }: MicroOrder): readonly MicroResult[] {
  if (scheme === "bare") return mode === "count" ? [] : measure([bareIncrements(superpages)]);
  const known = schemeNames.find((name) => name === scheme);
  if (known === undefined) throw new RangeError(`scheme is ${scheme}: expected one of ${schemeNames.join(", ")}`);
  return mode === "count" ? count(known, superpages) : measure(microTasks(known, buildBenchHost(known, superpages)));
}

process.once("message", (message) => {
  let answer: MicroAnswer;
  try {
    answer = { kind: "done", results: perform(message as MicroOrder) };
  } catch (error) {
    answer = { kind: "failed", stack: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  // Leaving before the answer is through would take it back.
  process.send?.(answer, undefined, undefined, () => process.disconnect());
});
