import { countingOperations, type EventCounts, type SchemeName, type SchemeRun } from "@xsp/scenario";
import { growthOf, type Growth } from "./power-law.ts";
import { samplesOf, type Samples } from "./samples.ts";

/** One host of one size under one scheme. */
export interface ScalingPoint {
  readonly scheme: SchemeName;
  readonly hostBytes: number;
  /** Frames of the host. */
  readonly frames: number;
  /** Hugepages that the instance maps, and each fork copies. */
  readonly hugepages: number;
  /** Building the host and the guest with its full direct map, one sample for each process. */
  readonly bootNs: Samples;
  /** Every fork of every process. */
  readonly forkNs: Samples;
  readonly execNs: Samples;
  /** Peak resident memory, one sample for each process. */
  readonly peakRssBytes: Samples;
  /** Accounting state of the hypervisor per frame. */
  readonly bytesPerFrame: number;
  /** What the first fork was counted at. */
  readonly forkEvents: EventCounts;
  /** References and superpage operations of the first fork. */
  readonly countingOperations: number;
  readonly auditDifferences: number;
  readonly command: string;
}

/** What is fitted over the sizes of one scheme. */
export interface ScalingFit extends Growth {
  readonly scheme: SchemeName;
  readonly what: "boot" | "fork" | "exec" | "peak memory" | "counting operations of a fork";
  readonly over: "frame" | "hugepage";
  readonly unit: "ns" | "bytes" | "operations";
}

/** A host that was not run. */
export interface LeftOut {
  readonly hostBytes: number;
  readonly scheme: SchemeName;
  readonly neededBytes: number;
  readonly availableBytes: number;
}

/** Time, memory and events over the size of the host. */
export interface ScalingResult {
  readonly points: readonly ScalingPoint[];
  readonly fits: readonly ScalingFit[];
  readonly leftOut: readonly LeftOut[];
}

/** Puts the runs of one host under one scheme together. */
export function scalingPoint(hostBytes: number, runs: readonly SchemeRun[], command: string): ScalingPoint {
  const [first] = runs;
  if (first === undefined) throw new RangeError(`no run of a host of ${hostBytes} bytes given: expected at least one`);
  return {
    scheme: first.scheme,
    hostBytes,
    frames: hostBytes / 4096,
    hugepages: first.map.hugepages,
    bootNs: samplesOf(runs.map(({ boot }) => boot.wallNs)),
    forkNs: samplesOf(runs.flatMap(({ logins }) => logins.forkWall.samplesNs)),
    execNs: samplesOf(runs.flatMap(({ logins }) => logins.execWall.samplesNs)),
    peakRssBytes: samplesOf(runs.map(({ peakRssBytes }) => peakRssBytes)),
    bytesPerFrame: first.bytesPerFrame,
    forkEvents: first.fork.events,
    countingOperations: countingOperations(first.fork.events),
    auditDifferences: runs.reduce((sum, { audit }) => sum + audit.differences, 0),
    command,
  };
}

const fitted: readonly (Omit<ScalingFit, keyof Growth | "scheme"> & { readonly y: (point: ScalingPoint) => number })[] =
  [
    { what: "boot", over: "frame", unit: "ns", y: ({ bootNs }) => bootNs.median },
    { what: "fork", over: "hugepage", unit: "ns", y: ({ forkNs }) => forkNs.median },
    { what: "exec", over: "hugepage", unit: "ns", y: ({ execNs }) => execNs.median },
    { what: "peak memory", over: "frame", unit: "bytes", y: ({ peakRssBytes }) => peakRssBytes.median },
    {
      what: "counting operations of a fork",
      over: "hugepage",
      unit: "operations",
      y: (point) => point.countingOperations,
    },
  ];

/** Fits every quantity for every scheme that was run at two sizes or more. */
export function scalingFits(points: readonly ScalingPoint[]): readonly ScalingFit[] {
  const schemes = [...new Set(points.map(({ scheme }) => scheme))];
  return schemes.flatMap((scheme) => {
    const own = points.filter((point) => point.scheme === scheme);
    return fitted.flatMap(({ y, ...what }) => {
      const growth = growthOf(
        own.map((point) => [what.over === "frame" ? point.frames : point.hugepages, y(point)] as const),
      );
      return growth === undefined ? [] : [{ scheme, ...what, ...growth }];
    });
  });
}
