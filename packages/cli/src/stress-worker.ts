import { parentPort, workerData } from "node:worker_threads";
import { runStressThread, type StressThreadStart } from "@xsp/verify";

// The program of a thread that is one vCPU of a stress run. Started by stress-threads.ts.

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of Node, not a window
parentPort?.postMessage(runStressThread(workerData as StressThreadStart));
