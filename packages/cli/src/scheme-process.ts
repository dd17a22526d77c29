import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  ScenarioError,
  type LoginStorm,
  type RunProgress,
  type ScenarioProblem,
  type SchemeRun,
  type StepsRun,
} from "@xsp/scenario";
import type { SchemeAnswer, SchemeOrder } from "./scheme-message.ts";

// One process per scheme, one after another. Its peak resident memory is then that scheme's alone, and its call sites
// have seen one scheme only: in a process that has run several, the compiler's assumptions about one are spoilt by the
// others, and the scheme that runs last looks slow.

const worker = fileURLToPath(new URL("./scheme-worker.js", import.meta.url));

/**
 * Runs one scheme in a process of its own.
 *
 * @throws ScenarioError when the scenario cannot be played under this scheme.
 * @throws Error when the process ended without a result.
 */
export async function runSchemeProcess(
  order: SchemeOrder & { readonly scenario: LoginStorm },
  onProgress?: (progress: RunProgress) => void,
): Promise<SchemeRun>;
export async function runSchemeProcess(
  order: SchemeOrder,
  onProgress?: (progress: RunProgress) => void,
): Promise<SchemeRun | StepsRun>;
export async function runSchemeProcess(
  order: SchemeOrder,
  onProgress?: (progress: RunProgress) => void,
): Promise<SchemeRun | StepsRun> {
  const child = fork(worker, { stdio: ["ignore", "inherit", "inherit", "ipc"], serialization: "advanced" });
  // A child in the middle of its work does not notice that its parent is gone.
  const stop = (signal: NodeJS.Signals): void => {
    child.kill("SIGKILL");
    process.kill(process.pid, signal);
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    return await new Promise<SchemeRun | StepsRun>((resolve, reject) => {
      let settled = false;
      child.on("message", (message) => {
        const answer = message as SchemeAnswer;
        if (answer.kind === "progress") {
          onProgress?.(answer.progress);
          return;
        }
        settled = true;
        if (answer.kind === "done") resolve(answer.run);
        else if (answer.kind === "unplayable") reject(new ScenarioError(answer.problems as ScenarioProblem[]));
        else reject(new Error(`${order.scheme} failed in its process: ${answer.stack}`));
      });
      child.on("error", reject);
      child.on("exit", (code, signal) => {
        // The message may still be on its way; "close" of the channel comes after it.
        if (!settled && !child.connected) reject(endedEarly(order.scheme, code, signal));
      });
      child.on("disconnect", () => {
        if (!settled && child.exitCode !== null) reject(endedEarly(order.scheme, child.exitCode, child.signalCode));
      });
      child.send(order);
    });
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

function endedEarly(scheme: string, code: number | null, signal: NodeJS.Signals | null): Error {
  const how = signal === null ? `exit code ${code}` : `${signal}, which is what the kernel sends when memory runs out`;
  return new Error(`the process that ran ${scheme} ended without a result (${how})`);
}
