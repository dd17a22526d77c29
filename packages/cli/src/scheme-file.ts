import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { SchemeName } from "@xsp/scenario";
import { shellWord } from "./shell-word.ts";
import { UsageError } from "./usage-error.ts";

// Schemes as --scheme gives them: by name, or as a file, which is an ES module that exports one. What stands in results
// and tokens is the scheme's name; what other processes and threads are told is the module, and they load it themselves.

/** The schemes that were asked for. */
export interface ChosenSchemes {
  /** Each once, in the order in which they were given. */
  readonly names: readonly SchemeName[];
  /** The modules of those that are not XSP's own, as URLs. */
  readonly modules: readonly string[];
  /** What was given for each name: the name itself, or a file. */
  readonly given: ReadonlyMap<SchemeName, string>;
  /** For those that are files, what a command about their tokens needs beside the token: ` --scheme ./mine.js`. */
  readonly flags: ReadonlyMap<SchemeName, string>;
}

/** Whether `--scheme` was given a file: a path that begins with `.` or `/`, or a `file:` URL. */
function isSchemeFile(text: string): boolean {
  return /^(?:\.|\/|file:|[a-z]:[\\/])/i.test(text);
}

/** The module that a file given to `--scheme` is, as a URL. */
function schemeUrl(text: string): string {
  return text.startsWith("file:") ? text : pathToFileURL(resolve(text)).href;
}

/**
 * Finds the scheme from a file that has thrown, by the stack of what it threw: then the error is its author's to mend.
 *
 * @param args - the command line's words.
 * @returns the file as it was given; undefined where no such file is in the stack.
 */
export function schemeFileInStack(stack: string, args: readonly string[]): string | undefined {
  const given = args.map((arg, at) => (args[at - 1] === "--scheme" ? arg : arg.replace(/^--scheme=/, "")));
  return given.find((text) => isSchemeFile(text) && stack.includes(`${schemeUrl(text)}:`));
}

/**
 * Finds the schemes that a flag was given, and loads those that are files.
 *
 * @throws UsageError for an unknown name, and for a file that has no scheme.
 */
export async function chooseSchemes(flag: string, texts: readonly string[]): Promise<ChosenSchemes> {
  const { knownSchemeNames, nearestName } = await import("@xsp/scenario");
  const given = new Map<SchemeName, string>();
  const flags = new Map<SchemeName, string>();
  const modules = new Set<string>();
  for (const text of texts) {
    if (isSchemeFile(text)) {
      const url = schemeUrl(text);
      // One after another, so that the first that is wrong is the one that is told.
      // oxlint-disable-next-line no-await-in-loop
      const name = await loadScheme(`${flag} ${text}`, url);
      given.set(name, text);
      flags.set(name, ` --scheme ${shellWord(text)}`);
      modules.add(url);
      continue;
    }
    const known = knownSchemeNames();
    if (!known.includes(text)) {
      const meant = nearestName(text, known);
      throw new UsageError(
        `${flag} ${text}: there is no scheme of that name`,
        `one of ${known.join(", ")}, or a file of your own, such as ./my-scheme.js`,
        existsSync(text) ? `write ./${text}` : meant === undefined ? "choose one of these" : `did you mean ${meant}?`,
      );
    }
    given.set(text, text);
  }
  return { names: [...given.keys()], modules: [...modules], given, flags };
}

/** Loads what {@link chooseSchemes} found, in another process or thread. */
export async function loadSchemeModules(modules: readonly string[]): Promise<void> {
  for (const url of modules) {
    // oxlint-disable-next-line no-await-in-loop -- in the order in which they were given
    await loadScheme("--scheme", url);
  }
}

/** Loads one module and adds its scheme. @returns its name. */
async function loadScheme(what: string, url: string): Promise<SchemeName> {
  const exports = await importModule(what, url);
  const { SchemeProblem, addScheme } = await import("@xsp/scenario");
  try {
    return addScheme(schemeOf(what, exports)).name;
  } catch (error) {
    if (!(error instanceof SchemeProblem)) throw error;
    throw new UsageError(`${what}: ${error.problem}`, error.expected, error.remedy);
  }
}

async function importModule(what: string, url: string): Promise<Readonly<Record<string, unknown>>> {
  const file = pathOf(what, url);
  const isFolder = statSync(file, { throwIfNoEntry: false })?.isDirectory();
  if (isFolder !== false) {
    throw new UsageError(
      `${what}: ${isFolder === true ? "is a folder" : "there is no such file"}`,
      "an ES module that exports a scheme",
      "xsp new scheme makes one to begin with",
    );
  }
  try {
    return (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_UNKNOWN_FILE_EXTENSION") {
      throw new UsageError(
        `${what}: this Node (${process.version}) reads no such files`,
        "a .js or .mjs file; from Node 22.18 on also a .ts file whose types can be stripped",
        "compile it, and give the .js file",
      );
    }
    const place = error instanceof SyntaxError ? placeOfSyntaxError(file) : "";
    throw new UsageError(
      `${what}: cannot be loaded (${place}${message})`,
      "an ES module that exports a scheme, and what it imports beside it",
      "load it alone with node to see more",
    );
  }
}

function pathOf(what: string, url: string): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw new UsageError(
      `${what}: is no file of this machine (${error instanceof Error ? error.message : String(error)})`,
      "a path, or a URL such as file:///home/me/scheme.js",
      "give the path of the file",
    );
  }
}

/** File and line of a syntax error: an import throws it without, and Node by itself tells them on stderr alone. */
function placeOfSyntaxError(file: string): string {
  const { stderr } = spawnSync(process.execPath, ["--check", file], { encoding: "utf8" });
  const [first = ""] = stderr.split("\n");
  return /:\d+$/.test(first) ? `${first}: ` : "";
}

/** The default export, or the only other one that could be a scheme. */
function schemeOf(what: string, exports: Readonly<Record<string, unknown>>): unknown {
  if ("default" in exports) return exports["default"];
  const candidates = Object.values(exports).filter(
    (value) => typeof value === "object" && value !== null && "map" in value,
  );
  if (candidates.length === 1) return candidates[0];
  const names = Object.keys(exports);
  throw new UsageError(
    `${what}: ${candidates.length === 0 ? "exports no scheme" : `exports ${candidates.length} schemes`}` +
      ` (${names.length === 0 ? "nothing" : names.join(", ")})`,
    "a default export that is the scheme, or a single export with a function map",
    "write export default in front of the scheme",
  );
}
