// The packages of the workspace that go to the registry, each with its folder and its manifest.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export const publishable = ["packages", "apps"]
  .flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name)))
  .filter((folder) => existsSync(join(folder, "package.json")))
  .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) }))
  .filter(({ manifest }) => manifest.private !== true);

/** What can be imported from a package: `.`, `./node`, …, each with its types. The lab is a page: it has none. */
export function entryPoints({ folder, manifest }) {
  return Object.entries(manifest.exports)
    .filter(([, target]) => target.types !== undefined)
    .map(([path, target]) => ({ path, types: join(folder, target.types), code: join(folder, target.default) }));
}
