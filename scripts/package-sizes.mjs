// How large each published package is: the tarball, what it unpacks to, and what a page has to load that imports its
// main entry and uses all of it, with its dependencies, bundled, minified and compressed.
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { entryPoints, publishable } from "./publishable-packages.mjs";
import { run } from "./run-command.mjs";

/** Packages that need Node are not bundled: there is no page that could load them. */
const needsNode = new Set(["@xsp/cli"]);

/** @returns for each package `name`, `version`, and bytes: `packed`, `unpacked`, and `bundled` where there is something to bundle. */
export async function packageSizes() {
  const work = mkdtempSync(join(tmpdir(), "xsp-sizes-"));
  try {
    const sizes = [];
    for (const item of publishable) {
      const { name, version } = item.manifest;
      const tarball = join(work, "package.tgz");
      run("pnpm", ["pack", "--out", tarball], item.folder);
      const entry = entryPoints(item).find(({ path }) => path === ".");
      const unpacked = gunzippedFiles(tarball, work);
      // One after another: each takes all of the processor.
      // oxlint-disable-next-line no-await-in-loop
      const bundled = entry === undefined || needsNode.has(name) ? undefined : await bundledBytes(entry.code, work);
      sizes.push({
        name,
        version,
        packed: statSync(tarball).size,
        unpacked,
        ...(bundled !== undefined && { bundled }),
      });
    }
    return sizes;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The sum of the files in a tarball. */
function gunzippedFiles(tarball, cwd) {
  const lines = run("tar", ["-tvzf", tarball], cwd).trim().split("\n");
  return lines.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2]), 0);
}

async function bundledBytes(code, work) {
  const entry = join(work, "entry.js");
  writeFileSync(entry, `export * from ${JSON.stringify(code)};\n`);
  const { output } = await build({
    root: work,
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      target: "es2022",
      minify: true,
      rollupOptions: { input: entry, preserveEntrySignatures: "strict" },
    },
  });
  return output.reduce((sum, chunk) => sum + (chunk.type === "chunk" ? gzipSync(chunk.code).length : 0), 0);
}
