import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { MicroAnswer, MicroOrder, MicroResult } from "./micro-result.ts";

const worker = fileURLToPath(new URL("./micro-worker.js", import.meta.url));

/**
 * Times the tasks of one scheme in a process of its own: in one that has seen several schemes, the call sites of the
 * hot loops are no longer specialised to one.
 *
 * @throws Error when a task failed or the process ended without an answer.
 */
export async function runMicroProcess(order: MicroOrder): Promise<readonly MicroResult[]> {
  const child = fork(worker, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  return new Promise((resolve, reject) => {
    child.on("message", (message) => {
      const answer = message as MicroAnswer;
      if (answer.kind === "done") resolve(answer.results);
      else reject(new Error(`micro-benchmark of ${order.scheme} failed: ${answer.stack}`));
    });
    child.on("error", reject);
    child.on("close", (code) => reject(new Error(`micro-benchmark of ${order.scheme} ended early, exit code ${code}`)));
    child.send(order);
  });
}
