import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "./usage-error.ts";

// The template of a scheme is the example per-gigabyte itself, with other names. A clone has it in examples/; a package
// has a copy that is made when it is packed.

const inClone = fileURLToPath(new URL("../../../examples/per-gigabyte-scheme", import.meta.url));
const workspaceManifest = fileURLToPath(new URL("../../../package.json", import.meta.url));
const inPackage = fileURLToPath(new URL("../scheme-template", import.meta.url));

/** What a new scheme consists of. */
export const templateFiles = [
  "scheme.js",
  "test/scheme.test.ts",
  "package.json",
  "tsconfig.json",
  "README.md",
] as const;

/** Versions of what the tests of a scheme are run with, where no workspace says them. */
export const templateTools: Readonly<Record<string, string>> = { typescript: "7.0.2", vitest: "4.1.12" };

/** A file of the template, with the names of a new scheme in it. */
export interface TemplateFile {
  readonly path: string;
  readonly text: string;
}

/** The name of the variable that holds a scheme: `my-scheme` is `myScheme`. */
function variableOf(name: string): string {
  const camel = name.replaceAll(/[.-](.)/g, (_, letter: string) => letter.toUpperCase());
  // A name may be a word of the language.
  return /scheme$/i.test(camel) ? camel : `${camel}Scheme`;
}

/**
 * Makes a new scheme from the template.
 *
 * @param version - of the packages that it depends on; undefined where it becomes part of the workspace of a clone.
 */
export function schemeFromTemplate(name: string, version: string | undefined): readonly TemplateFile[] {
  const folder = existsSync(inClone) ? inClone : inPackage;
  return templateFiles.map((path) => {
    const text = readFileSync(join(folder, path), "utf8")
      .replaceAll("per-gigabyte-scheme", name.endsWith("scheme") ? name : `${name}-scheme`)
      .replaceAll("per-gigabyte", name)
      .replaceAll("perGigabyte", variableOf(name));
    return { path, text: path === "package.json" && version !== undefined ? withVersions(text, version) : text };
  });
}

function withVersions(manifest: string, version: string): string {
  return manifest
    .replaceAll(`"workspace:*"`, `"^${version}"`)
    .replaceAll(/"(\w+)": "catalog:"/g, (_, tool: string) => `"${tool}": "${templateTools[tool]}"`);
}

/** Whether a folder will be a member of the workspace of the clone that this program runs from. */
export function isInWorkspace(folder: string): boolean {
  return existsSync(inClone) && dirname(resolve(folder)) === dirname(inClone);
}

/** The command that links a new member into the workspace of the clone. It needs no pnpm that is there already. */
export function workspaceInstall(): string {
  const { packageManager } = JSON.parse(readFileSync(workspaceManifest, "utf8")) as { packageManager: string };
  return `npx -y ${packageManager} install`;
}

/**
 * Writes the files into a folder that is not there yet, or is empty.
 *
 * @throws UsageError when there is something already, or it cannot be written.
 */
export function writeTemplate(folder: string, files: readonly TemplateFile[]): void {
  try {
    if (existsSync(folder) && readdirSync(folder).length > 0) {
      throw new UsageError(
        `${folder}: there is something already`,
        "a folder that does not exist, or is empty",
        "choose another with --dir, or another name",
      );
    }
    for (const { path, text } of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text, { flag: "wx" });
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${folder}: cannot be written (${error instanceof Error ? error.message : String(error)})`,
      "a folder to write into",
      "choose another with --dir",
    );
  }
}
