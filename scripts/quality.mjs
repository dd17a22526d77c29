// What is known about the state of the house, in one place: package sizes, public interface, coverage, mutation score, and
// links of the docs. Sizes, interface and links are looked at now. Coverage and mutation take a quarter of an hour and more,
// so they are read from docs/coverage.json and docs/mutation.json, which their commands write and the repository keeps: each
// row says when it was measured, and of what.
//
//   pnpm quality            as tables
//   pnpm quality --json     as JSON
//   pnpm quality --write    puts the tables into docs/claims.md
//
// Ends with 1 when the public interface is not as api/ has it, or a link is broken.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { packageSizes } from "./package-sizes.mjs";
import { root } from "./publishable-packages.mjs";
import { run } from "./run-command.mjs";

const { values: flags } = parseArgs({
  options: { json: { type: "boolean", default: false }, write: { type: "boolean", default: false } },
});

const quality = {
  v: 1,
  commit: run("git", ["rev-parse", "--short", "HEAD"], root).trim(),
  sizes: await packageSizes(),
  api: JSON.parse(run(process.execPath, [join(root, "scripts", "api-reports.mjs"), "--json"], root)),
  coverage: measured("coverage").packages.map(coverageOf),
  mutation: mutationScores(),
  docs: docsCheck(),
};

if (flags.json) console.log(JSON.stringify(quality, null, 2));
else if (flags.write) intoClaims(asMarkdown(quality));
else console.log(asMarkdown(quality));
if (quality.api.some(({ isCurrent }) => !isCurrent) || quality.docs?.isRight === false) process.exitCode = 1;

/** What a command that takes long left in docs/. */
function measured(what) {
  return JSON.parse(readFileSync(join(root, "docs", `${what}.json`), "utf8"));
}

/** The shares of a package's lines, branches and functions that its own tests reach, in percent. */
function coverageOf({ name, date, commit, lines, branches, functions }) {
  const percent = ({ covered, total }) => (100 * covered) / total;
  return { name, date, commit, lines: percent(lines), branches: percent(branches), functions: percent(functions) };
}

/** For each file how many mutants its tests noticed, of all that were made. */
function mutationScores() {
  return {
    files: measured("mutation").files.map(({ file: name, date, commit, killed, timeout, survived, noCoverage }) => {
      const noticed = killed + timeout;
      const mutants = noticed + survived + noCoverage;
      return { file: name, date, commit, noticed, mutants };
    }),
  };
}

/** What `pnpm docs:check --json` says, and whether it ended well; null where there is no such command. */
function docsCheck() {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  if (scripts["docs:check"] === undefined) return null;
  const options = { cwd: root, encoding: "utf8" };
  const { status, stdout } = spawnSync("pnpm", ["--silent", "run", "docs:check", "--json"], options);
  if (status !== 0) return { isRight: false, counts: {} };
  // The test runner writes before it; the last line is the JSON: the figures of each check.
  const { v: _, ...counts } = JSON.parse(stdout.trimEnd().split("\n").at(-1));
  return { isRight: true, counts };
}

function asMarkdown({ commit, sizes, api, coverage, mutation, docs }) {
  const kib = (bytes) => (bytes === undefined ? "–" : `${(bytes / 1024).toFixed(1)} KiB`);
  const percent = (part) => `${part.toFixed(1)} %`;
  const score = ({ noticed, mutants }) => [
    `${noticed} of ${mutants}`,
    mutants === 0 ? "–" : percent((100 * noticed) / mutants),
  ];
  const all = mutation.files.reduce(
    (sum, { noticed, mutants }) => ({ noticed: sum.noticed + noticed, mutants: sum.mutants + mutants }),
    { noticed: 0, mutants: 0 },
  );
  return [
    `At ${commit}. Packed: the tarball. Bundled: all that the main entry exports, with its dependencies, minified and gzipped.`,
    table(
      ["package", "packed", "unpacked", "bundled"],
      sizes.map((size) => [size.name, kib(size.packed), kib(size.unpacked), kib(size.bundled)]),
    ),
    "Public interface: names exported; types that they need and that cannot be named.",
    table(
      ["report", "exports", "unnamed types", "as built"],
      api.map((report) => [report.report, report.exports, report.unnamed, report.isCurrent ? "yes" : "NO"]),
    ),
    table(
      ["coverage by its own tests", "lines", "branches", "functions", "measured"],
      coverage.map((part) => [
        part.name,
        percent(part.lines),
        percent(part.branches),
        percent(part.functions),
        `${part.date}, ${part.commit}`,
      ]),
    ),
    table(
      ["mutants noticed", "of all", "score", "measured"],
      [
        ...mutation.files.map((part) => [part.file, ...score(part), `${part.date}, ${part.commit}`]),
        ["all", ...score(all), ""],
      ],
    ),
    docs === null
      ? "Links of the docs: there is no `pnpm docs:check` yet."
      : `Links, code and commands of the docs: ${docs.isRight ? "all right" : "WRONG"}${countsText(docs.counts)}.`,
  ].join("\n\n");
}

function countsText(counts) {
  const told = Object.entries(counts).map(([check, numbers]) => {
    const figures = Object.entries(numbers).map(([what, number]) => `${what} ${number}`);
    return `${check}: ${figures.join(", ")}`;
  });
  return told.length === 0 ? "" : ` (${told.join("; ")})`;
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

/** Between the two marks of docs/claims.md. */
function intoClaims(text) {
  const file = join(root, "docs", "claims.md");
  const claims = readFileSync(file, "utf8");
  const marks = /(<!-- made by pnpm quality --write -->\n)[^]*?(<!-- end -->)/;
  if (!marks.test(claims)) {
    throw new Error(
      `${relative(root, file)} has no place for the tables: expected <!-- made by pnpm quality --write --> and <!-- end -->`,
    );
  }
  writeFileSync(
    file,
    claims.replace(marks, (_, begin, end) => `${begin}\n${text}\n\n${end}`),
  );
  console.log(`written into ${relative(root, file)}`);
}
