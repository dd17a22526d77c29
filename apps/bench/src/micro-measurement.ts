import { schemeNames, type SchemeName } from "@xsp/hypervisor";
import { interleavedSamples } from "./interleaved-samples.ts";
import { anchorTask, type MicroOrder, type MicroResult } from "./micro-result.ts";
import { bareIncrements, microTasks } from "./micro-task.ts";
import { samplesOf } from "./samples.ts";
import { buildBenchHost } from "./superpage-bench-host.ts";

/** The scheme of that name. */
function schemeNamed(name: string): SchemeName {
  const known = schemeNames.find((scheme) => scheme === name);
  if (known === undefined) throw new RangeError(`scheme is ${name}: expected one of ${schemeNames.join(", ")}`);
  return known;
}

/**
 * Times the tasks of one scheme and the anchor in turns.
 *
 * @throws RangeError for an unknown scheme.
 */
export function measureMicro(order: MicroOrder, now: () => number): readonly MicroResult[] {
  const { scheme, superpages, rounds, sampleMs } = order;
  const name = schemeNamed(scheme);
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
