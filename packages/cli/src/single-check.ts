import { setImmediate as nextTurn } from "node:timers/promises";
import type { CheckRun, ModelCheck } from "@xsp/verify";
import { type CheckJob, type CheckProgress, modelOfJob } from "./check-job.ts";
import type { Interruption } from "./interruption.ts";

/** How to make one check. */
export interface SingleOptions {
  readonly interruption: Interruption;
  readonly onProgress: (running: readonly CheckProgress[]) => void;
  /** Threads that share the work on each batch of states. */
  readonly workers: number;
  /** Where it goes on from. */
  readonly resume?: Uint8Array;
}

/** One check as far as it came. */
export interface SingleCheck {
  readonly check: ModelCheck;
  /** Everything as bytes, to go on from later. */
  readonly checkpoint: () => Uint8Array;
}

/**
 * Makes one check in this thread, a batch of states between two turns of the event loop, so that Ctrl-C is noticed.
 *
 * @throws RangeError when it cannot go on from where it is told to: see `CheckRun`.
 */
export async function singleCheck(job: CheckJob, options: SingleOptions): Promise<SingleCheck> {
  const { CheckRun } = await import("@xsp/verify");
  const { interruption, onProgress, workers, resume } = options;
  const { model, scheme, budget, properties, reduction } = job;
  const pool = workers > 1 ? (await import("@xsp/checker/node")).createWorkerPool(workers) : undefined;
  try {
    const run: CheckRun = new CheckRun(
      await modelOfJob(job),
      scheme,
      {
        budget,
        reduction,
        clock: () => performance.now(),
        ...(properties === undefined ? {} : { properties }),
        ...(pool === undefined ? {} : { pool }),
      },
      resume,
    );
    while (!interruption.requested && !run.advance()) {
      onProgress([{ model, scheme, ...run.progress() }]);
      // One batch after another: that is what a search is.
      // oxlint-disable-next-line no-await-in-loop
      await nextTurn();
    }
    return { check: run.result(), checkpoint: () => run.checkpoint() };
  } finally {
    await pool?.close();
  }
}
