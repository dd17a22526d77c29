import type { MachineCalls } from "./machine-worker.ts";
import { WorkerCalls } from "./worker-calls.ts";

/** A machine in a worker of its own; ending the worker ends the machine. */
export function machineCalls(): WorkerCalls<MachineCalls> {
  return new WorkerCalls<MachineCalls>(
    () => new Worker(new URL("./machine-worker.ts", import.meta.url), { type: "module" }),
  );
}
