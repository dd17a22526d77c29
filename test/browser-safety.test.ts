import { existsSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative } from "node:path";
import { createContext, runInContext } from "node:vm";
import { build } from "vite";
import { describe, expect, test } from "vitest";
import { freeNames } from "./free-names.ts";
import { importsOf, type WorkspacePackage, workspacePackages, workspaceRoot } from "./workspace-packages.ts";

const browserSafe = ["words", "checker", "hypervisor", "guest", "scenario", "verify"];
const nodeOnly = new Set([
  "process",
  "Buffer",
  "require",
  "module",
  "__dirname",
  "__filename",
  "global",
  "setImmediate",
]);

const packages = workspacePackages.filter(({ id }) => browserSafe.includes(id));
const distIndex = (pkg: WorkspacePackage): string => join(pkg.folder, "dist", "index.js");

/** Every file of a package's `dist` that its index reaches, with the outside modules each of them names. */
function importGraph(entry: string): Map<string, string[]> {
  const graph = new Map<string, string[]>();
  const pending = [entry];
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    if (graph.has(file)) continue;
    const names = importsOf(file);
    graph.set(
      file,
      names.filter((name) => !name.startsWith(".")),
    );
    for (const name of names) if (name.startsWith(".")) pending.push(join(dirname(file), name));
  }
  return graph;
}

test("a local named like a Node global is not taken for it", () => {
  const code = `import { require as other } from "./x.js"; const process = { Buffer: 1 };
    export function f(module) { return process.Buffer + module.process + other; } export { process }; f(global);`;
  expect([...freeNames("sample.js", code)].filter((name) => nodeOnly.has(name))).toEqual(["global"]);
});

test("words, hypervisor, guest and scenario are among the packages checked", () => {
  expect(packages.filter((pkg) => pkg.sources.length > 0).map(({ id }) => id)).toEqual(
    expect.arrayContaining(["guest", "hypervisor", "scenario", "words"]),
  );
});

describe.each(packages.filter((pkg) => pkg.sources.length > 0).map((pkg) => [pkg.id, pkg] as const))("%s", (_, pkg) => {
  test("is built", () => {
    expect(existsSync(distIndex(pkg)), `build it first: pnpm exec tsc -b packages/${pkg.id}`).toBe(true);
  });

  test("imports nothing of Node", () => {
    const found = [...importGraph(distIndex(pkg))].flatMap(([file, names]) =>
      names.filter((name) => isBuiltin(name)).map((name) => `${relative(workspaceRoot, file)} imports ${name}`),
    );
    expect(found).toEqual([]);
  });

  test("names no global of Node", () => {
    const found = [...importGraph(distIndex(pkg)).keys()].flatMap((file) =>
      [...freeNames(file, readFileSync(file, "utf8"))]
        .filter((name) => nodeOnly.has(name))
        .map((name) => `${relative(workspaceRoot, file)} uses ${name}`),
    );
    expect(found).toEqual([]);
  });

  test("loads with nothing but ECMAScript's own globals", async () => {
    const exported = runBare(await bundle(distIndex(pkg)));
    expect(Object.keys(exported).length).toBeGreaterThan(0);
  });
});

test("words, hypervisor, guest and scenario do their work with nothing but ECMAScript's own globals", async () => {
  const { used } = runBare(await bundle(join(workspaceRoot, "scripts", "consumer", "consumer.ts")));
  expect([...(used as string[])]).toEqual(["words", "hypervisor", "guest", "scenario"]);
});

/** One script of the entry and all it imports, the way a web page gets it: with the browser's export conditions. */
async function bundle(entry: string): Promise<string> {
  const output = await build({
    configFile: false,
    logLevel: "error",
    root: workspaceRoot,
    resolve: { alias: Object.fromEntries(packages.map((pkg) => [pkg.manifest.name, distIndex(pkg)])) },
    build: { write: false, minify: false, target: "es2022", lib: { entry, formats: ["iife"], name: "bundled" } },
  });
  const [result] = Array.isArray(output) ? output : [output];
  if (result === undefined || !("output" in result)) throw new Error("vite gave no bundle: expected one script");
  return result.output[0].code;
}

function runBare(code: string): Record<string, unknown> {
  // An empty context has no console, no URL, no timers: only what the language itself defines.
  const context = createContext({});
  return runInContext(`${code}\nbundled;`, context) as Record<string, unknown>;
}
