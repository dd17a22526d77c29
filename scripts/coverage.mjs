// How much of each package its own tests run, of the lines, branches and functions of src/, into docs/coverage.json.
//
//   pnpm coverage                        every package whose code Node runs
//   pnpm coverage -- --package cli       one of them; the others' rows stay as they are
//
// The test runner counts what its own tests run of src/. A test of the command line starts `xsp` as a user would, and one of
// a pool starts threads: what those run of their package's dist/ is counted by Node, taken back to src/ with the source
// maps, and added. What runs in a browser is not counted.
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { mergeProcessCovs } from "@bcoe/v8-coverage";
import { convert } from "ast-v8-to-istanbul";
import coverageLibrary from "istanbul-lib-coverage";
import { parseAst } from "vite";
import { startVitest } from "vitest/node";
import { measuredNow } from "./measured-now.mjs";
import { publishable, root } from "./publishable-packages.mjs";

/** The lab is a page, and most of its tests open it in a browser. */
const measurable = publishable.filter(({ folder }) => folder.startsWith(join(root, "packages")));

const { values } = parseArgs({
  // pnpm hands its own separator on.
  args: process.argv.slice(2).filter((argument) => argument !== "--"),
  options: { package: { type: "string" } },
});
const packages = measurable.filter(({ folder }) => values.package === undefined || basename(folder) === values.package);
if (packages.length === 0) {
  const known = measurable.map(({ folder }) => basename(folder)).join(", ");
  throw new RangeError(`--package: ${values.package} given, expected one of ${known}`);
}

const file = join(root, "docs", "coverage.json");
for (const { folder, manifest } of packages) {
  console.log(`\n=== ${manifest.name}`);
  process.chdir(folder);
  const processes = join(folder, "test-results", "processes");
  rmSync(processes, { recursive: true, force: true });
  // Whatever process or thread of Node a test starts finds this variable, and writes down what it ran.
  const vitest = await startVitest("test", [], {
    root: folder,
    config: join(root, "vitest.config.ts"),
    watch: false,
    env: { NODE_V8_COVERAGE: processes },
    reporters: ["default"],
    // What is counted runs some times as long as what is not.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    coverage: { enabled: true, reporter: ["json"] },
  });
  await vitest.close();
  if (process.exitCode) throw new Error(`${manifest.name}: its tests do not pass, so nothing is said of what they run`);

  const map = coverageLibrary.createCoverageMap(
    JSON.parse(readFileSync(join(folder, "coverage", "coverage-final.json"), "utf8")),
  );
  await addProcesses(map, folder, processes);
  rmSync(processes, { recursive: true, force: true });
  const { lines, branches, functions } = map.getCoverageSummary().toJSON();
  const share = ({ covered, total }) => ({ covered, total });
  keep({
    name: manifest.name,
    ...measuredNow(),
    lines: share(lines),
    branches: share(branches),
    functions: share(functions),
  });
}
console.log(`\ndocs/coverage.json: ${packages.length} packages measured anew`);

/** Puts a package's row in the place of that of an earlier run: what comes after it may fail. */
function keep(row) {
  const known = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).packages : [];
  const all = [...known.filter(({ name }) => name !== row.name), row].toSorted((a, b) => a.name.localeCompare(b.name));
  writeFileSync(file, `${JSON.stringify({ command: "pnpm coverage", packages: all }, null, 2)}\n`);
}

/** Adds to a package's counts what the processes that its tests started ran of it. */
async function addProcesses(map, folder, processes) {
  const dist = pathToFileURL(join(folder, "dist")).href;
  const recorded = existsSync(processes) ? readdirSync(processes) : [];
  const ours = recorded.flatMap((name) => {
    try {
      const { result } = JSON.parse(readFileSync(join(processes, name), "utf8"));
      return [{ result: result.filter(({ url }) => url.startsWith(`${dist}/`)) }];
    } catch (error) {
      // A thread that was ended while it wrote down what it had run: of that nothing is known.
      if (!(error instanceof SyntaxError)) throw error;
      console.log(`${name} breaks off, and is left out`);
      return [];
    }
  });
  let files = 0;
  for (const coverage of mergeProcessCovs(ours).result) {
    const path = fileURLToPath(coverage.url);
    const code = readFileSync(path, "utf8");
    const sourceMap = JSON.parse(readFileSync(`${path}.map`, "utf8"));
    for (const [source, ran] of Object.entries(await convert({ code, sourceMap, coverage, ast: parseAst(code) }))) {
      if (addHits(map.fileCoverageFor(source).data, ran)) files++;
      else console.log(`${source}: its build has another shape, so what they ran of it is not added`);
    }
  }
  if (recorded.length > 0)
    console.log(`${recorded.length} processes and threads that the tests started ran ${files} files of it`);
}

/**
 * Adds the hits of one build of a source file to those of another. Both list the same functions, branches and statements in
 * the order of the source; where each ends differs by some columns, so they cannot be matched by place. False, and nothing
 * added, where one compiler made something of the source that the other did not.
 */
function addHits(to, from) {
  if (shapeOf(to) !== shapeOf(from)) return false;
  for (const [kind, hits] of Object.entries({ s: Object.values(from.s), f: Object.values(from.f) })) {
    for (const [index, key] of Object.keys(to[kind]).entries()) to[kind][key] += hits[index];
  }
  const paths = Object.values(from.b);
  for (const [index, key] of Object.keys(to.b).entries())
    to.b[key] = to.b[key].map((hits, path) => hits + paths[index][path]);
  return true;
}

/** Which functions, branches and statements are counted in a file, but not where each begins and ends. */
function shapeOf({ fnMap, branchMap, statementMap }) {
  return JSON.stringify([
    Object.values(fnMap).map(({ name }) => name),
    Object.values(branchMap).map(({ type, loc, locations }) => [type, loc.start.line, locations.length]),
    Object.values(statementMap).map(({ start }) => start.line),
  ]);
}
