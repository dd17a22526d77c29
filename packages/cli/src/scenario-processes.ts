import {
  scenarioResult,
  type AnyResult,
  type LoginStorm,
  type RunProgress,
  type Scenario,
  type ScenarioResult,
  type SchemeRun,
  type StepsRun,
} from "@xsp/scenario";
import { runSchemeProcess } from "./scheme-process.ts";
import { thisMachine } from "./this-machine.ts";

/**
 * Runs a scenario under each of its schemes, one process after another, and puts the results together.
 *
 * @param modules - the modules of schemes that are not XSP's own: each process loads them.
 * @throws ScenarioError when the scenario cannot be played.
 */
export async function runInProcesses(
  scenario: LoginStorm,
  onProgress?: (progress: RunProgress) => void,
  modules?: readonly string[],
): Promise<ScenarioResult>;
export async function runInProcesses(
  scenario: Scenario,
  onProgress?: (progress: RunProgress) => void,
  modules?: readonly string[],
): Promise<AnyResult>;
export async function runInProcesses(
  scenario: Scenario,
  onProgress?: (progress: RunProgress) => void,
  modules: readonly string[] = [],
): Promise<AnyResult> {
  const runs: (SchemeRun | StepsRun)[] = [];
  for (const scheme of scenario.schemes) {
    // One after another on purpose: two at once would time each other.
    // oxlint-disable-next-line no-await-in-loop
    runs.push(await runSchemeProcess({ scenario, scheme, profile: scenario.profile, modules }, onProgress));
  }
  return scenarioResult(scenario, thisMachine(), runs);
}
