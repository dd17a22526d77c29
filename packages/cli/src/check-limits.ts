import type { CheckBudget } from "./check-job.ts";
import { UsageError } from "./usage-error.ts";

/** The options of `xsp check` that end a check before it has seen everything. */
export interface LimitFlags {
  readonly time?: string;
  readonly budget?: string;
  readonly states?: number;
  readonly memory?: string;
}

/** What the states of all checks together may take where nothing is said. */
const DEFAULT_BYTES = 2 ** 31;

// Sizes and durations are read by the scenario package, which takes longer to load than a small model to explore: it is
// loaded only where there is one to read.

/**
 * Reads the limits of each check.
 *
 * @throws UsageError naming the flag that is no time or no size.
 */
export async function readLimits({ time, budget, states, memory }: LimitFlags): Promise<CheckBudget> {
  if (time !== undefined && budget !== undefined) {
    throw new UsageError("--time and --budget: both say how long a check may take", "one of them", "leave one out");
  }
  const seconds = time === undefined ? await readSeconds("--budget", budget) : await readSeconds("--time", time);
  return {
    bytes: memory === undefined ? DEFAULT_BYTES : await readSize(memory),
    ...(seconds === undefined ? {} : { seconds }),
    ...(states === undefined ? {} : { states }),
  };
}

async function readSeconds(flag: string, text: string | undefined): Promise<number | undefined> {
  if (text === undefined) return undefined;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : await secondsOf(text);
  if (seconds > 0) return seconds;
  throw new UsageError(
    `${flag} ${text}: is no time above 0`,
    "seconds, or a number with ms, s or min",
    `write ${flag} 30, or ${flag} 5min`,
  );
}

async function secondsOf(text: string): Promise<number> {
  const { parseDuration } = await import("@xsp/scenario");
  return (parseDuration(text) ?? 0) / 1e9;
}

async function readSize(text: string): Promise<number> {
  const { parseSize } = await import("@xsp/scenario");
  const bytes = parseSize(text) ?? 0;
  if (bytes > 0) return bytes;
  throw new UsageError(`--memory ${text}: is no size`, "a number with B, KiB, MiB or GiB", "write --memory 2GiB");
}
