import { comparePublished, judge } from "./judgement.ts";
import { isLoginStorm, type LoginStorm, type Scenario } from "./scenario.ts";
import type { AnyResult, Machine, ScenarioResult, SchemeRun, StepsRun } from "./scheme-run.ts";

/** Puts the runs of a scenario together, and says what it expected of them and what came of that. */
export function scenarioResult(
  scenario: LoginStorm,
  machine: Machine,
  runs: readonly (SchemeRun | StepsRun)[],
): ScenarioResult;
export function scenarioResult(
  scenario: Scenario,
  machine: Machine,
  runs: readonly (SchemeRun | StepsRun)[],
): AnyResult;
export function scenarioResult(
  scenario: Scenario,
  machine: Machine,
  runs: readonly (SchemeRun | StepsRun)[],
): AnyResult {
  const common = {
    scenario: scenario.name,
    profile: scenario.profile,
    machine,
    expectations: judge(scenario, runs),
    published: comparePublished(scenario, runs),
  };
  // The runs of a login storm are those of storms: run-scenario.ts makes no other.
  if (isLoginStorm(scenario)) return { v: 1, ...common, runs: runs as readonly SchemeRun[], settings: scenario };
  return { v: 2, ...common, runs, settings: scenario };
}
