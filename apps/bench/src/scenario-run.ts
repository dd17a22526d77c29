import { type ChosenSchemes, ProgressLine, runInProcesses } from "@xsp/cli";
import {
  parseOverride,
  readLoginStorm,
  schemeNames,
  shippedScenario,
  type ScenarioOverride,
  type ScenarioResult,
} from "@xsp/scenario";
import type { BenchSize } from "./bench-size.ts";

/** Turns `path=value` into overrides. */
export function overridesOf(sets: readonly string[]): readonly ScenarioOverride[] {
  return sets.map((text) => {
    const override = parseOverride(text, "--set");
    if (override === undefined) throw new RangeError(`${text} given: expected path=value`);
    return override;
  });
}

/** The command of `xsp` that runs the scenario so. */
export function runCommand(sets: readonly string[], schemes: readonly string[] = []): string {
  const flags = [...schemes.map((scheme) => ` --scheme ${scheme}`), ...sets.map((set) => ` --set ${set}`)];
  return `pnpm xsp run fork-64g${flags.join("")}`;
}

/** The scenario fork-64g at a size, under every scheme and those of others, each in a process of its own. */
export async function runScenarioAt(size: BenchSize, others: ChosenSchemes): Promise<ScenarioResult> {
  const schemes = { path: "schemes", value: JSON.stringify([...schemeNames, ...others.names]), flag: "--scheme" };
  const overrides = [...overridesOf(size.scenario), ...(others.names.length === 0 ? [] : [schemes])];
  const scenario = readLoginStorm(shippedScenario("fork-64g") ?? "", { file: "fork-64g", overrides });
  const line = new ProgressLine(process.stderr);
  return runInProcesses(scenario, (progress) => line.show(progress), others.modules).finally(() => line.clear());
}
