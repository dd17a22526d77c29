import { parseArgs } from "node:util";
import { partNames, type PartName } from "./bench-result.ts";
import type { SizeName } from "./bench-size.ts";

/** What the benchmark is asked to do. */
export interface BenchOptions {
  readonly size: SizeName;
  /** A host of 1 TiB as well. */
  readonly long: boolean;
  readonly help: boolean;
  /** What is run. */
  readonly parts: readonly PartName[];
  /** Files of schemes that are not XSP's own, to be run beside those. */
  readonly schemes: readonly string[];
  /** Where the results go; undefined when nothing is to be written. */
  readonly out: string | undefined;
  /** An older `report.json` to compare with. */
  readonly compare: string | undefined;
  /** A newer one, in place of a run. */
  readonly with: string | undefined;
}

/** What `--help` prints. */
export const helpText: string = `Usage: pnpm bench [options]   (or, built: node apps/bench/dist/main.js [options])

Runs the scenario fork-64g in full under every accounting scheme, hosts of other sizes, micro-benchmarks of single
operations, the checker and the start-up of the command line, each in processes of their own. Prints what was found and
writes report.html, report.json (raw samples), report.md and report.csv. Takes about six minutes and 4 GiB of memory;
hosts that the machine has no memory for are left out, and the report says so.

Options:
  --quick              everything at a sixteenth of the size, in about a minute
  --long               a host of 1 TiB as well: some minutes more, and 13 GiB of memory
  --smoke              at a tiny size, in less than a minute: asserts every count, prints the ratios to bare increments; its
                       times say nothing and end nothing
  --only <part>        ${partNames.join(", ")}; repeat it for several. Writes nothing without --out
  --scheme <file>      also this scheme, from a file such as ./my-scheme.js, in the scenario and the single operations;
                       repeat it for several. Writes nothing without --out
  --compare <file>     then compare with an older report.json; refused when its machine, Node or size is another
  --with <file>        with --compare: a newer report.json in place of a run
  --out <folder>       where the results go (default: results/ beside this package)
  --help               print this help

Examples:
  pnpm bench
  pnpm bench --quick --out my-results
  pnpm bench --only micro --compare old/report.json
  pnpm bench --quick --only scenario --only micro --scheme ./my-scheme.js
  pnpm bench --compare old/report.json --with new/report.json
  pnpm --filter bench smoke
`;

/**
 * Reads the arguments.
 *
 * @throws TypeError or RangeError telling which argument is wrong and what was expected.
 */
export function benchOptions(args: readonly string[], defaultFolder: string): BenchOptions {
  const { values } = parseArgs({
    // A script that passes its arguments on may leave the mark that ends its own.
    args: args[0] === "--" ? args.slice(1) : [...args],
    options: {
      smoke: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      long: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
      only: { type: "string", multiple: true, default: [] },
      scheme: { type: "string", multiple: true, default: [] },
      compare: { type: "string" },
      with: { type: "string" },
      out: { type: "string" },
    },
  });
  const { smoke, quick, long, help, only, compare, with: newer, scheme, out } = values;
  if ([smoke, quick, long].filter(Boolean).length > 1) {
    throw new RangeError("--smoke, --quick and --long: expected one of them at most");
  }
  const parts = only.map((name) => {
    const part = partNames.find((known) => known === name);
    if (part !== undefined) return part;
    throw new RangeError(`--only ${name}: expected one of ${partNames.join(", ")}; leave it out to run all`);
  });
  if (newer !== undefined && compare === undefined) {
    throw new RangeError(`--with ${newer}: expected --compare with an older result beside it`);
  }
  const whole = parts.length === 0;
  return {
    size: smoke ? "smoke" : quick ? "quick" : "full",
    long,
    help,
    parts: whole ? partNames : parts,
    schemes: scheme,
    // A part of the results must not take the place of all of them, and those of the smoke size are for nobody; with
    // somebody else's scheme among them they are no longer XSP's.
    out: out ?? (whole && !smoke && scheme.length === 0 ? defaultFolder : undefined),
    compare,
    with: newer,
  };
}
