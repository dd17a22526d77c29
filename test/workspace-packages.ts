import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "vite";

export const workspaceRoot: string = dirname(dirname(fileURLToPath(import.meta.url)));

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export interface WorkspacePackage {
  /** The folder's name, which is also the package's name without its scope. */
  readonly id: string;
  readonly folder: string;
  readonly manifest: Manifest;
  /** Source files, relative to `src`, with forward slashes. Empty when there is no `src` yet. */
  readonly sources: readonly string[];
}

export function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(workspaceRoot, ...path), "utf8")) as T;
}

function listSources(src: string): string[] {
  if (!existsSync(src)) return [];
  return readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(tsx?|js|mjs)$/.test(entry.name))
    .map((entry) => relative(src, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .toSorted();
}

export const workspacePackages: readonly WorkspacePackage[] = ["packages", "apps"].flatMap((group) =>
  readdirSync(join(workspaceRoot, group))
    .filter((id) => existsSync(join(workspaceRoot, group, id, "package.json")))
    .map((id) => {
      const folder = join(workspaceRoot, group, id);
      return {
        id,
        folder,
        manifest: readJson<Manifest>(group, id, "package.json"),
        sources: listSources(join(folder, "src")),
      };
    }),
);

/** Whether a source file names a module for types alone: such an import is gone when the code runs. */
export function importsOnlyTypes(file: string, name: string): boolean {
  const { module } = parseSync(file, readFileSync(file, "utf8"));
  return module.staticImports
    .filter((found) => found.moduleRequest.value === name)
    .every((found) => found.entries.length > 0 && found.entries.every((entry) => entry.isType));
}

/** Every module that a source file names: static, type-only, re-exported and dynamic imports alike. */
export function importsOf(file: string): string[] {
  const code = readFileSync(file, "utf8");
  const { module, errors } = parseSync(file, code);
  if (errors.length > 0) {
    throw new Error(
      `${relative(workspaceRoot, file)} does not parse: ${errors[0]?.message}. Run the build to see where.`,
    );
  }
  const names = [
    ...module.staticImports.map((found) => found.moduleRequest.value),
    ...module.staticExports.flatMap((found) => found.entries.map((entry) => entry.moduleRequest?.value)),
    ...module.dynamicImports.map((found) =>
      // A computed name stays as it is written and is then refused as unknown, which is what is wanted.
      code.slice(found.moduleRequest.start, found.moduleRequest.end).replace(/^(["'`])(.*)\1$/, "$2"),
    ),
  ];
  return [...new Set(names.filter((name) => name !== undefined))];
}
