import type { ScenarioCalls } from "./scenario-worker.ts";
import { WorkerCalls } from "./worker-calls.ts";

/** One scheme's run in a worker of its own; ending the worker ends the run. */
export function scenarioCalls(): WorkerCalls<ScenarioCalls> {
  return new WorkerCalls<ScenarioCalls>(
    () => new Worker(new URL("./scenario-worker.ts", import.meta.url), { type: "module" }),
  );
}
