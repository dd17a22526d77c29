import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tokens } from "marked";
import { afterAll, describe, expect, test } from "vitest";
import { commandLineProblem } from "../../packages/cli/dist/index.js";
import { shippedScenarioNames } from "../../packages/scenario/dist/index.js";
import { namedModels } from "../../packages/verify/dist/index.js";
import { readJson, workspacePackages, workspaceRoot } from "../workspace-packages.ts";
import { notRun, runs } from "./command-table.ts";
import { type Page, keepCounts, pages } from "./pages.ts";

/*
 * A command that a page shows is one that there is: its options are taken by the command line's own parser, its script
 * stands in a package.json, its scenario and its model have these names. Which are run too: command-table.ts.
 */

const { scripts } = readJson<{ scripts: Record<string, string> }>("package.json");
const xspFile = join(workspaceRoot, "packages", "cli", "bin", "xsp.js");

/** Commands on a page: in blocks of code without a prompt, and whole spans of code. */
function commandsOf({ tokens, codeBlocks }: Page): Set<string> {
  const spans = (tokens.filter(({ type }) => type === "codespan") as Tokens.Codespan[]).map(({ text }) => text);
  const lines = codeBlocks
    .filter(({ language }) => language === "" || language === "text")
    .flatMap(({ text, language }) => {
      const written = text.replaceAll("\\\n", " ").split("\n");
      // In a help text an example is indented, and what it does stands behind it in a column of its own.
      const isExample = (line: string): boolean => /^(?: {2})?xsp [a-z]+( |$)/.test(line);
      return language === "" ? written : written.filter(isExample).map((line) => line.trim().replace(/ {2,}.*/, ""));
    });
  return new Set(
    [...lines, ...spans]
      .flatMap((line) => line.replace(/(^|\s)#.*$/, "").split(/&&|;|\|/))
      .map((part) =>
        part
          .replaceAll(/\s[<>]\s*\S+/g, "")
          .replaceAll(/\s+/g, " ")
          .trim(),
      )
      .map((part) => part.replace(/^(time|\$) /, "").replace(/^npx -y pnpm@[\d.]+ /, "pnpm "))
      .map((part) => part.replace(/^node packages\/cli\/bin\/xsp\.js|^pnpm xsp(?= |$)/, "xsp"))
      .filter((part) => /^(xsp|pnpm|npx|npm|node) /.test(part)),
  );
}

async function xspProblem(words: readonly string[]): Promise<string | undefined> {
  // What stands for a value cannot be one of the values that an option takes.
  const isForValue = (at: number): boolean =>
    words[at]?.startsWith("--") === true && /^[A-Z]+$/.test(words[at + 1] ?? "");
  const args = words.filter((_word, at) => !isForValue(at) && !isForValue(at - 1));
  // Where only a command is named, as in prose, that command must exist.
  const named = args.length <= 2 && args.every((word) => /^[a-z]+$/.test(word));
  const problem = await commandLineProblem(args);
  if (problem !== undefined) return named ? await commandLineProblem([...args, "--help"]) : problem;
  const [command = "", name = ""] = args;
  const isPlaceholder = /^[A-Z]+$|\.ya?ml$|^-|^$/.test(name);
  if (/^(run|shell)$/.test(command) && !isPlaceholder && !shippedScenarioNames.includes(name)) {
    return `no scenario is called ${name}`;
  }
  const isModel = isPlaceholder || namedModels.some((model) => model.name === name);
  return command === "check" && !isModel ? `no model is called ${name}` : undefined;
}

function pnpmProblem([first = "", second = "", third = ""]: readonly string[]): string | undefined {
  if (first === "exec" || first === "install") return undefined;
  if (first !== "--filter") return first in scripts ? undefined : `package.json has no script ${first}`;
  const target = workspacePackages.find(({ manifest }) => manifest.name === second);
  if (target === undefined) return `no package is called ${second}`;
  const { scripts: own = {} } = target.manifest as { scripts?: Record<string, string> };
  return third in own ? undefined : `${second} has no script ${third}`;
}

async function problemOf(command: string): Promise<string | undefined> {
  const [program, ...args] = command.split(" ");
  const problem = program === "xsp" ? await xspProblem(args) : program === "pnpm" ? pnpmProblem(args) : undefined;
  return problem === undefined ? undefined : `${command}: ${problem}`;
}

const commandsOfPages = pages.map((page) => [page.file, commandsOf(page)] as const);
const all = new Set(commandsOfPages.flatMap(([, commands]) => [...commands]));
// Prose names a command without its arguments.
const isMention = (command: string): boolean => /^xsp [a-z]+( [a-z]+)?$/.test(command) && !(command in runs);
const toRun = [...all].filter((command) => command in runs);

afterAll(() => keepCounts("commands", { parsed: all.size, run: toRun.length }));

test.each(commandsOfPages)("every command of %s is one that there is", async (_file, commands) => {
  const problems = await Promise.all([...commands].map(problemOf));
  expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
});

test("every command of xsp is run, or the table says why not", () => {
  const undecided = [...all].filter(
    (command) =>
      command.startsWith("xsp ") &&
      !isMention(command) &&
      !(command in runs) &&
      !notRun.some(([pattern]) => pattern.test(command)),
  );
  expect(undecided).toEqual([]);
});

test("the table has no command and no reason that no page needs", () => {
  expect(Object.keys(runs).filter((command) => !all.has(command))).toEqual([]);
  const idle = notRun.filter(([pattern]) => ![...all].some((command) => pattern.test(command)));
  expect(idle.map(([pattern]) => String(pattern))).toEqual([]);
});

describe("commands that are run as they stand", () => {
  const folder = mkdtempSync(join(tmpdir(), "xsp-docs-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(toRun)("%s", (command) => {
    const [, ...args] = command.split(" ");
    const { status, stdout, stderr } = spawnSync(process.execPath, [xspFile, ...args], {
      cwd: folder,
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: runs[command], stderr: "" });
    expect(stdout).not.toBe("");
  });
});

test("the pages that are made from the program are current", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/write-reference.mjs", "--check"], {
    cwd: workspaceRoot,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
