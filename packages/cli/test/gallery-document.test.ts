import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { shippedScenarioNames } from "@xsp/scenario";
import { afterAll, expect, test } from "vitest";
import { xsp } from "./xsp-process.ts";

const gallery = readFileSync(fileURLToPath(new URL("../../../docs/gallery.md", import.meta.url)), "utf8");
const folder = mkdtempSync(join(tmpdir(), "xsp-gallery-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(shippedScenarioNames)("docs/gallery.md has a paragraph on %s and the command that runs it", (name) => {
  expect(gallery).toContain(`**${name}**`);
  expect(gallery).toContain(`\`pnpm xsp run ${name}\``);
});

test("docs/gallery.md speaks of no scenario that is not shipped", () => {
  const named = [...gallery.matchAll(/pnpm xsp run ([\w-]+)/g)].map(([, name]) => name);
  expect(shippedScenarioNames).toEqual(expect.arrayContaining(named.filter((name) => name !== "NAME")));
});

test("the scenario of its own that docs/gallery.md shows does what it expects", () => {
  const [, yaml = ""] = /```yaml\n(.*?)```/s.exec(gallery) ?? [];
  const file = join(folder, "mine.yaml");
  writeFileSync(file, yaml);
  const { code, stdout } = xsp("run", file, "--scheme", "per-frame", "--scheme", "sealed");
  expect(code).toBe(0);
  expect(stdout).toContain("expectations of the file held.");
}, 30_000);
