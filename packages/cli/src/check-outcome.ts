import type { ModelCheck } from "@xsp/verify";
import { exitCode } from "./exit-code.ts";
import { UsageError } from "./usage-error.ts";

const verdicts = ["holds", "violated", "incomplete"] as const;

/** What a check is expected to find: a verdict, or a property that is violated. */
export type Expectation = string;

/**
 * Reads `--expect`.
 *
 * @throws UsageError when it names neither a verdict nor a property.
 */
export function readExpectation(text: string, properties: readonly string[]): Expectation {
  const names = [...verdicts, ...properties, "error"];
  const found = names.find((name) => name.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  throw new UsageError(
    `--expect ${text}: there is no such outcome`,
    `one of ${names.join(", ")}`,
    "choose one of these",
  );
}

/** Whether a check found what was expected of it. */
export function isAsExpected(check: ModelCheck, expected: Expectation): boolean {
  if (verdicts.some((verdict) => verdict === expected)) return check.verdict === expected;
  return check.counterexamples.some(({ property }) => property === expected);
}

/** What the shell gets to see of checks: the worst of them, or whether each is as expected. */
export function exitCodeOf(checks: readonly ModelCheck[], expected: Expectation | undefined): number {
  const unexpected = expected === undefined ? checks : checks.filter((check) => !isAsExpected(check, expected));
  if (unexpected.some(({ verdict }) => verdict === "violated")) return exitCode.violated;
  if (unexpected.some(({ verdict }) => verdict === "incomplete")) return exitCode.incomplete;
  return expected === undefined || unexpected.length === 0 ? exitCode.ok : exitCode.unexpected;
}
