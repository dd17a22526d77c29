// Tests of the tests: changes the sources of a package in small ways, one at a time, and sees whether a test fails.
//
//   pnpm mutation                                          the files of hypervisor that PUBLISHED names
//   pnpm mutation --package checker                        those of another package
//   pnpm mutation --package checker src/walk.ts            one file
//
// What is known of unchanged mutants and tests is kept beside the other test results, outside git, and not found out again:
// `--fresh` forgets it. Each file's count of mutants goes into docs/mutation.json, which keeps the files of other runs; the
// survivors are printed, and stand in docs/mutation-survivors.md where they were looked at and left.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { Stryker } from "@stryker-mutator/core";
import { measuredNow } from "./measured-now.mjs";
import { root } from "./publishable-packages.mjs";

/** Files whose score is published, by package. */
const PUBLISHED = {
  // The reference counts that all safety rests on, and the schemes.
  hypervisor: ["src/page-references.ts", "src/page-types.ts", "src/schemes/*.ts"],
  // What a verdict rests on: the exploration, its states, what is looked at in each and which steps are left out; a way there
  // as a token, replayed, as short as it can be, and what comes next on it.
  checker: [
    "src/expansion.ts",
    "src/explorer.ts",
    "src/footprints.ts",
    "src/independent-steps.ts",
    "src/next-steps.ts",
    "src/property-evaluation.ts",
    "src/replay.ts",
    "src/shortest-search.ts",
    "src/state-store.ts",
    "src/token.ts",
  ],
};
const INCREMENTAL = "test-results/mutation.json";

const { values, positionals } = parseArgs({
  // pnpm hands its own separator on.
  args: process.argv.slice(2).filter((argument) => argument !== "--"),
  options: {
    package: { type: "string", default: "hypervisor" },
    concurrency: { type: "string", default: "2" },
    fresh: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const folder = join(root, "packages", values.package);
if (!existsSync(join(folder, "package.json"))) {
  throw new RangeError(`--package: ${values.package} given, expected the name of a folder in packages/`);
}
const concurrency = Number(values.concurrency);
if (!Number.isInteger(concurrency) || concurrency < 1) {
  throw new RangeError(`--concurrency: ${values.concurrency} given, expected a whole number from 1`);
}
const files = positionals.length === 0 ? PUBLISHED[values.package] : positionals;
if (files === undefined) {
  throw new RangeError(`--package ${values.package}: name the files to change, such as src/index.ts`);
}

process.chdir(folder);
if (values.fresh) rmSync(INCREMENTAL, { force: true });
const results = await new Stryker({
  mutate: files,
  testRunner: "vitest",
  plugins: [join(root, "node_modules", "@stryker-mutator", "vitest-runner", "dist", "src", "index.js")],
  vitest: { configFile: join(root, "vitest.mutation.config.ts") },
  coverageAnalysis: "perTest",
  concurrency,
  incremental: true,
  incrementalFile: INCREMENTAL,
  reporters: ["clear-text", "progress-append-only"],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  allowConsoleColors: false,
  // An endless loop is one that takes this much longer than the tests took when nothing was changed: some times as long as
  // those of the checker take altogether, so that a busy machine does not make a loop of a slow test.
  timeoutMS: 15_000,
  timeoutFactor: 1.25,
  // Nothing type-checks a mutant, and the compiler of this workspace has no interface that could rewrite its settings.
  disableTypeChecks: false,
  tsconfigFile: "none.json",
  ignorePatterns: ["tsconfig*.json", "dist", "test-results", "coverage", "node-types"],
}).runMutationTest();

const file = join(root, "docs", "mutation.json");
const known = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { files: [] };
const counted = countByFile(results);
const scores = [...known.files.filter(({ file: name }) => !counted.has(name)), ...counted.values()];
const summary = {
  command: "pnpm mutation",
  files: scores.toSorted((a, b) => a.file.localeCompare(b.file)),
};
writeFileSync(file, `${JSON.stringify(summary, null, 2)}\n`);
console.log(`docs/mutation.json: ${counted.size} files counted anew of ${scores.length}`);

/** How many mutants of each file the tests noticed, when and of what. A mutant that loops for ever is noticed: `timeout`. */
function countByFile(mutants) {
  const byFile = new Map();
  const measured = measuredNow();
  const column = { Killed: "killed", Timeout: "timeout", Survived: "survived", NoCoverage: "noCoverage" };
  for (const { fileName, status } of mutants) {
    const path = relative(folder, fileName).replaceAll("\\", "/");
    // What an earlier run found out about other files is not of this day.
    if (positionals.length > 0 && !positionals.includes(path)) continue;
    const name = `packages/${values.package}/${path}`;
    const counts = byFile.get(name) ?? { file: name, ...measured, killed: 0, timeout: 0, survived: 0, noCoverage: 0 };
    // What cannot run or was left out tells nothing about the tests.
    if (status in column) counts[column[status]]++;
    byFile.set(name, counts);
  }
  return byFile;
}
