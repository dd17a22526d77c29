import { formatCount, formatSize } from "./quantity.ts";
import type { ScenarioFile } from "./scenario-schema.ts";
import { isLoginStorm, type Scenario } from "./scenario.ts";
import { expectationInconsistencies } from "./step-consistency.ts";

/** Two or more fields that are each fine and do not fit together. */
export interface Inconsistency {
  /** The fields concerned; the first is blamed unless another was set from outside. */
  readonly paths: readonly [string, ...string[]];
  readonly problem: string;
  readonly expected: string;
  readonly remedy: string;
}

const frameBytes = 4096;

/**
 * Frames of a hugepage pool cannot take the whole guest: the kernel, its page tables and the direct map (one L1 entry of
 * 8 bytes for each 4 KiB frame, so 1/512) live in the same memory. 1/64 covers them with room for the processes.
 */
const kernelShare = 1 / 64;
const kernelFloorBytes = 16 * 2 ** 20;

/** What Xen keeps for itself and what the boot-time guest needs beyond its own size. */
const xenFloorBytes = 4 * 2 ** 20;

/** Checks that there is something to do, and that what a login storm consists of is there as a whole or not at all. */
export function workloadInconsistencies({ process, workload, deadline, steps }: ScenarioFile): Inconsistency[] {
  const missing = (path: string, example: string): Inconsistency => ({
    paths: [path],
    problem: `${path} is missing`,
    expected: "a group of fields",
    remedy: `add ${path}, such as ${example}`,
  });
  if (workload === undefined && process === undefined && steps.length > 0) {
    if (deadline === undefined) return [];
    return [
      {
        paths: ["deadline"],
        problem: "deadline is given, and nobody waits",
        expected: "a deadline only where there is a workload",
        remedy: "remove deadline, or add a workload",
      },
    ];
  }
  return [
    ...(process === undefined ? [missing("process", "{ region: 64GiB }")] : []),
    ...(workload === undefined ? [missing("workload", "{ kind: login-storm, logins: 100 }")] : []),
  ];
}

/** Checks that the fields fit together. Returns every misfit; empty means that the scenario can be run. */
export function inconsistencies(scenario: Scenario): readonly Inconsistency[] {
  const { host, guest, pool } = scenario;
  const superpageBytes = frameBytes * 2 ** host.superpageOrder;
  const regionBytes = isLoginStorm(scenario) ? scenario.process.regionBytes : 0;
  const found: Inconsistency[] = [];

  for (const [path, bytes] of [
    ["host.memory", host.memoryBytes],
    ["guest.memory", guest.memoryBytes],
    ["process.region", regionBytes],
  ] as const) {
    if (bytes % superpageBytes !== 0) {
      found.push({
        paths: [path, "host.superpageOrder"],
        problem: `${path} is ${formatSize(bytes)}, which is no whole number of superpages`,
        expected: `a multiple of ${formatSize(superpageBytes)}`,
        remedy: `round it to ${formatSize(Math.ceil(bytes / superpageBytes) * superpageBytes)}`,
      });
    }
  }

  if (guest.memoryBytes + xenFloorBytes > host.memoryBytes) {
    found.push({
      paths: ["guest.memory", "host.memory"],
      problem: `a guest of ${formatSize(guest.memoryBytes)} does not fit a host of ${formatSize(host.memoryBytes)}`,
      expected: `guest.memory at least ${formatSize(xenFloorBytes)} below host.memory, which Xen itself keeps`,
      remedy: "raise host.memory or lower guest.memory",
    });
  }

  const poolBytes = pool.hugepages * superpageBytes;
  const kernelBytes = Math.max(kernelFloorBytes, Math.ceil(guest.memoryBytes * kernelShare));
  if (poolBytes + kernelBytes > guest.memoryBytes) {
    found.push({
      paths: ["pool.hugepages", "process.region", "guest.memory"],
      problem: `${formatCount(pool.hugepages)} hugepages (${formatSize(poolBytes)}) do not fit a guest of ${formatSize(guest.memoryBytes)}`,
      expected: `guest.memory at least ${formatSize(kernelBytes)} above the pool, for the kernel and its page tables`,
      remedy: "raise guest.memory, or lower pool.hugepages and process.region",
    });
  }

  if (regionBytes > poolBytes) {
    found.push({
      paths: ["process.region", "pool.hugepages"],
      problem: `a region of ${formatSize(regionBytes)} needs more hugepages than the pool's ${formatCount(pool.hugepages)}`,
      expected: `at least ${formatCount(regionBytes / superpageBytes)} hugepages`,
      remedy: "raise pool.hugepages, or leave it out to have as many as the region needs",
    });
  }

  if (host.version === "xen-4.17" && isLoginStorm(scenario)) {
    found.push({
      paths: ["host.version"],
      problem: "xen-4.17 refuses the superpage entries that the region is mapped by",
      expected: "xen-4.0, xen-4.6 or xen-4.9",
      remedy: "set host.version to xen-4.9, the last release with superpages for PV guests",
    });
  }

  if (guest.style === "64-bit" && guest.lowmemBytes !== undefined) {
    found.push({
      paths: ["guest.lowmem", "guest.style"],
      problem: "guest.lowmem is set for a 64-bit guest, whose kernel maps all memory",
      expected: "no lowmem, or style: 32-bit",
      remedy: "remove guest.lowmem or set guest.style to 32-bit",
    });
  }
  return [...found, ...expectationInconsistencies(scenario)];
}
