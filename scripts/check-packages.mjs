// Packs every publishable package as it would be published, checks the tarballs, and then uses them from an empty
// folder outside the workspace, where nothing but the tarballs and the registry can satisfy an import.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, "node_modules", ".bin", name);

function run(command, args, cwd) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status === 0) return stdout;
  throw new Error(
    `\`${command} ${args.join(" ")}\` in ${cwd} ended with ${error?.message ?? status}, expected 0:\n${stdout}${stderr}`,
  );
}

const publishable = ["packages", "apps"]
  .flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name)))
  .filter((folder) => existsSync(join(folder, "package.json")))
  .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) }))
  .filter(({ manifest }) => manifest.private !== true);

const work = mkdtempSync(join(tmpdir(), "xsp-packages-"));
try {
  const tarballs = publishable.map(({ folder, manifest }) => {
    const tarball = join(work, `${manifest.name.replace("@", "").replace("/", "-")}.tgz`);
    run("pnpm", ["pack", "--out", tarball], folder);
    run(bin("publint"), ["run", tarball, "--strict"], root);
    if (hasCode(manifest))
      run(bin("attw"), [tarball, "--profile", "esm-only", "--no-definitely-typed", "--no-emoji", "--no-color"], root);
    refuseUnwanted(manifest, run("tar", ["-tzf", tarball], root).split("\n"));
    console.log(`${manifest.name}: packed and checked`);
    return tarball;
  });

  const consumer = join(work, "consumer");
  mkdirSync(consumer);
  cpSync(join(root, "scripts", "consumer"), consumer, { recursive: true });
  writeFileSync(join(consumer, "package.json"), JSON.stringify({ private: true, type: "module" }));
  run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...tarballs], consumer);
  run(bin("tsc"), ["-p", "tsconfig.json"], consumer);
  console.log(`type-checked against ${tarballs.length} tarballs`);
  console.log(run("node", ["consumer.js"], consumer).trim());
  for (const { manifest } of publishable) {
    for (const name of Object.keys(manifest.bin ?? {})) {
      run(join(consumer, "node_modules", ".bin", name), ["--help"], consumer);
      console.log(`${name} --help: runs`);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** The lab is a page: there is nothing to import. */
function hasCode(manifest) {
  return manifest.exports["."] !== undefined;
}

function refuseUnwanted(manifest, files) {
  const built = hasCode(manifest) ? ["package/dist/index.js", "package/dist/index.d.ts"] : ["package/dist/index.html"];
  const listed = files.filter((file) => file !== "");
  const unwanted = listed.filter((file) => /\.tsbuildinfo$|^package\/(test|node_modules)\//.test(file));
  const missing = ["package/LICENSE", ...built].filter((file) => !listed.includes(file));
  if (unwanted.length > 0 || missing.length > 0) {
    throw new Error(
      `the tarball of ${manifest.name} has ${unwanted.join(", ") || "nothing"} too much and lacks ${missing.join(", ") || "nothing"}: ` +
        `expected the built files, their sources and the licence. See "files" in its package.json.`,
    );
  }
}
