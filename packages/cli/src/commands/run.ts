import type { Command } from "commander";
import type { ScenarioOverride } from "@xsp/scenario";
import type { ReportFormat, ReportOptions } from "../report-format.ts";
import { exitCode } from "../exit-code.ts";
import { UsageError } from "../usage-error.ts";

const formats: readonly ReportFormat[] = ["text", "json", "md", "csv"];

const help = `
What happens: for each scheme a host is built in a process of its own and a guest booted on it. In a login storm the
hugepage pool grows (and is marked, where the scheme has marks), the process maps its region and touches all of it, and
every login is answered by a real fork and exec in the modelled guest. Then the steps of the scenario are typed at the
guest's console. Page tables, references and types of every frame are counted as the hypervisor counts them, and an audit
recounts all of them after each phase.

What the scenario expects of its steps and of the whole run is listed with what came out. Exit codes: 0 done, 1 a bug of
XSP, a scheme that throws, or books that do not balance, 2 wrong usage or a wrong scenario, 4 an expectation was missed.
A scenario changed by --set or --profile is another one than its file speaks of: what it misses is shown, and the exit
code stays 0.

Three kinds of figures: events are counted and exact; modelled time is counted events times the prices of a cost profile
(xsp profile); wall time is how long this program took, on this machine.

Examples:
  xsp run fork-64g
  xsp run fork-64g --scheme per-frame --scheme xen-4.1
  xsp run fork-64g --scheme sealed --scheme ./my-scheme.js
                                              beside one of your own (xsp new scheme)
  xsp run fork-64g --set deadline=120s --set workload.logins=40
  xsp run fork-64g --set host.memory=1GiB --set guest.memory=960MiB --set pool.hugepages=256 --set process.region=512MiB
  xsp run pool-shrink                         steps and what is expected of them
  xsp run fork-64g --profile modern --export result.json --export result.svg
  xsp run fork-64g --format json | jq '.runs[] | {scheme, inTime: .logins.inTime}'
`;

interface RunFlags {
  readonly scheme: readonly string[];
  readonly set: readonly string[];
  readonly profile?: string;
  readonly format: string;
  readonly export: readonly string[];
  readonly progress?: boolean;
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** Adds `xsp run`. */
export function addRunCommand(program: Command): void {
  program
    .command("run")
    .summary("run a scenario under each accounting scheme and compare")
    .description("Runs a scenario under each accounting scheme and shows what each paid and who timed out.")
    .argument("<scenario>", "a shipped scenario (xsp scenario list) or a YAML or JSON file")
    .option(
      "--scheme <name>",
      "run this scheme only, or that of a file (./mine.js); repeat it for several",
      collect,
      [],
    )
    .option("--set <path=value>", "change a field of the scenario, such as workload.logins=10; repeatable", collect, [])
    .option("--profile <name>", "price the counted events by this cost profile (xsp profile)")
    .option("--format <format>", `what to print: ${formats.join(", ")}`, "text")
    .option(
      "--export <file>",
      "also write to a file, by its extension: .json .md .csv .svg .txt; repeatable",
      collect,
      [],
    )
    .option("--progress", "show progress on stderr even where that is no terminal")
    .option("--no-progress", "show no progress")
    .addHelpText("after", help)
    .action(runCommand);
}

async function runCommand(nameOrFile: string, flags: RunFlags): Promise<void> {
  const format = requireFormat(flags.format);
  const { inFile, readScenario } = await import("@xsp/scenario");
  const { findScenario } = await import("../scenario-source.ts");
  const { exportFile, writeExport } = await import("../export-file.ts");
  const { renderReport } = await import("../report-format.ts");
  const { runInProcesses } = await import("../scenario-processes.ts");
  const { ProgressLine } = await import("../progress-line.ts");
  const { terminalStyle } = await import("../terminal-style.ts");

  const { chooseSchemes } = await import("../scheme-file.ts");
  const schemes = await chooseSchemes("--scheme", flags.scheme);
  const overrides = await readOverrides(flags, schemes.names);
  const source = await findScenario(nameOrFile);
  const scenario = readScenario(source.text, { file: source.file, overrides });
  const exports = await Promise.all(flags.export.map(exportFile));

  const line = (flags.progress ?? process.stderr.isTTY) ? new ProgressLine(process.stderr) : undefined;
  const result = await runInProcesses(scenario, (progress) => line?.show(progress), schemes.modules)
    .catch((error: unknown) => {
      throw inFile(error, source.file);
    })
    .finally(() => line?.clear());

  const command = commandLine(nameOrFile, flags);
  await Promise.all(exports.map((file) => writeExport(file, renderReport(file.format, result, { command }))));
  const { columns } = process.stdout;
  const options: ReportOptions = {
    command,
    style: terminalStyle(process.stdout),
    ...(columns === undefined ? {} : { width: columns }),
  };
  process.stdout.write(renderReport(format, result, options));
  for (const { file } of exports) process.stderr.write(`written: ${file}\n`);

  const balanced = result.runs.every(
    ({ audit, destroy }) => audit.differences === 0 && destroy.framesAfter === destroy.framesBefore,
  );
  if (!balanced) {
    process.stderr.write(
      "xsp: the books do not balance: an audit found differences, or frames were lost\n" +
        "  expected: no difference after any phase, and every frame back after destroy\n" +
        "  do: report it together with the command; this is a bug of XSP\n",
    );
    process.exitCode = exitCode.internal;
    return;
  }
  const changed = flags.set.length > 0 || flags.profile !== undefined;
  if (!changed && result.expectations.some(({ held }) => !held)) process.exitCode = exitCode.unexpected;
}

function requireFormat(name: string): ReportFormat {
  const format = formats.find((known) => known === name);
  if (format !== undefined) return format;
  throw new UsageError(
    `--format ${name}: there is no such format`,
    `one of ${formats.join(", ")}`,
    name === "svg" ? "write --export chart.svg" : "leave it out to get text",
  );
}

/** `--set`, `--scheme` and `--profile` all change fields of the scenario, and are checked in the same way. */
async function readOverrides(
  { set, scheme, profile }: RunFlags,
  names: readonly string[],
): Promise<ScenarioOverride[]> {
  const { profileNames } = await import("@xsp/scenario");
  const { readSettings, requireName } = await import("../scenario-settings.ts");
  const overrides = await readSettings(set);
  if (names.length > 0) {
    const flag = scheme.map((name) => `--scheme ${name}`).join(" ");
    overrides.push({ path: "schemes", value: JSON.stringify(names), flag });
  }
  if (profile !== undefined) {
    await requireName("--profile", "cost profile", profile, profileNames);
    overrides.push({ path: "profile", value: profile, flag: `--profile ${profile}` });
  }
  return overrides;
}

/** The command that makes this result again. */
function commandLine(nameOrFile: string, { scheme, set, profile }: RunFlags): string {
  const words = ["xsp", "run", nameOrFile];
  for (const name of scheme) words.push("--scheme", name);
  for (const text of set) words.push("--set", text);
  if (profile !== undefined) words.push("--profile", profile);
  return words
    .map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`))
    .join(" ");
}
