import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { BenchSize } from "./bench-size.ts";
import { samplesOf, type Samples } from "./samples.ts";

/** How long the command line takes to begin. */
export interface StartupResult {
  /** `xsp --help`, nanoseconds from start to end of the process. */
  readonly xspNs: Samples;
  /** `node -e 0`: what the runtime takes alone. */
  readonly nodeNs: Samples;
  /** The first over the second, of two processes started one after the other. */
  readonly ratio: Samples;
  readonly command: string;
}

const xsp = fileURLToPath(new URL("../bin/xsp.js", import.meta.resolve("@xsp/cli")));

/** Starts both in turns. */
export function runStartup({ startup: { runs } }: BenchSize): StartupResult {
  const [xspNs, nodeNs]: [number[], number[]] = [[], []];
  // One more of each before: the first one reads the files from disk.
  for (let run = -1; run < runs; run++) {
    const bare = timed(["-e", "0"]);
    const help = timed([xsp, "--help"]);
    if (run < 0) continue;
    nodeNs.push(bare);
    xspNs.push(help);
  }
  return {
    xspNs: samplesOf(xspNs),
    nodeNs: samplesOf(nodeNs),
    ratio: samplesOf(xspNs.map((ns, at) => ns / (nodeNs[at] as number))),
    command: "pnpm bench --only startup",
  };
}

function timed(args: readonly string[]): number {
  const started = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  const ns = Number(process.hrtime.bigint() - started);
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}: ${stderr}`);
  return ns;
}
