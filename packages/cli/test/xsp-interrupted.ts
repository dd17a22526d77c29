import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../bin/xsp.js", import.meta.url));

/** Runs the built command and presses Ctrl-C once it has told on stderr, in these words, how far it is. */
export async function xspInterrupted(
  when: RegExp,
  folder: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [bin, ...args, "--progress"], { cwd: folder });
  const told = { stdout: "", stderr: "" };
  let pressed = false;
  child.stdout.on("data", (data: Buffer) => (told.stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => {
    told.stderr += data.toString();
    if (!pressed && when.test(told.stderr)) pressed = child.kill("SIGINT");
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, ...told };
}
