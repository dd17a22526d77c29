import type { Command } from "commander";
import type { ScenarioListJson } from "../json-output.ts";
import { UsageError } from "../usage-error.ts";

/** Adds `xsp scenario`. */
export function addScenarioCommand(program: Command): void {
  const scenario = program
    .command("scenario")
    .summary("list and show the shipped scenarios, and the fields of a scenario file")
    .description("A scenario says what to run: host, guest, hugepage pool, process, workload and deadline.")
    .addHelpText(
      "after",
      `
Examples:
  xsp scenario list
  xsp scenario show fork-64g > mine.yaml     a commented file to change
  xsp scenario fields                        every field, its meaning and its default
  xsp scenario measures fork-64g             what its expectations may speak of
  xsp scenario list --json | jq '.scenarios[] | {name, steps: (.settings.steps | length)}'
`,
    );
  scenario
    .command("list")
    .description("print the shipped scenarios, a line each")
    .option("--json", "print everything that is known of them as JSON")
    .action(listScenarios);
  scenario
    .command("show")
    .description("print a shipped scenario as the YAML file that it is")
    .argument("<name>", "its name")
    .action(showScenario);
  scenario
    .command("measures")
    .description("print what a scenario's expectations may measure")
    .argument("<scenario>", "a shipped scenario or a YAML or JSON file")
    .action(showMeasures);
  scenario.command("fields").description("print every field of a scenario file").action(showFields);
}

async function listScenarios({ json = false }: { readonly json?: boolean }): Promise<void> {
  const { readScenario, shippedScenarios } = await import("@xsp/scenario");
  const scenarios = Object.entries(shippedScenarios).map(([name, text]) => ({
    name,
    text,
    settings: readScenario(text, { file: name }),
  }));
  if (json) {
    const all = scenarios.map(({ name, text, settings }) => ({
      name,
      description: settings.description,
      settings,
      text,
    }));
    const written: ScenarioListJson = { v: 1, scenarios: all };
    process.stdout.write(`${JSON.stringify(written, null, 2)}\n`);
    return;
  }
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  for (const { name, settings } of scenarios) {
    process.stdout.write(`${name.padEnd(width)}  ${settings.description}\n`);
  }
}

async function showScenario(name: string): Promise<void> {
  const { nearestShippedScenario, shippedScenario, shippedScenarioNames } = await import("@xsp/scenario");
  const text = shippedScenario(name);
  if (text === undefined) {
    const meant = nearestShippedScenario(name);
    throw new UsageError(
      `${name}: there is no shipped scenario of that name`,
      `one of ${shippedScenarioNames.join(", ")}`,
      meant === undefined ? "xsp scenario list tells what they are about" : `did you mean ${meant}?`,
    );
  }
  process.stdout.write(text);
}

async function showMeasures(nameOrFile: string): Promise<void> {
  const { eventNames, measuresOf, readScenario } = await import("@xsp/scenario");
  const { findScenario } = await import("../scenario-source.ts");
  const { file, text } = await findScenario(nameOrFile);
  const measures = measuresOf(readScenario(text, { file }));
  // The events of one operation are those of every other; one line for each would be pages.
  const event = `.events.${eventNames[0]}`;
  const shown = measures
    .filter(({ name }) => name.endsWith(event) || !name.includes(".events."))
    .map(({ name, meaning, time }) => [name.replace(event, ".events.…"), time === 1 ? `${meaning} (a time)` : meaning]);
  const width = Math.max(...shown.map(([name = ""]) => name.length));
  for (const [name = "", meaning] of shown) process.stdout.write(`${name.padEnd(width)}  ${meaning}\n`);
  process.stdout.write(`\n… stands for one of ${eventNames.join(", ")}\n`);
}

async function showFields(): Promise<void> {
  const { scenarioFields } = await import("@xsp/scenario");
  for (const { path, meaning, expected, example, default: preset } of scenarioFields) {
    const need = preset === undefined ? "required" : `default: ${preset}`;
    process.stdout.write(
      `${path}\n    ${meaning}\n    ${expected}; ${need}; such as ${path.split(".").at(-1)}: ${example}\n`,
    );
  }
}
