import type { StormCalls } from "./storm-worker.ts";
import { WorkerCalls } from "./worker-calls.ts";

/** One scheme's run in a worker of its own; ending the worker ends the run. */
export function stormCalls(): WorkerCalls<StormCalls> {
  return new WorkerCalls<StormCalls>(
    () => new Worker(new URL("./storm-worker.ts", import.meta.url), { type: "module" }),
  );
}
