import type { SchemeName } from "@xsp/scenario";
import { samplesOf, type Samples } from "./samples.ts";
import type { StormOverlap, StormResult } from "./storm-result.ts";

/** One scheme at one kind of work, by one thread and by as many as there are spawners. */
export interface ThreadPoint {
  readonly scheme: SchemeName;
  /** Which superpages the spawners map. */
  readonly overlap: StormOverlap;
  readonly threads: number;
  readonly hugepages: number;
  /** Of one fork and exit, per hugepage and spawner: all of them done by one thread, one after another. */
  readonly oneThreadNs: Samples;
  /** The same by the threads side by side: the time that passes, over the same work. */
  readonly threadsNs: Samples;
  /** The first over the second, sample by sample. */
  readonly speedUp: Samples;
  /** General references on frames and superpages counted, of all samples of one thread. */
  readonly counted: { readonly frameGets: number; readonly superpageGets: number };
  /** Differences between what one thread counted and what the others did, and those that the audits found. */
  readonly differences: number;
}

/** How work on one host grows with the threads that do it. */
export interface ThreadResult {
  readonly points: readonly ThreadPoint[];
  readonly command: string;
}

/** Puts the same storms by one thread and by several together. */
export function threadPoint(one: readonly StormResult[], several: readonly StormResult[]): ThreadPoint {
  const [first] = one;
  const [other] = several;
  if (first === undefined || other === undefined) throw new RangeError("no storm given: expected one of each kind");
  const { scheme, overlap, spawners, hugepages, forks } = first.order;
  const operations = spawners * hugepages * forks;
  const [single, parallel] = [one, several].map((storms) =>
    storms.flatMap(({ wallNs }) => wallNs.map((ns) => ns / operations)),
  ) as [number[], number[]];
  const miscounted = several.flatMap(({ events }) =>
    Object.entries(events).filter(([name, count]) => count !== first.events[name as keyof typeof events]),
  );
  return {
    scheme,
    overlap,
    threads: other.order.threads,
    hugepages,
    oneThreadNs: samplesOf(single),
    threadsNs: samplesOf(parallel),
    speedUp: samplesOf(single.map((ns, at) => ns / (parallel[at] as number))),
    counted: { frameGets: first.events.frameGets, superpageGets: first.events.superpageGets },
    differences: [...one, ...several].reduce((sum, { differences }) => sum + differences, miscounted.length),
  };
}
