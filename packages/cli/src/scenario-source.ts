import { readFile } from "node:fs/promises";
import { nearestShippedScenario, shippedScenario, shippedScenarioNames } from "@xsp/scenario";
import { UsageError } from "./usage-error.ts";

/** A scenario's text and the name by which messages speak of it. */
export interface ScenarioSource {
  readonly file: string;
  readonly text: string;
}

/**
 * Finds a scenario: a shipped one by its name, else a file.
 *
 * @throws UsageError when there is neither.
 */
export async function findScenario(nameOrFile: string): Promise<ScenarioSource> {
  const shipped = shippedScenario(nameOrFile);
  if (shipped !== undefined) return { file: nameOrFile, text: shipped };
  try {
    return { file: nameOrFile, text: await readFile(nameOrFile, "utf8") };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const meant = nearestShippedScenario(nameOrFile);
    throw new UsageError(
      code === "ENOENT"
        ? `${nameOrFile}: there is neither a shipped scenario nor a file of that name`
        : `${nameOrFile}: cannot be read (${code ?? String(error)})`,
      `a readable YAML or JSON file, or one of the shipped scenarios: ${shippedScenarioNames.join(", ")}`,
      meant === undefined ? "xsp scenario list tells what is shipped" : `did you mean ${meant}?`,
    );
  }
}
