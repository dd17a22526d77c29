import type { VerifyCalls } from "./verify-worker.ts";
import { WorkerCalls } from "./worker-calls.ts";

/** The checker's side of the model, in a worker of its own. */
export const verifyCalls: WorkerCalls<VerifyCalls> = new WorkerCalls<VerifyCalls>(
  () => new Worker(new URL("./verify-worker.ts", import.meta.url), { type: "module" }),
);
