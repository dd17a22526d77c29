import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { BenchResult } from "../src/bench-result.ts";
import { smallResult } from "./small-result.ts";

const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "xsp-compare-"));
const result = smallResult();

function fileOf(name: string, content: BenchResult): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(content));
  return file;
}

function bench(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
}

const file = fileOf("small.json", result);

test("pnpm bench --compare prints ratios with their spread", () => {
  const { status, stdout } = bench("--compare", file, "--with", file);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^ {2}sealed: fork .* 1x \([\d.]+x–[\d.]+x\) {2}within the spread$/m);
});

test("pnpm bench --compare refuses another machine and another Node before it runs anything, and ends with 2", () => {
  const other = fileOf("other.json", {
    ...result,
    machine: { ...result.machine, cpu: "Intel 4004", runtime: "Node v99.1.0" },
  });
  for (const args of [["--smoke"], ["--with", file]]) {
    const { status, stdout, stderr } = bench("--compare", other, ...args);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("cannot be compared");
    expect(stderr).toContain("cpu: Intel 4004 then, ");
    expect(stderr).toContain("runtime: Node v99 then, ");
  }
});
