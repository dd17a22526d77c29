import { readFileSync } from "node:fs";
import type { Explanation } from "@xsp/verify";
import { UsageError } from "./usage-error.ts";

/** What a token begins with. */
const TOKEN = "xsp1.";

/** Whether an argument is a token, and not the name of a file. */
export function isToken(argument: string): boolean {
  return argument.startsWith(TOKEN);
}

/**
 * Finds the token that an argument gives: itself, or the first in a file, be it the JSON of a check, an export, or notes.
 *
 * @throws UsageError when the file cannot be read or has none.
 */
export function tokenArgument(argument: string): string {
  if (isToken(argument)) return argument;
  const [token] = /xsp1\.[\w-]+/.exec(readText(argument)) ?? [];
  if (token !== undefined) return token;
  throw new UsageError(
    `${argument}: there is no token in this file`,
    "a token, or a file with one in it, such as the JSON of a check that is violated",
    "make one: xsp check with the model, --format json",
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(
      `${file}: is no token, and no file that can be read (${error instanceof Error ? error.message : String(error)})`,
      `a token, which begins with ${TOKEN}, or a file with one in it`,
      "copy the token from what xsp check printed",
    );
  }
}

/**
 * Tells apart the error that a scheme has to be loaded first.
 *
 * @param place - where the flag has to stand, for a command that takes more than one.
 * @throws UsageError when that is what is missing.
 */
export function requireTokenScheme(error: RangeError, place = ""): void {
  if (error.name !== "UnknownTokenScheme") return;
  throw new UsageError(
    error.message,
    "one of XSP's own schemes, or the file that it came from",
    `add --scheme with the file of that scheme, such as --scheme ./my-scheme.js${place}`,
  );
}

/** The option with which a token's scheme is loaded, for commands that take tokens. */
export const schemeOption = [
  "--scheme <file>",
  "the file of the scheme that it was made with, where that is not XSP's",
] as const;

/**
 * Replays a token and explains it.
 *
 * @throws UsageError when the token is damaged, of no known model, or of code that has changed since: that is the
 * caller's to mend, and not a bug of ours.
 */
export async function explanationOf(token: string): Promise<Explanation> {
  const { explainToken } = await import("@xsp/verify");
  try {
    return explainToken(token);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    requireTokenScheme(error);
    throw new UsageError(
      `the token cannot be replayed: ${error.message}`,
      "a token that xsp check of this version printed",
      "make it again: xsp check --list, then xsp check with the model",
    );
  }
}
