import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { transformWithOxc } from "vite";
import { expect, it, vi } from "vitest";

const page = readFileSync(new URL("../../../docs/checker.md", import.meta.url), "utf8");

function block(language: string): string {
  const found = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(page)?.[1];
  if (found === undefined) throw new Error(`docs/checker.md has no block of ${language}`);
  return found;
}

it("prints what the document says when the document's model is run", async () => {
  const { code } = await transformWithOxc(block("ts"), "model.ts");
  // Beside the test results, so that the package finds itself by its name.
  const folder = fileURLToPath(new URL("../test-results/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const file = `${folder}document-model.mjs`;
  writeFileSync(file, code);
  const printed: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
  await import(pathToFileURL(file).href).finally(() => log.mockRestore());
  expect(`${printed.join("\n").trimEnd()}\n`).toBe(block("text"));
});

it("shows a model of at most 20 lines", () => {
  const model = /const model[\s\S]*?^};$/m.exec(block("ts"))?.[0] ?? "";
  expect(model.split("\n").length).toBeLessThanOrEqual(20);
});
