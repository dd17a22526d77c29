import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { exitCode } from "../exit-code.ts";
import type { NewSchemeJson } from "../json-output.ts";
import { UsageError } from "../usage-error.ts";

const help = `
What is written begins as XSP's example per-gigabyte, which is sound: a lock for each gigabyte. scheme.js is the scheme,
test/scheme.test.ts takes it through a guest, the checker and hostile guests. Change it bit by bit, and the tests tell when
it is not sound any more. docs/how-to/write-a-scheme.md goes through what each function has to do.

Nothing is overwritten. Exit codes: 0 written, 2 wrong usage: no name for a scheme, or a folder with something in it.

Examples:
  xsp new scheme my-scheme
  xsp new scheme my-scheme --dir examples/my-scheme       in a clone of XSP: a part of its workspace
`;

interface NewFlags {
  readonly dir?: string;
  readonly format: string;
}

/** Adds `xsp new`. */
export function addNewCommand(program: Command): void {
  const command = program
    .command("new")
    .summary("begin an accounting scheme of your own")
    .description("Writes what there is to begin with.")
    .addHelpText("after", help);
  command
    .command("scheme")
    .summary("an accounting scheme with its tests")
    .description("Writes a folder with an accounting scheme that runs, and its tests.")
    .argument("<name>", "what the scheme is called: lower case, such as my-scheme")
    .option("--dir <folder>", "where to (default: a folder of that name)")
    .option("--format <format>", "what to print: text, json", "text")
    .addHelpText("after", help)
    .action(newSchemeCommand);
}

async function newSchemeCommand(name: string, { dir: folder = name, format }: NewFlags): Promise<void> {
  if (format !== "text" && format !== "json") {
    throw new UsageError(`--format ${format}: there is no such format`, "text or json", "leave it out to get text");
  }
  await requireNewName(name);
  const { isInWorkspace, schemeFromTemplate, workspaceInstall, writeTemplate } = await import("../scheme-template.ts");
  const isMember = isInWorkspace(folder);
  const files = schemeFromTemplate(name, isMember ? undefined : packageVersion());
  writeTemplate(folder, files);
  const install = isMember ? workspaceInstall() : "npm install";
  const next = [
    `cd ${folder}`,
    install,
    "npx vitest run",
    "npx xsp run fork-64g --scheme sealed --scheme ./scheme.js",
    "npx xsp check --all --scheme ./scheme.js",
    "npx xsp fuzz --scheme ./scheme.js",
  ];
  const paths = files.map(({ path }) => path);
  if (format === "json") {
    const written: NewSchemeJson = { v: 1, name, folder, files: paths, next };
    process.stdout.write(`${JSON.stringify(written)}\n`);
  } else {
    const written = paths.map((path) => `written: ${join(folder, path)}\n`).join("");
    process.stdout.write(`${written}next:\n${next.map((line) => `  ${line}\n`).join("")}`);
  }
  process.exitCode = exitCode.ok;
}

/** @throws UsageError when no new scheme can be called so. */
async function requireNewName(name: string): Promise<void> {
  const { SchemeProblem, knownSchemeNames, requireSchemeName } = await import("@xsp/scenario");
  if (knownSchemeNames().includes(name) || name === "per-gigabyte") {
    throw new UsageError(`${name}: is a scheme of XSP's`, "a name of its own", "choose another name");
  }
  try {
    requireSchemeName(name);
  } catch (error) {
    if (!(error instanceof SchemeProblem)) throw error;
    throw new UsageError(`${name}: is no name for a scheme`, error.expected, error.remedy);
  }
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return (manifest as { version: string }).version;
}
