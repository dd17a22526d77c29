import { schemeNames } from "@xsp/scenario";
import { machineCalls } from "../model/machine-calls.ts";

/** The texts of the schemes that were loaded from files, by name, for as long as the page is open. */
const sources = new Map<string, string>();

/** XSP's schemes, then those that were loaded from files. */
export function listedSchemes(): readonly string[] {
  return [...schemeNames, ...sources.keys()];
}

/** The text of a scheme's module; undefined for one of XSP's. */
export function schemeSource(name: string): string | undefined {
  return sources.get(name);
}

/**
 * Loads a scheme from the text of its module: a worker finds out what it is called, and whether it is one.
 *
 * @returns its name.
 */
export async function loadOwnScheme(source: string): Promise<string> {
  const calls = machineCalls();
  try {
    const name = await calls.call("addScheme", source);
    sources.set(name, source);
    return name;
  } finally {
    calls.cancel();
  }
}
