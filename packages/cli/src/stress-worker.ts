import { parentPort, workerData } from "node:worker_threads";
import { runStressThread, type StressThreadStart } from "@xsp/verify";

import { loadSchemeModules } from "./scheme-file.ts";
import type { SchemeModules } from "./stress-threads.ts";

// The program of a thread that is one vCPU of a stress run. Started by stress-threads.ts.

const start = workerData as StressThreadStart & SchemeModules;
await loadSchemeModules(start.modules);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of Node, not a window
parentPort?.postMessage(runStressThread(start));
