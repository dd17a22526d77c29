import { type Command, InvalidArgumentError, Option } from "commander";
import type { ModelCheck } from "@xsp/verify";
import { checkCommandLine } from "../check-command-line.ts";
import { exitCodeOf, isAsExpected, readExpectation } from "../check-outcome.ts";
import { type CheckFlags, planChecks } from "../check-plan.ts";
import { CheckProgressLine } from "../check-progress-line.ts";
import { checkHelp } from "../check-help.ts";
import { exitCode } from "../exit-code.ts";
import type { CheckAllJson, ModelListJson } from "../json-output.ts";
import { Interruption } from "../interruption.ts";
import type { ChosenSchemes } from "../scheme-file.ts";
import { UsageError } from "../usage-error.ts";

interface CommandFlags extends CheckFlags {
  readonly list?: boolean;
  readonly expect?: string;
  readonly checkpoint?: string;
  readonly resume?: string;
  readonly export: readonly string[];
  readonly format: string;
  readonly progress?: boolean;
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("expected a whole number.");
  return Number(text);
}

function atLeastOne(text: string): number {
  const value = wholeNumber(text);
  if (value < 1) throw new InvalidArgumentError("expected 1 or more.");
  return value;
}

function numbers(text: string): number | readonly number[] {
  const list = text.split(",").map(wholeNumber);
  return list.length === 1 ? (list[0] as number) : list;
}

/** Adds `xsp check`. */
export function addCheckCommand(program: Command): void {
  program
    .command("check")
    .summary("explore every interleaving of a model, or of all")
    .description("Runs the shipped hypervisor code under every interleaving and looks for a way to break it.")
    .argument("[model]", "name of a model; see --list")
    .option("--list", "the models and what each examines")
    .option("--all", "every model under every scheme: the matrix")
    .option("--scheme <name>", "only this scheme, or that of a file (./mine.js); repeat it for several", collect, [])
    .option("--property <name>", "only this of S1 to S6; repeat it for several", collect, [])
    .option("--vcpus <n>", "bounds: how many vCPUs; lists of operations repeat", wholeNumber)
    .option("--domains <n>", "bounds: how many domains; vCPU i runs in domain i modulo n", wholeNumber)
    .option("--superpages <n>", "bounds: how many superpages; each operation chooses one", wholeNumber)
    .option("--order <n>", "bounds: log2 of the frames in a superpage", wholeNumber)
    .option("--steps <n,…>", "bounds: operations of each vCPU, one number for all or one for each", numbers)
    .addOption(new Option("--start <start>", "bounds: what maps free frames").choices(["highmem", "lowmem"]))
    .addOption(
      new Option("--reduction <kind>", "which interleavings that show nothing new are left out")
        .choices(["independent", "choices", "none"])
        .default("independent"),
    )
    .option("--states <n>", "limit: states of each check", atLeastOne)
    .option("--memory <size>", "limit: memory for states, of all checks together (default: 2GiB)")
    .option("--time <time>", "limit: seconds of each check, or such as 5min")
    .option("--budget <time>", "the same as --time")
    .option(
      "--workers <n>",
      "checks at a time; threads for a single check (default: with --all the cores, else 1)",
      atLeastOne,
    )
    .option("--expect <name>", "end with 0 if and only if this comes out: holds, violated, incomplete, S1 to S6, error")
    .option("--checkpoint <file>", "where to save a single check that is interrupted, or ended by a limit")
    .option("--resume <file>", "go on from a saved check")
    .option("--export <file>", "also write the nearest counterexample to a file; repeatable", collect, [])
    .option("--format <format>", "what to print: text, json; with --all md too", "text")
    .option("--progress", "show progress on stderr even where that is no terminal")
    .option("--no-progress", "show no progress")
    .addHelpText("after", checkHelp)
    .action(checkCommand);
}

async function checkCommand(name: string | undefined, flags: CommandFlags): Promise<void> {
  const { format, list = false, all = false } = flags;
  const formats = all ? ["text", "json", "md"] : ["text", "json"];
  if (!formats.includes(format)) {
    throw new UsageError(
      `--format ${format}: there is no such format here`,
      formats.join(" or "),
      "choose one of these",
    );
  }
  if ([list, all, name !== undefined].filter(Boolean).length !== 1) {
    throw new UsageError("xsp check: what to check is not clear", "a model, or --all, or --list", "xsp check --list");
  }
  if (list) await printModels(format);
  else await makeChecks(name, flags);
}

async function printModels(format: string): Promise<void> {
  const { boundsOf, boundsText, namedModels } = await import("@xsp/verify");
  const models: ModelListJson = namedModels.map(({ name: model, examines, ...rest }) => {
    return { model, examines, bounds: boundsOf({ name: model, examines, ...rest }) };
  });
  process.stdout.write(
    format === "json"
      ? `${JSON.stringify(models)}\n`
      : models.map(({ model, examines, bounds }) => `${model}\n  ${examines}\n  ${boundsText(bounds)}\n`).join(""),
  );
}

async function makeChecks(name: string | undefined, flags: CommandFlags): Promise<void> {
  const { checkedProperties } = await import("@xsp/verify");
  const expected = flags.expect === undefined ? undefined : readExpectation(flags.expect, checkedProperties);
  const { jobs, workers, schemes } = await planChecks(name, flags);
  const [job] = jobs;
  const single = jobs.length === 1 ? job : undefined;
  if (single === undefined) refuseForSeveral(flags);
  const line = new CheckProgressLine(
    process.stderr,
    jobs.length,
    job?.budget.bytes ?? 0,
    flags.progress ?? process.stderr.isTTY,
  );
  const interruption = new Interruption(() => {
    line.clear();
    process.stderr.write("xsp: interrupted: putting down what is there; Ctrl-C again ends at once\n");
  });
  const started = performance.now();
  try {
    const { checkOne, checkSeveral } = await import("../check-runs.ts");
    const setting = { flags, line, interruption, schemes };
    const checks =
      single === undefined ? await checkSeveral(jobs, workers, setting) : [await checkOne(single, workers, setting)];
    if (flags.all === true && checks.length > 0)
      await printMatrix(checks, flags, schemes, (performance.now() - started) / 1000);
    if (expected !== undefined) tellUnexpected(checks, expected);
    process.exitCode = interruption.requested ? exitCode.interrupted : exitCodeOf(checks, expected);
    if (interruption.requested && single === undefined) {
      process.stderr.write(
        `xsp: ${checks.length} of ${jobs.length} checks are done and shown; several at once leave no checkpoint\n` +
          "  do: name one model and one --scheme for a check that can be gone on with\n",
      );
    }
  } finally {
    interruption.end();
  }
}

/** What is about one check and one file. */
function refuseForSeveral(flags: CommandFlags): void {
  const given = (["checkpoint", "resume"] as const).filter((flag) => flags[flag] !== undefined);
  const [flag] = flags.export.length > 0 ? [...given, "export"] : given;
  if (flag === undefined) return;
  throw new UsageError(
    `--${flag}: is for a single check, and this is more than one`,
    "one model under one scheme",
    "name the model and add --scheme",
  );
}

async function printMatrix(
  checks: readonly ModelCheck[],
  flags: CommandFlags,
  schemes: ChosenSchemes,
  seconds: number,
): Promise<void> {
  const { checkJson, matrixMarkdown, matrixText } = await import("@xsp/verify");
  if (flags.format === "json") {
    const written: CheckAllJson = checks.map(checkJson);
    process.stdout.write(`${JSON.stringify(written)}\n`);
  } else if (flags.format === "md")
    process.stdout.write(matrixMarkdown(checks, checkCommandLine(undefined, flags), schemes.flags));
  else
    process.stdout.write(`${matrixText(checks, schemes.flags)}\n${checks.length} checks in ${seconds.toFixed(0)} s\n`);
}

function tellUnexpected(checks: readonly ModelCheck[], expected: string): void {
  for (const check of checks) {
    if (isAsExpected(check, expected)) continue;
    const found = check.counterexamples.map(({ property }) => property);
    process.stderr.write(
      `xsp: ${check.model}, ${check.scheme}: expected ${expected}, found ${[check.verdict, ...found].join(" ")}\n`,
    );
  }
}
