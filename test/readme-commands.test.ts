import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readJson, workspaceRoot } from "./workspace-packages.ts";

const readme = readFileSync(join(workspaceRoot, "README.md"), "utf8");
const { packageManager } = readJson<{ packageManager: string }>("package.json");

test("packageManager names an exact version of pnpm", () => {
  expect(packageManager).toMatch(/^pnpm@\d+\.\d+\.\d+$/);
});

test.each(["bench", "test"])("README tells a newcomer to run `%s` with that same pnpm", (script) => {
  expect(readme).toContain(`npx -y ${packageManager} ${script}`);
});

test("README names no other version of pnpm", () => {
  const named = new Set(readme.match(/pnpm@[\w.-]*\w/g));
  expect([...named], "README.md and packageManager in package.json must name one and the same pnpm").toEqual([
    packageManager,
  ]);
});

test(".ci/run calls the very command that README gives for the tests", () => {
  const ci = readFileSync(join(workspaceRoot, ".ci", "run"), "utf8");
  expect(ci.split("\n").map((line) => line.trim())).toContain(`npx -y ${packageManager} test`);
});
