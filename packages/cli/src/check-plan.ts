import { availableParallelism } from "node:os";
import type { BoundsChange, CheckedProperty, NamedModel } from "@xsp/verify";
import type { CheckJob } from "./check-job.ts";
import { type LimitFlags, readLimits } from "./check-limits.ts";
import { type ChosenSchemes, chooseSchemes } from "./scheme-file.ts";
import { UsageError } from "./usage-error.ts";

/** The options of `xsp check` that say what is checked, and how far. */
export interface CheckFlags extends LimitFlags {
  readonly all?: boolean;
  readonly scheme: readonly string[];
  readonly property: readonly string[];
  readonly vcpus?: number;
  readonly domains?: number;
  readonly superpages?: number;
  readonly order?: number;
  readonly steps?: number | readonly number[];
  readonly start?: "highmem" | "lowmem";
  readonly workers?: number;
  readonly reduction: CheckJob["reduction"];
}

/** Memory that a worker should have: about twice what the largest check of the matrix takes. */
const WORTH_A_WORKER = 2 ** 29;

/** What `xsp check` is to do. */
export interface CheckPlan {
  readonly jobs: readonly CheckJob[];
  readonly workers: number;
  readonly schemes: ChosenSchemes;
}

/**
 * Makes the list of checks that the options ask for.
 *
 * @throws UsageError for an unknown model, scheme or property, and for bounds that a model cannot have.
 */
export async function planChecks(name: string | undefined, flags: CheckFlags): Promise<CheckPlan> {
  const { checkedProperties, namedModels, schemeNames } = await import("@xsp/verify");
  const models = namedModels.filter((model) => flags.all === true || model.name === name);
  if (models.length === 0) {
    const names = namedModels.map((model) => model.name);
    throw new UsageError(
      `${name}: there is no model of that name`,
      `one of ${names.join(", ")}`,
      await meant(String(name), names, "xsp check --list"),
    );
  }
  const schemes = await chooseSchemes("--scheme", flags.scheme);
  const names = schemes.names.length > 0 ? schemes.names : schemeNames;
  const properties = chosenProperties(flags.property, checkedProperties);
  const change = boundsChange(flags);
  for (const model of models) await requireBounds(model, change, flags.all === true);
  const budget = await readLimits(flags);
  const jobs = models.flatMap((model) =>
    names.map((scheme) => ({
      model: model.name,
      change,
      scheme,
      budget,
      reduction: flags.reduction,
      ...(properties.length === 0 ? {} : { properties }),
    })),
  );
  return { jobs, workers: flags.workers ?? (flags.all === true ? workersFor(budget.bytes) : 1), schemes };
}

/** As many as there are cores, as long as each has memory for the largest models: what it runs out of is made twice. */
function workersFor(bytes: number): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(bytes / WORTH_A_WORKER)));
}

/** The bounds that are not left as the model has them. */
export function boundsChange({ vcpus, domains, superpages, order, steps, start }: CheckFlags): BoundsChange {
  return Object.fromEntries(
    Object.entries({ vcpus, domains, superpages, order, steps, start }).filter(([, value]) => value !== undefined),
  );
}

async function requireBounds(model: NamedModel, change: BoundsChange, isOneOfAll: boolean): Promise<void> {
  const { BoundsProblem, withBounds } = await import("@xsp/verify");
  try {
    withBounds(model, change);
  } catch (error) {
    if (!(error instanceof BoundsProblem)) throw error;
    const { bound, problem, expected, remedy } = error;
    const given = change[bound];
    const flag = given === undefined ? `--${bound}` : `--${bound} ${String(given)}`;
    throw new UsageError(
      `${flag}: ${problem}`,
      expected,
      isOneOfAll ? `${remedy}; or check models one by one, not --all` : remedy,
    );
  }
}

async function meant(name: string, names: readonly string[], otherwise: string): Promise<string> {
  const { nearestName } = await import("@xsp/scenario");
  const near = nearestName(name, names);
  return near === undefined ? otherwise : `did you mean ${near}?`;
}

function chosenProperties(
  wanted: readonly string[],
  known: readonly Exclude<CheckedProperty, "error">[],
): CheckedProperty[] {
  const chosen = wanted.map((name) => {
    const found = known.find((property) => property === name.toUpperCase());
    if (found !== undefined) return found;
    throw new UsageError(
      `--property ${name}: there is no property of that name`,
      `one of ${known.join(", ")}`,
      "choose one of these",
    );
  });
  return [...new Set(chosen)];
}
