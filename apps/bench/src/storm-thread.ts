import { parentPort, workerData } from "node:worker_threads";
import { audit, perfDifference, snapshotPerf, type PerfSnapshot } from "@xsp/hypervisor";
import { buildStormHost, sharedStormWords, stormTurn, type StormHost } from "./storm-host.ts";
import type { StormOrder } from "./storm-result.ts";

// The program of one thread of a storm. Its spawners fork and exit: each pins the L2 tables of its child, which is where
// Xen pays for a fork, and unpins them, which is where it pays for the exit.

/** What a thread is started with. */
export interface StormThreadStart {
  readonly order: StormOrder;
  readonly thread: number;
  readonly memory: SharedArrayBuffer;
  /** Words: whose turn it is to build, how many have arrived, which round goes. */
  readonly control: SharedArrayBuffer;
}

/** What a thread has to tell. */
export interface StormThreadReport {
  /** Begin and end of each sample, nanoseconds of the machine's own clock. */
  readonly times: readonly (readonly [number, number])[];
  readonly events: PerfSnapshot;
  /** Of the audit at the end; thread 0 alone makes it. */
  readonly differences: number;
}

const TURN = 0;
const ARRIVED = 1;
const ROUND = 2;
/** Rounds that are not timed: the compiler's. */
const warmUps = 3;

function waitFor(control: Int32Array, index: number, atLeast: number): void {
  for (;;) {
    const seen = Atomics.load(control, index);
    if (seen >= atLeast) return;
    Atomics.wait(control, index, seen, 1);
  }
}

/** All threads leave it together; the last to come opens it. */
function barrier(control: Int32Array, round: number, threads: number): void {
  if (Atomics.add(control, ARRIVED, 1) + 1 === round * threads) {
    Atomics.store(control, ROUND, round);
    Atomics.notify(control, ROUND);
    return;
  }
  // Spinning: a thread that had to be woken would begin later than the others.
  while (Atomics.load(control, ROUND) < round);
}

function storm(host: StormHost, spawners: readonly number[], { forks, overlap }: StormOrder): void {
  for (let fork = 0; fork < forks; fork++) for (const spawner of spawners) stormTurn(host, spawner, overlap);
}

function run({ order, thread, memory, control: buffer }: StormThreadStart): StormThreadReport {
  const control = new Int32Array(buffer);
  const { spawners, threads, samples } = order;
  waitFor(control, TURN, thread);
  if (thread > 0) new Int32Array(memory).fill(0);
  const built = buildStormHost(order, sharedStormWords(memory));
  Atomics.store(control, TURN, thread + 1);
  Atomics.notify(control, TURN);
  const own = Array.from({ length: spawners }, (_, spawner) => spawner).filter((each) => each % threads === thread);

  const times: [number, number][] = [];
  let before = snapshotPerf(built.host);
  for (let round = 1; round <= warmUps + samples; round++) {
    if (round === warmUps + 1) before = snapshotPerf(built.host);
    barrier(control, round, threads);
    const started = Number(process.hrtime.bigint());
    storm(built, own, order);
    const ended = Number(process.hrtime.bigint());
    if (round > warmUps) times.push([started, ended]);
  }
  const events = perfDifference(before, snapshotPerf(built.host));
  barrier(control, warmUps + samples + 1, threads);
  return { times, events, differences: thread === 0 ? audit(built.host).length : 0 };
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a thread has no origins
parentPort?.postMessage(run(workerData as StormThreadStart));
