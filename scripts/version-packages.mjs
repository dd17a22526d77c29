// Cuts a version: turns the changesets into version numbers (changesets does that) and into changelogs (this does), one
// for each package and one for the whole. `pnpm version-packages`; see docs/releasing.md.
//
//   node scripts/version-packages.mjs [FOLDER]    the workspace to version; default: this one
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import getReleasePlan from "@changesets/get-release-plan";
import { changelogEntry, changesOf, withEntry } from "./changelog.mjs";
import { packagesOf, root as home } from "./publishable-packages.mjs";
import { run } from "./run-command.mjs";

const root = process.argv[2] ?? home;

// A module of CommonJS: what it exports as default arrives inside of an object.
const { changesets, releases } = await (getReleasePlan.default ?? getReleasePlan)(root);
const released = releases.filter(({ type }) => type !== "none");
if (released.length === 0) {
  console.error("no changeset is waiting: expected at least one in .changeset. Add one with `pnpm changeset`.");
  process.exit(1);
}

// Everything is read and made before the first file is changed.
// What concerns most packages stands first; else the order is that of the changesets' names.
const changes = changesets
  .toSorted((one, other) => other.releases.length - one.releases.length)
  .flatMap((changeset) => {
    const packages = changeset.releases.map(({ name }) => name);
    return changesOf(`.changeset/${changeset.id}.md`, changeset.summary).map((change) => ({ ...change, packages }));
  });
const folders = new Map(packagesOf(root).map(({ folder, manifest }) => [manifest.name, folder]));

const cli = createRequire(import.meta.url).resolve("@changesets/cli/bin.js");
run(process.execPath, [cli, "version"], root);

for (const { name, newVersion } of released) {
  const own = changes.filter(({ packages }) => packages.includes(name)).map(({ section, text }) => ({ section, text }));
  addEntry(join(folders.get(name), "CHANGELOG.md"), name, changelogEntry(newVersion, own));
  console.log(`${name} ${newVersion}: ${own.length} changes`);
}
// Linked packages that are released together have one version.
const version = released
  .map(({ newVersion }) => newVersion)
  .toSorted(byVersion)
  .at(-1);
const short = ({ packages, ...change }) => ({
  ...change,
  packages: packages.map((name) => name.replace(/^@[^/]+\//, "")),
});
addEntry(join(root, "CHANGELOG.md"), "Changelog", changelogEntry(version, changes.map(short)));

function addEntry(file, title, entry) {
  writeFileSync(file, withEntry(title, entry, existsSync(file) ? readFileSync(file, "utf8") : undefined));
}

function byVersion(one, other) {
  return one.localeCompare(other, "en", { numeric: true });
}
