import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The command as it is installed. */
export const xspFile: string = fileURLToPath(new URL("../bin/xsp.js", import.meta.url));

/** What a run of the command left behind. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command as a user does: output to pipes, so neither colours nor progress. */
export function xsp(...args: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [xspFile, ...args], { encoding: "utf8" });
  return { code: status, stdout, stderr };
}

/** The arguments that make fork-64g small: 32 hugepages. */
export const small: readonly string[] = [
  "host.memory=512MiB",
  "guest.memory=256MiB",
  "pool.hugepages=32",
  "process.region=64MiB",
  "workload.logins=3",
].flatMap((set) => ["--set", set]);
