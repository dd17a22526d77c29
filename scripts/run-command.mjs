// Runs a program to its end and gives what it wrote to stdout; throws with all that it wrote unless it ended with 0.
import { spawnSync } from "node:child_process";

export function run(command, args, cwd, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8", ...options });
  if (status === 0) return stdout;
  throw new Error(
    `\`${command} ${args.join(" ")}\` in ${cwd} ended with ${error?.message ?? status}, expected 0:\n${stdout}${stderr}`,
  );
}
