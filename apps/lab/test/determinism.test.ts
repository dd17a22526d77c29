import { fileURLToPath } from "node:url";
import { createWorkerPool } from "@xsp/checker/node";
import { chromium } from "playwright-core";
import { build } from "vite";
import { describe, expect, test } from "vitest";
import { checkRuns, deterministicRuns } from "./deterministic-runs.ts";
import { executablePath, hasChromium } from "./lab-browser.ts";

const first = deterministicRuns();

/** `deterministic-runs.ts` with all that it imports, as one script that leaves its functions in `runs`. */
async function bundle(): Promise<string> {
  const entry = fileURLToPath(new URL("deterministic-runs.ts", import.meta.url));
  const built = await build({
    configFile: false,
    logLevel: "error",
    build: { write: false, minify: false, target: "es2022", lib: { entry, formats: ["iife"], name: "runs" } },
  });
  const [output] = Array.isArray(built) ? built : [built];
  if (output === undefined || !("output" in output)) throw new Error("nothing was bundled, expected one script");
  return output.output[0].code;
}

describe("the same input gives the same JSON, byte by byte:", () => {
  test("there is something in each", () => {
    for (const [name, json] of Object.entries(first)) expect(json.length, name).toBeGreaterThan(300);
    expect(first["fuzz rfc"]).toContain('"findings":[{');
    expect(first["check map-map-unmap xen-4.1"]).toContain('"token":"');
  });

  test("a second time", () => {
    expect(deterministicRuns()).toEqual(first);
  });

  test.each([1, 2])("checked by %i workers", async (workers) => {
    const pool = createWorkerPool(workers);
    try {
      for (const [name, json] of Object.entries(checkRuns(pool))) expect(json, name).toBe(first[name]);
    } finally {
      await pool.close();
    }
  });

  test.skipIf(!hasChromium)("in Chromium", async () => {
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    try {
      const page = await browser.newPage();
      await page.addScriptTag({ content: await bundle() });
      const there = await page.evaluate<Record<string, string>>("runs.deterministicRuns()");
      expect(Object.keys(there)).toEqual(Object.keys(first));
      for (const [name, json] of Object.entries(there)) expect(json, name).toBe(first[name]);
    } finally {
      await browser.close();
    }
  });
});
