import { Worker } from "node:worker_threads";
import { expand } from "../expansion.ts";
import { type ExpansionTables, Hit, newExpansionRun } from "../expansion-tables.ts";
import type { ExpansionPool, ExpansionShare } from "../expansion-pool.ts";
import { Control, type WorkerStart } from "./worker-control.ts";

/** Ints of one thread's share of successors: 16 MB. When it is full, the calling thread does the rest of the share. */
const OUT_INTS = 1 << 22;
const MOST_PROPERTIES = 1000;
/** A batch takes milliseconds. A thread that needs longer than this has died. */
const PATIENCE_MS = 120_000;

const allocateShared = (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(length * 4));

interface Thread {
  readonly worker: Worker;
  readonly control: Int32Array;
  readonly out: Int32Array;
}

/** A pool of Node's worker threads. Call {@link WorkerPool.close} when done. */
export interface WorkerPool extends ExpansionPool {
  /** Ends the threads. */
  close(): Promise<void>;
}

/**
 * Starts threads that expand states together with the calling one.
 *
 * All arrays are in shared memory, so nothing is copied; the calling thread blocks while a batch is under way. Whether
 * it pays depends on the model: looking up is shared out, inserting is not. See `docs/checker.md` for figures.
 *
 * @param threads - how many threads in all, the calling one among them: 1 or more.
 * @throws RangeError when it is less.
 */
export function createWorkerPool(threads: number): WorkerPool {
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`a pool of ${threads} threads: expected 1 or more`);
  const own = new Int32Array(OUT_INTS);
  const others = Array.from({ length: threads - 1 }, startThread);
  let sent: ExpansionTables | undefined;

  return {
    allocate: allocateShared,
    expand(tables, from, to) {
      if (tables.codes.length > MOST_PROPERTIES) throw new RangeError(`more than ${MOST_PROPERTIES} properties`);
      const size = Math.ceil((to - from) / threads);
      const cut = (share: number): number => Math.min(to, from + share * size);
      if (tables !== sent) {
        for (const { worker } of others) {
          // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of Node, not a window
          worker.postMessage(tables);
        }
      }
      sent = tables;
      others.forEach((thread, index) => ask(thread, cut(index + 1), cut(index + 2)));
      const first = expandOwn(tables, own, from, cut(1));
      return [first, ...others.map((thread, index) => answerOf(thread, tables.codes.length, cut(index + 2)))];
    },
    async close() {
      for (const { control } of others) {
        Atomics.store(control, Control.leave, 1);
        Atomics.add(control, Control.asked, 1);
        Atomics.notify(control, Control.asked);
      }
      await Promise.all(others.map(({ worker }) => worker.terminate()));
    },
  };
}

function startThread(): Thread {
  const control = allocateShared(Control.size + Hit.properties + MOST_PROPERTIES);
  const out = allocateShared(OUT_INTS);
  const workerData: WorkerStart = { control, out };
  const worker = new Worker(new URL("./expansion-worker.js", import.meta.url), { workerData });
  worker.unref();
  return { worker, control, out };
}

function ask({ control }: Thread, from: number, to: number): void {
  Atomics.store(control, Control.from, from);
  Atomics.store(control, Control.to, to);
  Atomics.add(control, Control.asked, 1);
  Atomics.notify(control, Control.asked);
}

function answerOf({ control, out }: Thread, properties: number, to: number): ExpansionShare {
  const asked = Atomics.load(control, Control.asked);
  for (let answered = -1; (answered = Atomics.load(control, Control.answered)) !== asked;) {
    if (Atomics.wait(control, Control.answered, answered, PATIENCE_MS) === "timed-out") {
      throw new Error(`a worker thread gave no answer within ${PATIENCE_MS / 1000} s`);
    }
  }
  return {
    out,
    outLength: Atomics.load(control, Control.outLength),
    transitions: Atomics.load(control, Control.transitions),
    position: Atomics.load(control, Control.position),
    to,
    hits: control.slice(Control.size, Control.size + Hit.properties + properties),
  };
}

function expandOwn(tables: ExpansionTables, out: Int32Array, from: number, to: number): ExpansionShare {
  const run = newExpansionRun(tables.slots, tables.vcpus, tables.codes.length, out);
  expand(tables, run, from, to);
  const { outLength, transitions, position, hits } = run;
  return { out, outLength, transitions, position, to, hits };
}
