import { Worker } from "node:worker_threads";
import type { ModelCheck } from "@xsp/verify";
import type { CheckAnswer, CheckJob, CheckOrder, CheckProgress, CheckThreadStart } from "./check-job.ts";
import type { Interruption } from "./interruption.ts";

/** How to make many checks. */
export interface ThreadOptions {
  readonly workers: number;
  /** Modules of schemes that are not XSP's own: each thread loads them. */
  readonly modules: readonly string[];
  readonly interruption: Interruption;
  readonly onProgress: (running: readonly CheckProgress[]) => void;
  /** Called with each check when it is done, in whatever order that is. */
  readonly onCheck: (check: ModelCheck, place: number) => void;
}

/*
 * Each thread may use its share of the memory, so that together they keep to what was given. A check that runs out of
 * its share is made again when the others are done, alone and with all of the memory: what comes out is what one worker
 * would have found, whatever the number of workers.
 */

/**
 * Makes checks in threads, several at a time.
 *
 * @returns the checks in the order of the jobs; holes where it was interrupted.
 */
export async function checkInThreads(
  jobs: readonly CheckJob[],
  options: ThreadOptions,
): Promise<(ModelCheck | undefined)[]> {
  const { interruption, onCheck } = options;
  const workers = Math.min(options.workers, jobs.length);
  const checks: (ModelCheck | undefined)[] = jobs.map(() => undefined);
  const together = jobs.map((job, place) => ({ place, job: withMemory(job, Math.floor(job.budget.bytes / workers)) }));
  const alone: CheckOrder[] = [];
  const take = (check: ModelCheck, place: number): void => {
    checks[place] = check;
    onCheck(check, place);
  };
  await inThreads(together, workers, options, (check, place) => {
    if (workers > 1 && check.reason === "bytes") alone.push({ place, job: jobs[place] as CheckJob });
    else take(check, place);
  });
  if (!interruption.requested) await inThreads(alone, Math.min(1, alone.length), options, take);
  return checks;
}

function withMemory(job: CheckJob, bytes: number): CheckJob {
  return { ...job, budget: { ...job.budget, bytes } };
}

async function inThreads(
  orders: readonly CheckOrder[],
  workers: number,
  { interruption, onProgress, modules }: ThreadOptions,
  onDone: (check: ModelCheck, place: number) => void,
): Promise<void> {
  const waiting = [...orders];
  const running = new Map<number, CheckProgress>();
  const workerData: CheckThreadStart = { modules };
  const start = (): Worker => new Worker(new URL("./check-worker.js", import.meta.url), { workerData });
  const threads = Array.from({ length: workers }, start);
  const stop = async (): Promise<void> => {
    await Promise.all(threads.map((thread) => thread.terminate()));
  };
  const work = async (thread: Worker): Promise<void> =>
    new Promise((resolve, reject) => {
      const next = (): void => {
        const order = interruption.requested ? undefined : waiting.shift();
        if (order === undefined) resolve();
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of Node, not a window
        else thread.postMessage(order);
      };
      thread.on("message", (answer: CheckAnswer) => {
        if (interruption.requested) return;
        if ("progress" in answer) {
          running.set(answer.place, answer.progress);
          onProgress([...running.values()]);
          return;
        }
        running.delete(answer.place);
        onDone(answer.check, answer.place);
        next();
      });
      thread.on("error", reject);
      interruption.onRequest(resolve);
      next();
    });
  try {
    await Promise.all(threads.map(work));
  } finally {
    await stop();
  }
}
