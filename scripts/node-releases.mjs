// The releases of Node on which the packages are tried: the oldest that `engines` admits, and the two later lines. The
// registry has them as packages without install scripts, one for each platform; npm keeps what it fetched in its cache.
import { dirname } from "node:path";
import { run } from "./run-command.mjs";

export const triedReleases = ["20.19.0", "22.23.3", "24.21.0"];

/** What the packages are called: `node-` and then this. */
const platforms = new Map([
  ["linux-x64", "linux-x64"],
  ["linux-arm64", "linux-arm64"],
  ["darwin-x64", "darwin-x64"],
  ["darwin-arm64", "darwin-arm64"],
]);

/** The folder that holds `node` of that release, or undefined where the registry has none for this platform. */
export function nodeFolder(release, cwd) {
  const platform = platforms.get(`${process.platform}-${process.arch}`);
  if (platform === undefined) return undefined;
  const answer = run("npm", ["exec", "--yes", `--package=node-${platform}@${release}`, "-c", "command -v node"], cwd);
  const folder = dirname(answer.trim());
  const version = run("node", ["--version"], cwd, { env: pathWith(folder) }).trim();
  if (version !== `v${release}`)
    throw new Error(`node-${platform}@${release} is Node ${version}: expected v${release}`);
  return folder;
}

/** The environment in which a folder's programs are found first. */
export function pathWith(...folders) {
  return { ...process.env, PATH: [...folders, process.env.PATH].join(":") };
}
