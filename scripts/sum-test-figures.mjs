// Prints `N passed, N failed, N skipped`, summed over the reports that the test runs left, and fails unless every
// package that has tests left one and all of them passed.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folders = [
  root,
  ...["packages", "apps"].flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name))),
];

let passed = 0;
let failed = 0;
let skipped = 0;
let complete = true;

for (const folder of folders.filter(hasTests)) {
  const report = join(folder, "test-results", "vitest.json");
  if (!existsSync(report)) {
    console.error(
      `${relative(root, report)} is missing: expected every folder with tests to leave one. Run the tests.`,
    );
    complete = false;
    continue;
  }
  const result = JSON.parse(readFileSync(report, "utf8"));
  passed += result.numPassedTests;
  failed += result.numFailedTests;
  skipped += result.numPendingTests + result.numTodoTests;
  // A file that does not even load has no failed test of its own; without this it would not be counted at all.
  failed += result.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
  complete &&= result.success;
}

console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
if (!complete || failed > 0) process.exitCode = 1;

function hasTests(folder) {
  const tests = join(folder, "test");
  return existsSync(tests) && readdirSync(tests, { recursive: true }).some((name) => name.endsWith(".test.ts"));
}
