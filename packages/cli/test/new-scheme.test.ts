import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { schemeFromTemplate, templateFiles, templateTools, workspaceInstall } from "../src/scheme-template.ts";
import { small, xsp, xspFile } from "./xsp-process.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const example = join(root, "examples/per-gigabyte-scheme");
const folder = mkdtempSync(join(tmpdir(), "xsp-new-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the template", () => {
  test("is the example, all of it, with other names", () => {
    const kept = readdirSync(example, { recursive: true, encoding: "utf8" })
      .filter((name) => !/^(node_modules|test-results|\.turbo|coverage)(\/|$)|^test$/.test(name))
      .toSorted();
    expect(kept).toEqual([...templateFiles].toSorted());
    for (const { path, text } of schemeFromTemplate("my-scheme", undefined)) {
      const back = text.replaceAll("my-scheme", "per-gigabyte").replaceAll("myScheme", "perGigabyte");
      const original = readFileSync(join(example, path), "utf8").replaceAll("per-gigabyte-scheme", "per-gigabyte");
      expect(back).toBe(original);
    }
  });

  test("names the tools in the versions that this workspace has", () => {
    const workspace = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8");
    for (const [tool, version] of Object.entries(templateTools)) expect(workspace).toContain(`  ${tool}: ${version}\n`);
  });

  test("is copied into the package when that is packed, and only then", () => {
    const script = join(root, "scripts/copy-scheme-template.mjs");
    const copy = join(root, "packages/cli/scheme-template");
    expect(spawnSync(process.execPath, [script]).status).toBe(0);
    for (const path of templateFiles) {
      expect(readFileSync(join(copy, path), "utf8")).toBe(readFileSync(join(example, path), "utf8"));
    }
    expect(spawnSync(process.execPath, [script, "--remove"]).status).toBe(0);
    expect(existsSync(copy)).toBe(false);
  });
});

test("a member of the workspace is linked by the pnpm that the workspace names", () => {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { packageManager: string };
  expect(workspaceInstall()).toBe(`npx -y ${packageManager} install`);
  expect(readFileSync(join(root, "docs/how-to/write-a-scheme.md"), "utf8")).toContain(
    `\n   ${workspaceInstall()}\n   cd `,
  );
});

describe("xsp new scheme refuses", () => {
  const full = join(folder, "full");
  mkdirSync(full);
  writeFileSync(join(full, "mine.txt"), "mine\n");
  test.each<[string, readonly string[], RegExp]>([
    ["a name with capitals", ["MyScheme"], /MyScheme: is no name for a scheme\n {2}expected: lower-case letters/],
    ["a path for a name", ["../mine"], /\.\.\/mine: is no name/],
    ["a name of XSP's", ["sealed"], /sealed: is a scheme of XSP's\n {2}expected: a name of its own/],
    ["the example's name", ["per-gigabyte"], /per-gigabyte: is a scheme of XSP's/],
    [
      "a name like sealed's",
      ["sealed-mine"],
      /sealed-mine: is no name .*\n {2}expected: a name that does not begin with sealed/,
    ],
    [
      "a folder with something in it",
      ["mine", "--dir", full],
      /full: there is something already\n.*\n {2}do: choose another/,
    ],
    ["a file for a folder", ["mine", "--dir", join(full, "mine.txt")], /mine\.txt: cannot be written/],
    ["an unknown format", ["mine", "--format", "xml"], /--format xml: there is no such format/],
    ["no name", [], /missing required argument 'name'/],
  ])("%s", (_, args, message) => {
    const { code, stdout, stderr } = xsp("new", "scheme", ...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
    expect(readdirSync(full)).toEqual(["mine.txt"]);
  });
});

/*
 * The walk of docs/how-to/write-a-scheme.md: each command of its `sh` blocks, at a small size, in a folder that was made by the
 * first of them. Its other blocks need a clone and a network; .ci/run does what is in them.
 */
describe("the walk of docs/how-to/write-a-scheme.md", () => {
  const page = readFileSync(join(root, "docs/how-to/write-a-scheme.md"), "utf8");
  const commands = [...page.matchAll(/^ *```sh\n([^`]*)```/gm)].flatMap(([, block = ""]) =>
    block
      .trim()
      .split("\n")
      .map((line) => line.trim()),
  );
  const made = join(folder, "my-scheme");
  // Nothing is on the PATH of somebody who has cloned and installed: neither pnpm nor xsp.
  const inClone = `npx -y ${workspaceInstall().split(" ")[2]} xsp `;

  /** What is added to a command to make it small. */
  const smaller: Readonly<Record<string, readonly string[]>> = {
    run: small,
    shell: small,
    check: [],
    fuzz: ["--ops", "2000"],
  };

  beforeAll(() => {
    const outcome = xsp(...(commands[0] ?? "").replace(inClone, "").split(" "), "--dir", made);
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    expect(outcome.stdout).toContain(`next:\n  cd ${made}\n  npm install\n`);
    // In place of npm install: the packages of this workspace.
    symlinkSync(join(example, "node_modules"), join(made, "node_modules"));
  });

  test("begins with a folder that depends on packages and not on a workspace", () => {
    expect(commands[0]).toBe(`${inClone}new scheme my-scheme --dir examples/my-scheme`);
    const manifest = readFileSync(join(made, "package.json"), "utf8");
    expect(manifest).toContain('"name": "my-scheme"');
    expect(manifest).not.toMatch(/workspace:|catalog:/);
  });

  test.each(commands.slice(1))("%s", (command) => {
    const [npx, tool = "", ...args] = command.split(" ");
    expect(npx).toBe("npx");
    const [program, ...rest]: [string, ...string[]] =
      tool === "xsp"
        ? [process.execPath, xspFile, ...args, ...(smaller[args[0] ?? ""] ?? ["no size is known for this command"])]
        : [join(made, "node_modules/.bin", tool), ...args];
    const { status, stdout, stderr } = spawnSync(program, rest, { cwd: made, encoding: "utf8", input: "audit\n" });
    expect({ status, said: status === 0 ? "" : `${stdout}${stderr}` }).toEqual({ status: 0, said: "" });
    if (tool === "xsp") expect(stdout).toContain("my-scheme");
  });
});
