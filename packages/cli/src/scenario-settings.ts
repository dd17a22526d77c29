import type { ScenarioOverride } from "@xsp/scenario";
import { UsageError } from "./usage-error.ts";

/**
 * Reads the values of `--set`.
 *
 * @throws UsageError when one is no path with a value.
 */
export async function readSettings(set: readonly string[]): Promise<ScenarioOverride[]> {
  const { parseOverride } = await import("@xsp/scenario");
  return set.map((text) => {
    const override = parseOverride(text, "--set");
    if (override !== undefined) return override;
    throw new UsageError(
      `--set ${text}: has no path and value`,
      "path=value, such as --set workload.logins=10",
      "xsp scenario fields lists the paths",
    );
  });
}

/**
 * Checks a name that a flag was given.
 *
 * @param kind - what it names, as a message says it.
 * @throws UsageError when it is none of `names`.
 */
export async function requireName(flag: string, kind: string, name: string, names: readonly string[]): Promise<void> {
  if (names.includes(name)) return;
  const { nearestName } = await import("@xsp/scenario");
  const meant = nearestName(name, names);
  throw new UsageError(
    `${flag} ${name}: there is no ${kind} of that name`,
    `one of ${names.join(", ")}`,
    meant === undefined ? "choose one of these" : `did you mean ${meant}?`,
  );
}
