import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readJson, workspaceRoot } from "./workspace-packages.ts";

/*
 * `pnpm version-packages` on a workspace of two linked packages and a private one, with this workspace's settings.
 */

let folder: string;

function write(name: string, content: unknown): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content, null, 2));
}
const read = (name: string): string => readFileSync(join(folder, name), "utf8");
const versionOf = (name: string): string =>
  (JSON.parse(read(`packages/${name}/package.json`)) as { version: string }).version;
const cut = () =>
  spawnSync(process.execPath, [join(workspaceRoot, "scripts", "version-packages.mjs"), folder], { encoding: "utf8" });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "xsp-versions-"));
  write("package.json", {
    name: "whole",
    private: true,
    packageManager: readJson<{ packageManager: string }>("package.json").packageManager,
  });
  write("pnpm-workspace.yaml", "packages:\n  - packages/*\npmOnFail: ignore\nmanagePackageManagerVersions: false\n");
  write(".changeset/config.json", readJson(".changeset", "config.json"));
  write("packages/words/package.json", { name: "@xsp/words", version: "0.1.0" });
  write("packages/checker/package.json", {
    name: "@xsp/checker",
    version: "0.1.0",
    dependencies: { "@xsp/words": "workspace:*" },
  });
  write("packages/bench/package.json", {
    name: "bench",
    version: "0.0.0",
    private: true,
    dependencies: { "@xsp/words": "workspace:*" },
  });
});
afterEach(() => rmSync(folder, { recursive: true }));

test("packages that are released together get one version, and changelogs by section", () => {
  write(".changeset/one.md", '---\n"@xsp/words": minor\n---\n\nFeatures: Waits.\n\nFidelity: As x86 does.\n');
  const { status, stderr } = cut();
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect([versionOf("words"), versionOf("checker"), versionOf("bench")]).toEqual(["0.2.0", "0.2.0", "0.0.0"]);
  expect(read("packages/words/CHANGELOG.md")).toBe(
    "# @xsp/words\n\n## 0.2.0\n\n### Fidelity\n\n- As x86 does.\n\n### Features\n\n- Waits.\n",
  );
  expect(read("packages/checker/CHANGELOG.md")).toContain("## 0.2.0\n\nNothing of its own");
  expect(read("CHANGELOG.md")).toContain("- Waits. (words)");
  expect(existsSync(join(folder, ".changeset", "one.md"))).toBe(false);
});

test("a changeset without a section stops it before anything is changed", () => {
  write(".changeset/one.md", '---\n"@xsp/words": minor\n---\n\nIt waits.\n');
  const { status, stderr } = cut();
  expect(status).not.toBe(0);
  expect(stderr).toContain('.changeset/one.md begins with "It waits."');
  expect(versionOf("words")).toBe("0.1.0");
});

test("without a changeset there is nothing to cut", () => {
  const { status, stderr } = cut();
  expect(status).toBe(1);
  expect(stderr).toContain("no changeset is waiting");
});
