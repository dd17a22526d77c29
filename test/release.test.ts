import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { releaseProblems } from "../scripts/release-guards.mjs";
import { workspaceRoot } from "./workspace-packages.ts";

const ready = {
  manifests: [{ name: "@xsp/words", version: "0.1.0", repository: { type: "git", url: "git+ssh://host/xsp.git" } }],
  changesets: [],
  changed: "",
  env: { ACTIONS_ID_TOKEN_REQUEST_URL: "https://host/token" },
};

test("nothing stops a release that is ready", () => {
  expect(releaseProblems(ready)).toEqual([]);
});

test.each([
  ["a changed tree", { changed: " M README.md" }, /expected a clean one/],
  ["a changeset that no version took up", { changesets: ["one.md"] }, /pnpm version-packages/],
  [
    "a version that was never cut",
    { manifests: [{ ...ready.manifests[0]!, version: "0.0.0" }] },
    /has version 0\.0\.0/,
  ],
  ["no repository", { manifests: [{ name: "@xsp/words", version: "0.1.0" }] }, /names no repository/],
  ["nothing to attest provenance with", { env: {} }, /pnpm release --dry-run/],
])("%s stops it", (_, change, message) => {
  const problems = releaseProblems({ ...ready, ...change });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(message);
});

test("`pnpm release` publishes nothing from a machine that cannot attest provenance", () => {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: _, ...env } = process.env;
  const script = join(workspaceRoot, "scripts", "release.mjs");
  const { status, stdout } = spawnSync(process.execPath, [script], { encoding: "utf8", env });
  expect(status).toBe(1);
  expect(stdout).toContain("stops a release: no identity token");
  expect(stdout).not.toContain("=== pnpm build");
});
