import { Worker } from "node:worker_threads";
import { PerfCounters, snapshotPerf, type PerfCounterName, type PerfSnapshot } from "@xsp/hypervisor";
import { stormMemoryBytes } from "./storm-host.ts";
import type { StormOrder, StormResult } from "./storm-result.ts";
import type { StormThreadReport, StormThreadStart } from "./storm-thread.ts";

/**
 * Runs a storm on real threads: every spawner pins and unpins the tables of its children, over one `SharedArrayBuffer`.
 *
 * @throws RangeError for an order that no storm can follow; Error when a thread fails.
 */
export async function runStorm(order: StormOrder): Promise<StormResult> {
  const { spawners, threads } = order;
  if (threads !== 1 && threads !== spawners) {
    throw new RangeError(`threads: ${threads} given, expected 1 or ${spawners}, one for each spawner`);
  }
  const memory = new SharedArrayBuffer(stormMemoryBytes(order));
  const control = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT);
  const reports = await Promise.all(
    Array.from({ length: threads }, (_, thread) => startThread({ order, thread, memory, control })),
  );
  const wallNs = Array.from({ length: order.samples }, (_, sample) => {
    const times = reports.map((report) => report.times[sample] as readonly [number, number]);
    return Math.max(...times.map(([, ended]) => ended)) - Math.min(...times.map(([started]) => started));
  });
  return {
    order,
    wallNs,
    events: sumOf(reports.map(({ events }) => events)),
    differences: reports.reduce((sum, { differences }) => sum + differences, 0),
  };
}

function startThread(start: StormThreadStart): Promise<StormThreadReport> {
  const worker = new Worker(new URL("../dist/storm-thread.js", import.meta.url), { workerData: start });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) =>
      reject(new Error(`thread ${start.thread} of a storm ended early, exit code ${code}`)),
    );
  });
}

function sumOf(parts: readonly PerfSnapshot[]): PerfSnapshot {
  const sum = snapshotPerf({ perf: new PerfCounters() }) as Record<PerfCounterName, number>;
  for (const part of parts) {
    for (const name of Object.keys(sum) as PerfCounterName[]) sum[name] += part[name];
  }
  return sum;
}
