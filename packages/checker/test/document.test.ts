import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const page = readFileSync(new URL("../../../docs/checker.md", import.meta.url), "utf8");

it("docs/checker.md shows a model of at most 20 lines", () => {
  const model = /^const model[\s\S]*?^};$/m.exec(page)?.[0] ?? "";
  expect(model).not.toBe("");
  expect(model.split("\n").length).toBeLessThanOrEqual(20);
});
