import { isLoginStorm, type Scenario } from "../scenario.ts";
import type { Step } from "../step.ts";

/**
 * The set-up of a scenario as command lines. Of a login storm: the pool, and the process that maps its region and touches
 * all of it, which is what a run does before its first login. Of a scenario that consists of steps: the pool that it asks
 * for, and its steps up to the first that is measured or to be refused.
 */
export function setUpLines(scenario: Scenario): readonly string[] {
  const { pool, steps } = scenario;
  const fillPool = pool.hugepages > 0 ? [`echo ${pool.hugepages} > /proc/sys/vm/nr_hugepages`] : [];
  if (!isLoginStorm(scenario))
    return [...fillPool, ...steps.slice(0, preparation(steps)).flatMap(({ commands }) => commands)];
  return [
    ...fillPool,
    "spawn instance",
    `mmap 1 ${scenario.process.regionBytes / 2 ** 20}MiB shared hugetlb`,
    "touch 1 m1",
  ];
}

/** How many steps come before the first of interest. */
function preparation(steps: readonly Step[]): number {
  const first = steps.findIndex(({ as, refused }) => as !== undefined || refused !== undefined);
  return first < 0 ? steps.length : first;
}
