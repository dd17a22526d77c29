import { parentPort, workerData } from "node:worker_threads";
import { CheckRun, modelByName, withBounds } from "@xsp/verify";
import type { CheckAnswer, CheckOrder, CheckThreadStart } from "./check-job.ts";
import { loadSchemeModules } from "./scheme-file.ts";

// The program of a thread that makes one check after another. Started by check-threads.ts.
const port = parentPort;
if (port === null) throw new Error("this file is started as a thread, not by hand");

/** Milliseconds from one report to the next. */
const EVERY = 200;

function answer(message: CheckAnswer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of Node, not a window
  port?.postMessage(message);
}

// What comes before anybody listens waits.
await loadSchemeModules((workerData as CheckThreadStart).modules);
port.on("message", ({ place, job }: CheckOrder) => {
  const { model, change, scheme, budget, properties, reduction } = job;
  const clock = (): number => performance.now();
  const run = new CheckRun(withBounds(modelByName(model), change), scheme, {
    budget,
    reduction,
    clock,
    ...(properties === undefined ? {} : { properties }),
  });
  for (let told = -EVERY; !run.advance();) {
    if (clock() - told < EVERY) continue;
    told = clock();
    answer({ place, progress: { model, scheme, ...run.progress() } });
  }
  answer({ place, check: run.result() });
});
