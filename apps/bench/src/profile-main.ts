import { parseArgs } from "node:util";
import { schemeNames, type SchemeName } from "@xsp/scenario";
import { profileForks } from "./fork-profile.ts";

const helpText = `Usage: pnpm --filter bench profile [options]   (or, built: node apps/bench/dist/profile-main.js [options])

Boots the guest of fork-64g, maps its region, and prints in which functions the time of a fork goes. The profiler runs
all the time, and what it found in the forks alone is printed. What the compiler took into another function counts with that
one: "map per-frame.js" is one call, that of the loop over a superpage's frames.

Options:
  --scheme <name>      ${schemeNames.join(", ")} (default: per-frame)
  --set <path=value>   change the scenario, as for xsp run; repeat it
  --forks <n>          forks to sample (default: 8)
  --help               print this help
`;

interface Options {
  readonly scheme: SchemeName;
  readonly sets: readonly string[];
  readonly forks: number;
  readonly help: boolean;
}

/** @throws TypeError or RangeError telling which argument is wrong and what was expected. */
function profileOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: args[0] === "--" ? args.slice(1) : [...args],
    options: {
      scheme: { type: "string", default: "per-frame" },
      set: { type: "string", multiple: true, default: [] },
      forks: { type: "string", default: "8" },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  const scheme = schemeNames.find((name) => name === values.scheme);
  if (scheme === undefined)
    throw new RangeError(`--scheme ${values.scheme}: expected one of ${schemeNames.join(", ")}`);
  const forks = Number(values.forks);
  if (!Number.isInteger(forks) || forks < 1)
    throw new RangeError(`--forks ${values.forks}: expected a whole number from 1`);
  return { scheme, sets: values.set, forks, help: values.help };
}

async function main(args: readonly string[]): Promise<void> {
  const { scheme, sets, forks, help } = profileOptions(args);
  if (help) {
    process.stdout.write(helpText);
    return;
  }
  const { hugepages, ns, selfTimes } = await profileForks({ scheme, sets, forks });
  process.stdout.write(
    `${forks} forks of ${hugepages} hugepages under ${scheme}: ${(ns / forks / 1e6).toFixed(2)} ms each while sampled\n\n`,
  );
  for (const { where, ns: own } of selfTimes.slice(0, 12)) {
    process.stdout.write(`${((100 * own) / ns).toFixed(1).padStart(6)} %  ${where}\n`);
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n  do: --help lists the options\n`);
  process.exitCode = 2;
}
