import type { RunProgress, Scenario, ScenarioResult, SchemeRun } from "@xsp/scenario";
import { runSchemeProcess } from "./scheme-process.ts";
import { thisMachine } from "./this-machine.ts";

/**
 * Runs a scenario under each of its schemes, one process after another, and puts the results together.
 *
 * @throws ScenarioError when the scenario cannot be played.
 */
export async function runInProcesses(
  scenario: Scenario,
  onProgress?: (progress: RunProgress) => void,
): Promise<ScenarioResult> {
  const runs: SchemeRun[] = [];
  for (const scheme of scenario.schemes) {
    // One after another on purpose: two at once would time each other.
    // oxlint-disable-next-line no-await-in-loop
    runs.push(await runSchemeProcess({ scenario, scheme, profile: scenario.profile }, onProgress));
  }
  return {
    v: 1,
    scenario: scenario.name,
    profile: scenario.profile,
    machine: thisMachine(),
    runs,
    settings: scenario,
  };
}
