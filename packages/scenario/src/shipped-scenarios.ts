import { nearestName } from "./nearest-name.ts";
import { fork64g } from "./shipped/fork-64g.ts";

/** The text of every scenario that comes with this package, by name. */
export const shippedScenarios: Readonly<Record<string, string>> = { "fork-64g": fork64g };

/** The names of {@link shippedScenarios}. */
export const shippedScenarioNames: readonly string[] = Object.keys(shippedScenarios);

/** The text of a shipped scenario, or undefined when there is none of that name. */
export function shippedScenario(name: string): string | undefined {
  return Object.hasOwn(shippedScenarios, name) ? shippedScenarios[name] : undefined;
}

/** The shipped scenario that a mistyped name most likely means. */
export function nearestShippedScenario(name: string): string | undefined {
  return nearestName(name, shippedScenarioNames);
}
