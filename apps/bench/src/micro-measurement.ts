import { schemeByName } from "@xsp/hypervisor";
import { interleavedSamples } from "./interleaved-samples.ts";
import { anchorTask, type MicroOrder, type MicroResult } from "./micro-result.ts";
import { bareIncrements, microTasks } from "./micro-task.ts";
import { samplesOf } from "./samples.ts";
import { buildBenchHost } from "./superpage-bench-host.ts";

/**
 * Times the tasks of one scheme and the anchor in turns.
 *
 * @throws RangeError for an unknown scheme.
 */
export function measureMicro(order: Omit<MicroOrder, "modules">, now: () => number): readonly MicroResult[] {
  const { scheme, superpages, rounds, sampleMs } = order;
  const { name } = schemeByName(scheme);
  const tasks = [...microTasks(name, buildBenchHost(name, superpages)), bareIncrements(superpages)];
  const times = interleavedSamples(tasks, rounds, sampleMs * 1e6, now);
  const perOperation = times.map(({ callNs }, at) => callNs.map((ns) => ns / (tasks[at]?.operations ?? 1)));
  const bare = perOperation[tasks.findIndex((task) => task.name === anchorTask)] ?? [];
  return tasks.map(({ name: task, unit, operations }, at) => {
    const ns = perOperation[at] ?? [];
    return {
      task,
      unit,
      operations,
      calls: times[at]?.calls ?? 0,
      ns: samplesOf(ns),
      overBare: samplesOf(ns.map((value, round) => value / (bare[round] as number))),
    };
  });
}
