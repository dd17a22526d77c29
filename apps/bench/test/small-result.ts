import { thisMachine } from "@xsp/cli";
import { createHost, snapshotPerf } from "@xsp/hypervisor";
import {
  parseOverride,
  readLoginStorm,
  scenarioResult,
  runScenario,
  shippedScenario,
  type SchemeName,
  type SchemeRun,
} from "@xsp/scenario";
import { resultVersion, type BenchResult, type Measurements } from "../src/bench-result.ts";
import { measureChecker } from "../src/checker-measurement.ts";
import { checkerResult } from "../src/checker-run.ts";
import { measureMicro } from "../src/micro-measurement.ts";
import { profileRatios } from "../src/profile-ratio.ts";
import { runRatios } from "../src/run-ratio.ts";
import { samplesOf } from "../src/samples.ts";
import { scalingFits, scalingPoint } from "../src/scaling-result.ts";
import type { StormOverlap, StormResult } from "../src/storm-result.ts";
import { targetsOf } from "../src/target.ts";
import { threadPoint } from "../src/thread-result.ts";

/** A clock that goes on by some time whenever it is looked at, never by the same amount twice in a row. */
function steps(ns: number): () => number {
  let now = 0;
  let step = 0;
  return () => (now += ns * (1 + (step++ % 7) / 10));
}

function run(scheme: SchemeName, memoryMiB: number, hugepages: number, deadline: string): SchemeRun {
  const overrides = [
    `host.memory=${memoryMiB + 256}MiB`,
    `guest.memory=${memoryMiB}MiB`,
    `pool.hugepages=${hugepages}`,
    `process.region=${2 * hugepages}MiB`,
    "workload.logins=5",
    `deadline=${deadline}`,
  ].flatMap((text) => parseOverride(text, "--set") ?? []);
  const settings = readLoginStorm(shippedScenario("fork-64g") ?? "", { file: "fork-64g", overrides });
  return runScenario(settings, { scheme, now: steps(1000), warmUps: 0, peakRss: () => memoryMiB * 20_000 });
}

/** The storm of `small` under some schemes: per-frame misses the deadline, the others meet it. */
export function smallScenario(...schemes: readonly SchemeName[]): NonNullable<BenchResult["scenario"]> {
  const overrides = [
    "host.memory=512MiB",
    "guest.memory=256MiB",
    "pool.hugepages=32",
    "process.region=64MiB",
    "workload.logins=5",
    "deadline=10ms",
  ].flatMap((text) => parseOverride(text, "--set") ?? []);
  const settings = readLoginStorm(shippedScenario("fork-64g") ?? "", { file: "fork-64g", overrides });
  const runs = schemes.map((scheme) => run(scheme, 256, 32, "10ms"));
  return scenarioResult(settings, thisMachine(), runs);
}

const zeroEvents = snapshotPerf(createHost({ frames: 1024, scheme: "sealed" }));

/** A storm as its threads would report it. */
export function storm(overlap: StormOverlap, threads: number, wallNs: readonly number[]): StormResult {
  const order = { scheme: "sealed", overlap, spawners: 2, threads, hugepages: 512, forks: 1, samples: 2 } as const;
  return { order, wallNs, events: { ...zeroEvents, superpageGets: 2 * 2 * 512 }, differences: 0 };
}

/**
 * A whole result at a tiny size, made by the code that makes a full one, in this process. Its times come from a clock of
 * steps, so that it is the same every time; the threads' figures are made up, since no thread is timed here.
 */
export function smallResult(): BenchResult {
  const scenario = smallScenario("per-frame", "xen-4.1", "sealed");
  const points = (["per-frame", "sealed"] as const).flatMap((scheme) => [
    scalingPoint(512 * 2 ** 20, [run(scheme, 256, 16, "60s"), run(scheme, 256, 16, "60s")], "pnpm xsp run small"),
    scalingPoint(640 * 2 ** 20, [run(scheme, 384, 64, "60s")], "pnpm xsp run larger"),
  ]);
  const order = { model: "mark-mark", scheme: "per-frame" };
  const [xspNs, nodeNs] = [samplesOf([9e7, 8e7, 9.5e7]), samplesOf([4e7, 4.1e7, 3.9e7])];
  const found: Measurements = {
    scenario,
    micro: Object.fromEntries(
      (["per-frame", "sealed"] as const).map((scheme) => [
        scheme,
        measureMicro({ scheme, superpages: 512, rounds: 2, sampleMs: 0 }, steps(1e6)),
      ]),
    ),
    scaling: {
      points,
      fits: scalingFits(points),
      leftOut: [{ hostBytes: 2 ** 40, scheme: "sealed", neededBytes: 12.3e9, availableBytes: 8e9 }],
    },
    threads: {
      points: [
        threadPoint([storm("one", 1, [4e4, 5e4])], [storm("one", 2, [9e4, 8e4])]),
        threadPoint([storm("same", 1, [4e4, 5e4])], [storm("same", 2, [2.1e4, 2.6e4])]),
      ],
      command: "pnpm bench --only threads",
    },
    checker: checkerResult(order, [measureChecker(order, steps(3))]),
    startup: {
      xspNs,
      nodeNs,
      ratio: samplesOf(xspNs.values.map((ns, at) => ns / (nodeNs.values[at] ?? 0))),
      command: "pnpm bench --only startup",
    },
  };
  const ratios = runRatios(scenario);
  return {
    v: resultVersion,
    size: "smoke",
    finished: "2026-01-31T12:00:00.000Z",
    machine: thisMachine(),
    loadBefore: 0.75,
    command: "pnpm bench --smoke",
    profiles: profileRatios(),
    ...found,
    ...(ratios && { ratios }),
    targets: targetsOf(found),
  };
}
