import { parseArgs } from "node:util";

/** What the benchmark is asked to do. */
export interface BenchOptions {
  /** Counts at a tiny size in place of times at the full one. */
  readonly smoke: boolean;
  readonly help: boolean;
  /** Leave the micro-benchmarks, or the scenario, out. */
  readonly only: "scenario" | "micro" | undefined;
  readonly out: string;
}

/** What `--help` prints. */
export const helpText = `Usage: pnpm bench   (or, built: node apps/bench/dist/main.js [options])

Runs the scenario fork-64g in full under every accounting scheme, and micro-benchmarks of single operations, each scheme
in a process of its own. Prints one table of the schemes side by side and the ratio per-frame / scheme three ways, and
writes JSON, Markdown and a chart. Takes about two minutes; needs 1 GiB of free memory.

Options:
  --smoke            the same at a tiny size in a few seconds: asserts every count, takes no times, writes nothing
  --only <part>      scenario or micro
  --out <folder>     where the results go (default: results/ beside this package)
  --help             print this help

Examples:
  pnpm bench
  pnpm --filter bench smoke
  node apps/bench/dist/main.js --only micro --out my-results
`;

/**
 * Reads the arguments.
 *
 * @throws TypeError or RangeError telling which argument is wrong and what was expected.
 */
export function benchOptions(args: readonly string[], defaultFolder: string): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      smoke: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
      only: { type: "string" },
      out: { type: "string", default: defaultFolder },
    },
  });
  const { only } = values;
  if (only !== undefined && only !== "scenario" && only !== "micro") {
    throw new RangeError(`--only ${only}: expected scenario or micro; leave it out to run both`);
  }
  return { smoke: values.smoke, help: values.help, only, out: values.out };
}
