// Builds, checks and publishes every package, with provenance. See docs/releasing.md.
//
//   pnpm release --dry-run    everything but the upload; tells what would stop a release, and goes on
//   pnpm release              publishes; refused unless all of scripts/release-guards.mjs holds
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { publishable, root } from "./publishable-packages.mjs";
import { releaseProblems } from "./release-guards.mjs";
import { run } from "./run-command.mjs";

const { values: flags } = parseArgs({ options: { "dry-run": { type: "boolean", default: false } } });

const problems = releaseProblems({
  manifests: publishable.map(({ manifest }) => manifest),
  changesets: readdirSync(join(root, ".changeset")).filter((name) => name.endsWith(".md")),
  changed: run("git", ["status", "--porcelain"], root),
  env: process.env,
});
for (const problem of problems) console.log(`${flags["dry-run"] ? "would stop" : "stops"} a release: ${problem}`);
if (problems.length > 0 && !flags["dry-run"]) process.exit(1);

for (const script of ["build", "check:api", "check:packages"]) {
  console.log(`=== pnpm ${script}`);
  const { status } = spawnSync("pnpm", ["run", script], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

const work = mkdtempSync(join(tmpdir(), "xsp-release-"));
try {
  for (const { folder, manifest } of inOrder(publishable)) {
    const tarball = join(work, `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`);
    run("pnpm", ["pack", "--out", tarball], folder);
    if (flags["dry-run"]) console.log(`would publish ${manifest.name}@${manifest.version}`);
    else if (isPublished(manifest)) console.log(`${manifest.name}@${manifest.version} is in the registry already`);
    else {
      run("npm", ["publish", tarball, "--access", "public", "--provenance"], root);
      console.log(`published ${manifest.name}@${manifest.version}`);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** So that a release which ended half-way goes on when it is started again. */
function isPublished({ name, version }) {
  return spawnSync("npm", ["view", `${name}@${version}`, "version"], { encoding: "utf8" }).stdout.trim() === version;
}

/** Dependencies first: at no time is there a package in the registry that cannot be installed. */
function inOrder(items) {
  const ordered = [];
  const add = (item) => {
    if (ordered.includes(item)) return;
    const names = Object.keys(item.manifest.dependencies ?? {});
    for (const other of items) if (names.includes(other.manifest.name)) add(other);
    ordered.push(item);
  };
  items.forEach(add);
  return ordered;
}
