import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { workspaceRoot } from "../workspace-packages.ts";
import { type CodeBlock, keepCounts, pages } from "./pages.ts";

/*
 * Code that a page shows is code that works: TypeScript is type-checked against the packages as they are built, and run;
 * what it prints is what the block of text behind it says. A scenario is run by `xsp run`.
 */

const blocks = pages.flatMap(({ codeBlocks }) => codeBlocks);
const of = (...languages: string[]): CodeBlock[] => blocks.filter(({ language }) => languages.includes(language));
const typescript = of("ts");
const scenarios = of("yaml");

/** Blocks that are held elsewhere, or are no code. A language that is in none of these lists has no test. */
const elsewhere: Readonly<Record<string, string>> = {
  console: "packages/cli/test/shell-session.test.ts and scripts/check-packages.mjs",
  "": "test/docs/commands.test.ts",
  text: "what a program prints, or a drawing",
};

/** Inside of a package that depends on all others, so that they are found by their names. */
const folder = join(workspaceRoot, "apps", "docs", "blocks");
const nameOf = ({ page, line }: CodeBlock): string => `${page.replaceAll(/\W+/g, "-")}-${line}`;

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  keepCounts("code-blocks", {
    typeChecked: typescript.length,
    run: typescript.length,
    outputsCompared: typescript.filter(({ prints }) => prints !== undefined).length,
    scenariosRun: scenarios.length,
    consoleSessions: of("console").length,
    drawingsAndOutputs: of("text").length,
  });
});

function run(command: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(workspaceRoot, command), ...args], { cwd: folder, encoding: "utf8" });
}

let compiled = "";

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const block of typescript) writeFileSync(join(folder, `${nameOf(block)}.ts`), `${block.text}\nexport {};\n`);
  const compilerOptions = {
    // What a reader's project has who switched `strict` on and nothing else.
    strict: true,
    target: "es2022",
    module: "nodenext",
    types: ["node"],
    typeRoots: ["../../../node_modules/@types"],
    skipLibCheck: true,
    rootDir: ".",
    outDir: "out",
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  compiled = run("node_modules/typescript/bin/tsc", "-p", ".").stdout;
});

test("every language of a block is one that is held by a test", () => {
  const unknown = blocks.filter(({ language }) => !["ts", "yaml"].includes(language) && !(language in elsewhere));
  expect(unknown.map(({ page, line, language }) => `${page}:${line}: ${language}`)).toEqual([]);
});

test("console sessions stand on the pages that have a test for them", () => {
  // README examples are run out of the packed packages, by scripts/check-packages.mjs.
  expect(new Set(of("console").map(({ page }) => page))).toEqual(new Set(["docs/shell.md", "packages/cli/README.md"]));
});

test.each(typescript.map((block) => [`${block.page}:${block.line}`, block] as const))(
  "the code at %s type-checks, runs, and prints what the page says",
  (_at, block) => {
    const name = nameOf(block);
    expect(compiled.split("\n").filter((line) => line.startsWith(name))).toEqual([]);
    const { status, stdout, stderr } = run(`apps/docs/blocks/out/${name}.js`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    if (block.prints !== undefined) expect(stdout.trimEnd()).toBe(block.prints.trimEnd());
  },
);

test.each(scenarios.map((block) => [`${block.page}:${block.line}`, block] as const))(
  "the scenario at %s does what it expects",
  (_at, block) => {
    const file = join(folder, `${nameOf(block)}.yaml`);
    writeFileSync(file, block.text);
    const args = ["run", file, "--scheme", "per-frame", "--scheme", "sealed", "--no-progress"];
    const { status, stdout, stderr } = run("packages/cli/bin/xsp.js", ...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("expectations of the file held.");
  },
);
