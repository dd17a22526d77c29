import type { Scenario } from "../scenario.ts";

/**
 * The set-up of a scenario as command lines: the pool, and the process that maps its region and touches all of it. It is
 * what a run does before its first login.
 */
export function setUpLines({ pool, process }: Scenario): readonly string[] {
  return [
    `echo ${pool.hugepages} > /proc/sys/vm/nr_hugepages`,
    "spawn instance",
    `mmap 1 ${process.regionBytes / 2 ** 20}MiB shared hugetlb`,
    "touch 1 m1",
  ];
}
