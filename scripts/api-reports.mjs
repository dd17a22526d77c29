// The public interface of every published package, as API Extractor prints it from the built declarations, held
// against the reports in api/.
//
//   node scripts/api-reports.mjs            fails and shows what changed
//   node scripts/api-reports.mjs --update   writes the reports: the way to accept a change
//   node scripts/api-reports.mjs --json     what `pnpm quality` reads
//
// API Extractor has a TypeScript of its own inside and reads declarations only, so it does not matter that ours is native.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";
import { diffLines } from "diff";
import { entryPoints, publishable, root } from "./publishable-packages.mjs";

const { values: flags } = parseArgs({
  options: { update: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
});
const reports = join(root, "api");

/** The report of one entry point. API Extractor writes files only; this one is read and thrown away. */
function reportOf(packageFolder, types, work) {
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: packageFolder,
      mainEntryPointFilePath: types,
      apiReport: {
        enabled: true,
        reportFolder: work,
        reportTempFolder: join(work, "temp"),
        reportFileName: "entry.api.md",
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: "lf",
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "es2022",
            lib: ["es2022"],
            module: "nodenext",
            types: [],
            strict: true,
            exactOptionalPropertyTypes: true,
            skipLibCheck: true,
          },
          files: [types],
        },
      },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.None },
          // A type that one needs and cannot name belongs into the report: its change is a change for users too.
          "ae-forgotten-export": { logLevel: ExtractorLogLevel.None, addToApiReportFile: true },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(packageFolder, "package.json"),
  });
  const problems = [];
  const { succeeded } = Extractor.invoke(config, {
    localBuild: true,
    messageCallback(message) {
      if (message.logLevel === ExtractorLogLevel.Error) problems.push(message.text);
      message.handled = true;
    },
  });
  if (!succeeded) {
    throw new Error(
      `no report of ${types}: ${problems.join("; ") || "API Extractor gave no reason"}. Build first: pnpm build.`,
    );
  }
  return readFileSync(join(work, "entry.api.md"), "utf8");
}

/** `@xsp/checker` with `./node` is `checker-node.api.md`. */
function reportName(manifest, path) {
  return `${basename(manifest.name)}${path.slice(1).replaceAll("/", "-")}.api.md`;
}

function exportedNames(report) {
  const declared = report.matchAll(/^export (?:abstract )?(?:class|const|function|interface|type) (\w+)/gm);
  const passedOn = report.matchAll(/^export \{ (\w+) \}/gm);
  return new Set([...declared, ...passedOn].map(([, name]) => name));
}

function changedLines(before, after) {
  return diffLines(before, after)
    .filter((part) => part.added || part.removed)
    .flatMap((part) =>
      part.value
        .trimEnd()
        .split("\n")
        .map((line) => `  ${part.added ? "+" : "-"} ${line}`),
    )
    .join("\n");
}

const work = mkdtempSync(join(tmpdir(), "xsp-api-"));
const current = new Map();
try {
  for (const item of publishable) {
    for (const { path, types } of entryPoints(item)) {
      rmSync(join(work, "entry.api.md"), { force: true });
      current.set(reportName(item.manifest, path), reportOf(item.folder, types, work));
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

mkdirSync(reports, { recursive: true });
const stored = readdirSync(reports);
const changed = [...new Set([...current.keys(), ...stored])]
  .toSorted((one, other) => one.localeCompare(other))
  .filter((name) => {
    const file = join(reports, name);
    return !existsSync(file) || readFileSync(file, "utf8") !== current.get(name);
  });

if (flags.update) {
  for (const name of changed) {
    if (current.has(name)) writeFileSync(join(reports, name), current.get(name));
    else rmSync(join(reports, name));
  }
  console.log(changed.length === 0 ? "api/ is current" : `written: ${changed.map((name) => `api/${name}`).join(", ")}`);
} else if (flags.json) {
  const exported = [...current].map(([name, text]) => ({
    report: `api/${name}`,
    exports: exportedNames(text).size,
    unnamed: text.match(/\(ae-forgotten-export\)/g)?.length ?? 0,
    isCurrent: !changed.includes(name),
  }));
  console.log(JSON.stringify(exported, null, 2));
} else {
  for (const name of changed) {
    const file = join(reports, name);
    console.log(`api/${name} differs from what is built:`);
    console.log(changedLines(existsSync(file) ? readFileSync(file, "utf8") : "", current.get(name) ?? ""));
  }
  if (changed.length > 0) {
    console.log("expected: the public interface as the reports have it");
    console.log(
      "do: if the change is meant, `pnpm api:update`, commit api/ with it, and add a changeset (`pnpm changeset`)",
    );
    process.exitCode = 1;
  } else {
    console.log(`the public interface of ${current.size} entry points is as api/ has it`);
  }
}
