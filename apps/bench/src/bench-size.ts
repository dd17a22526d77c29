import type { SchemeName } from "@xsp/scenario";

/** The sizes that everything can be run at. */
export type SizeName = "full" | "quick" | "smoke";

/** One host of the scaling benchmark. */
interface ScalingSize {
  readonly hostBytes: number;
  readonly schemes: readonly SchemeName[];
  /** How often it is run, each time in a process of its own. */
  readonly runs: number;
}

/** How large each part of the benchmark is. */
export interface BenchSize {
  readonly name: SizeName;
  /** `path=value`, as `xsp run --set` takes them. */
  readonly scenario: readonly string[];
  readonly micro: {
    readonly superpages: number;
    /** Samples of each task in one process. */
    readonly rounds: number;
    readonly sampleMs: number;
    /** Processes of each scheme. */
    readonly passes: number;
  };
  readonly scaling: { readonly hosts: readonly ScalingSize[]; readonly logins: number };
  readonly threads: {
    readonly schemes: readonly SchemeName[];
    /** That each child maps where it does not map a single one; a multiple of 512. */
    readonly hugepages: number;
    /** Samples of each storm. */
    readonly samples: number;
    /** Storms of each kind, one thread and two in turns. */
    readonly passes: number;
  };
  readonly checker: { readonly model: string; readonly scheme: SchemeName; readonly runs: number };
  readonly startup: { readonly runs: number };
}

const GiB = 2 ** 30;
const both: readonly SchemeName[] = ["per-frame", "sealed"];

function host(gib: number, runs: number, schemes: readonly SchemeName[] = both): ScalingSize {
  return { hostBytes: gib * GiB, schemes, runs };
}

const full: BenchSize = {
  name: "full",
  scenario: [],
  // 4 GiB of superpages: their frame-table words are larger than a core's own caches.
  micro: { superpages: 2048, rounds: 5, sampleMs: 5, passes: 2 },
  // Counting a 256 GiB fork frame by frame takes minutes that teach nothing which 64 GiB did not.
  scaling: { hosts: [host(4, 3), host(16, 2), host(64, 1), host(256, 1, ["sealed"])], logins: 9 },
  threads: { schemes: ["per-frame", "xen-4.1", "sealed", "sealed-percpu"], hugepages: 1024, samples: 5, passes: 2 },
  checker: { model: "three-unmap-pin", scheme: "sealed", runs: 3 },
  startup: { runs: 15 },
};

const quick: BenchSize = {
  name: "quick",
  scenario: [
    "host.memory=4608MiB",
    "guest.memory=4352MiB",
    "pool.hugepages=2048",
    "process.region=4GiB",
    "deadline=3750ms",
  ],
  micro: { superpages: 512, rounds: 5, sampleMs: 2, passes: 2 },
  scaling: { hosts: [host(1, 3), host(2, 3), host(4, 3), host(8, 1)], logins: 9 },
  threads: { schemes: ["per-frame", "xen-4.1", "sealed", "sealed-percpu"], hugepages: 512, samples: 5, passes: 1 },
  checker: { model: "three-tables", scheme: "sealed", runs: 3 },
  startup: { runs: 5 },
};

const smoke: BenchSize = {
  name: "smoke",
  scenario: [
    "host.memory=512MiB",
    "guest.memory=256MiB",
    "pool.hugepages=32",
    "process.region=64MiB",
    "workload.logins=3",
  ],
  micro: { superpages: 512, rounds: 5, sampleMs: 1, passes: 1 },
  scaling: { hosts: [host(1, 1), host(2, 1)], logins: 2 },
  threads: { schemes: ["sealed"], hugepages: 512, samples: 1, passes: 1 },
  checker: { model: "mark-mark", scheme: "sealed", runs: 1 },
  startup: { runs: 3 },
};

/** Every size by its name. */
export const benchSizes: Readonly<Record<SizeName, BenchSize>> = { full, quick, smoke };

/** The full size and a host of 1 TiB, which takes some minutes more. */
export const longSize: BenchSize = {
  ...full,
  scaling: { ...full.scaling, hosts: [...full.scaling.hosts, host(1024, 1, ["sealed"])] },
};
