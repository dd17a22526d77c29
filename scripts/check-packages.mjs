// Packs every publishable package as it would be published, checks the tarballs, and then uses them from an empty
// folder outside the workspace, where nothing but the tarballs and the registry can satisfy an import:
//
//   pack ──► publint, attw, files ──► npm install ──► types, by the oldest TypeScript and by ours
//                                          │
//                                          └► consumer.ts and every README's examples: each Node, Chromium
//
//   node scripts/check-packages.mjs             all of it
//   node scripts/check-packages.mjs --quick     on this Node only, without other releases and without Chromium
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { chromiumPath, runInChromium } from "./examples-in-chromium.mjs";
import { nodeFolder, pathWith, triedReleases } from "./node-releases.mjs";
import { entryPoints, publishable, root } from "./publishable-packages.mjs";
import { expectPrinted, mappedExports, readmeExamples } from "./readme-examples.mjs";
import { run } from "./run-command.mjs";

/** The oldest that reads our declarations: before 5.0 an import could not end in `.ts`. The READMEs name it. */
const OLDEST_TYPESCRIPT = "5.0.4";

const { values: flags } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const bin = (name) => join(root, "node_modules", ".bin", name);

const work = mkdtempSync(join(tmpdir(), "xsp-packages-"));
try {
  const tarballs = publishable.map((item) => pack(item, work));
  const consumer = join(work, "consumer");
  const readme = join(consumer, "readme");
  mkdirSync(readme, { recursive: true });
  cpSync(join(root, "scripts", "consumer"), consumer, { recursive: true });
  writeFileSync(join(consumer, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const typescript = `typescript@${OLDEST_TYPESCRIPT}`;
  run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", typescript, ...tarballs], consumer);

  const { programs, commands } = installExamples(consumer, readme);
  typeCheck(consumer);
  console.log(`${programs.length} programs and ${commands.length} commands in READMEs`);
  runOnNode(consumer, process.version, [], programs, commands);
  if (!flags.quick) {
    for (const release of triedReleases) runOnRelease(consumer, release, programs, commands);
    await runInBrowser(readme, programs);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

function pack({ folder, manifest }, target) {
  const tarball = join(target, `${manifest.name.replace("@", "").replace("/", "-")}.tgz`);
  run("pnpm", ["pack", "--out", tarball], folder);
  run(bin("publint"), ["run", tarball, "--strict"], root);
  if (hasCode(manifest))
    run(bin("attw"), [tarball, "--profile", "esm-only", "--no-definitely-typed", "--no-emoji", "--no-color"], root);
  refuseUnwanted(manifest, run("tar", ["-tzf", tarball], root).split("\n"));
  refuseManifest(manifest);
  console.log(`${manifest.name}: packed and checked`);
  return tarball;
}

/** The lab is a page: there is nothing to import. */
function hasCode(manifest) {
  return manifest.exports["."] !== undefined;
}

function refuseUnwanted(manifest, files) {
  const built = hasCode(manifest) ? ["package/dist/index.js", "package/dist/index.d.ts"] : ["package/dist/index.html"];
  const listed = files.filter((file) => file !== "");
  const unwanted = listed.filter((file) => /\.tsbuildinfo$|^package\/(test|node_modules)\//.test(file));
  const missing = ["package/LICENSE", "package/README.md", ...built].filter((file) => !listed.includes(file));
  if (unwanted.length > 0 || missing.length > 0) {
    throw new Error(
      `the tarball of ${manifest.name} has ${unwanted.join(", ") || "nothing"} too much and lacks ${missing.join(", ") || "nothing"}: ` +
        `expected the built files, their sources, README and licence. See "files" in its package.json.`,
    );
  }
}

/** What neither publint nor attw looks at. */
function refuseManifest(manifest) {
  const scripts = ["preinstall", "install", "postinstall", "prepare"].filter(
    (name) => name in (manifest.scripts ?? {}),
  );
  const wrong = [
    ...scripts.map((name) => `a script "${name}", which would run at those who install it`),
    ...(manifest.type === "module" ? [] : ['no "type": "module"']),
    ...(manifest.sideEffects === undefined ? ['no "sideEffects"'] : []),
    ...(manifest.keywords?.length > 0 ? [] : ["no keywords"]),
    ...(manifest.engines?.node === undefined ? ["no engines.node"] : []),
  ];
  if (wrong.length > 0) throw new Error(`package.json of ${manifest.name} has ${wrong.join(", ")}. Mend it.`);
}

/** Writes each example out of the installed READMEs, and a file that names every export which they map. */
function installExamples(consumer, readme) {
  const programs = [];
  const commands = [];
  for (const item of publishable.filter(({ manifest }) => hasCode(manifest))) {
    const file = join(consumer, "node_modules", item.manifest.name, "README.md");
    const short = basename(item.manifest.name);
    const examples = readmeExamples(file);
    examples.programs.forEach(({ code, prints }, index) => {
      const name = `${short}-${index + 1}`;
      writeFileSync(join(readme, `${name}.ts`), code);
      programs.push({
        name,
        prints,
        where: `example ${index + 1} of ${item.manifest.name}`,
        isForNode: /"@xsp\/\w+\/node"|"@xsp\/cli"/.test(code),
      });
    });
    commands.push(...examples.commands);
    refuseReadme(file);
    const names = mappedExports(file);
    if (names.length === 0) throw new Error(`${file} maps no exports: expected a table of them under "## Exports"`);
    writeFileSync(join(readme, `${short}-exports.ts`), exportsFile(item, names));
  }
  return { programs, commands };
}

/** What a README promises of Node and TypeScript is what is tried here. */
function refuseReadme(file) {
  const promised = [
    `TypeScript ${OLDEST_TYPESCRIPT.replace(/\.\d+$/, "")} or later`,
    `Node ${triedReleases[0].replace(/\.\d+$/, "")} or later`,
  ];
  const text = readFileSync(file, "utf8");
  const missing = promised.filter((promise) => !text.includes(promise));
  if (missing.length > 0)
    throw new Error(`${file} does not say "${missing.join('" and "')}": expected it under Requirements`);
}

/** `MMUEXT_*` must stand for something; what has no star must be exported. The compiler tells which is not. */
function exportsFile(item, names) {
  const declared = entryPoints(item).find(({ path }) => path === ".").types;
  const text = readFileSync(declared, "utf8");
  for (const name of names.filter((found) => found.endsWith("*"))) {
    if (!new RegExp(`\\b${name.slice(0, -1)}\\w+`).test(text))
      throw new Error(`README of ${item.manifest.name} maps ${name}: expected an export that begins so`);
  }
  const plain = names.filter((name) => !name.endsWith("*"));
  return `export type { ${plain.join(", ")} } from "${item.manifest.name}";\n`;
}

function typeCheck(consumer) {
  run(join(consumer, "node_modules", ".bin", "tsc"), ["-p", "tsconfig.json"], consumer);
  const bundler = ["-p", "tsconfig.json", "--noEmit", "--module", "es2022", "--moduleResolution", "bundler"];
  run(join(consumer, "node_modules", ".bin", "tsc"), bundler, consumer);
  run(bin("tsc"), ["-p", "tsconfig.json", "--noEmit"], consumer);
  const ours = run(bin("tsc"), ["--version"], consumer).trim().split(" ")[1];
  console.log(`type-checked by TypeScript ${OLDEST_TYPESCRIPT} (nodenext and bundler) and ${ours}`);
}

function runOnNode(consumer, version, folders, programs, commands) {
  const env = pathWith(...folders, join(consumer, "node_modules", ".bin"));
  run("node", ["consumer.js"], consumer, { env });
  for (const { name, prints, where } of programs) {
    expectPrinted(`${where}, on Node ${version},`, run("node", [`readme/${name}.js`], consumer, { env }), prints);
  }
  for (const { line, prints } of commands) {
    expectPrinted(`\`${line}\`, on Node ${version},`, run("sh", ["-c", line], consumer, { env }), prints);
  }
  for (const { manifest } of publishable) {
    for (const name of Object.keys(manifest.bin ?? {})) run(name, ["--help"], consumer, { env });
  }
  console.log(`Node ${version}: consumer, examples and commands run as the READMEs print`);
}

function runOnRelease(consumer, release, programs, commands) {
  const folder = nodeFolder(release, consumer);
  if (folder === undefined) {
    console.log(`Node ${release}: SKIPPED, the registry has no package of it for ${process.platform}-${process.arch}`);
  } else runOnNode(consumer, `v${release}`, [folder], programs, commands);
}

async function runInBrowser(readme, programs) {
  const path = chromiumPath();
  if (path === undefined) {
    console.log(
      "Chromium: SKIPPED, there is none in /usr/bin (on Debian: apt-get install chromium; or set XSP_CHROMIUM)",
    );
    return;
  }
  const examples = programs.filter(({ isForNode }) => !isForNode);
  const version = await runInChromium(path, readme, examples);
  console.log(`Chromium ${version}: ${examples.length} examples print the same`);
}
