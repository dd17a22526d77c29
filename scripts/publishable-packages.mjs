// The packages of the workspace that go to the registry, each with its folder and its manifest.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Every package of a workspace that is laid out as this one. */
export function packagesOf(workspace) {
  return ["packages", "apps"]
    .filter((group) => existsSync(join(workspace, group)))
    .flatMap((group) => readdirSync(join(workspace, group)).map((name) => join(workspace, group, name)))
    .filter((folder) => existsSync(join(folder, "package.json")))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) }));
}

export const publishable = packagesOf(root).filter(({ manifest }) => manifest.private !== true);

/** What can be imported from a package: `.`, `./node`, …, each with its types. The lab is a page: it has none. */
export function entryPoints({ folder, manifest }) {
  return Object.entries(manifest.exports)
    .filter(([, target]) => target.types !== undefined)
    .map(([path, target]) => ({ path, types: join(folder, target.types), code: join(folder, target.default) }));
}
