import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { shippedScenarioNames } from "@xsp/scenario";
import { expect, test } from "vitest";

const gallery = readFileSync(fileURLToPath(new URL("../../../docs/gallery.md", import.meta.url)), "utf8");

test.each(shippedScenarioNames)("docs/gallery.md has a paragraph on %s and the command that runs it", (name) => {
  expect(gallery).toContain(`**${name}**`);
  expect(gallery).toContain(`\`pnpm xsp run ${name}\``);
});

test("docs/gallery.md speaks of no scenario that is not shipped", () => {
  const named = [...gallery.matchAll(/pnpm xsp run ([\w-]+)/g)].map(([, name]) => name);
  expect(shippedScenarioNames).toEqual(expect.arrayContaining(named.filter((name) => name !== "NAME")));
});
