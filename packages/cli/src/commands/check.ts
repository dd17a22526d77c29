import { type Command, InvalidArgumentError } from "commander";
import type { ModelCheck } from "@xsp/verify";
import { exitCode } from "../exit-code.ts";
import { type CheckProgress, CheckProgressLine } from "../check-progress-line.ts";
import { UsageError } from "../usage-error.ts";

const help = `
What happens: the shipped hypervisor code is run under every interleaving of its memory accesses, in a machine as small
as a machine can be on which everything can go wrong. "holds" speaks of the bounds that are printed, and of no others. A
counterexample is a shortest one; xsp explain shows it.

What is found under rfc, its variants and xen-4.1 is found in the scheme as published.

Exit codes: 0 holds within the printed bounds, 12 a counterexample, 3 incomplete, 2 wrong usage.

Examples:
  xsp check --list
  xsp check map-unmark-pin --scheme rfc --scheme sealed
  xsp check map-unmark-pin --scheme xen-4.1 --property S1 --format json
  xsp check --all --format md > findings.md
`;

interface CheckFlags {
  readonly list?: boolean;
  readonly all?: boolean;
  readonly scheme: readonly string[];
  readonly property: readonly string[];
  readonly budget?: number;
  readonly states?: number;
  readonly format: string;
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("expected a number above 0.");
  return value;
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
    .option("--scheme <name>", "only this scheme; repeat it for several", collect, [])
    .option("--property <name>", "only this of S1 to S6; repeat it for several", collect, [])
    .option("--budget <seconds>", "seconds for each scheme of each model", positive)
    .option("--states <n>", "states for each scheme of each model", positive)
    .option("--format <format>", "what to print: text, json; with --all md too", "text")
    .addHelpText("after", help)
    .action(checkCommand);
}

async function checkCommand(name: string | undefined, flags: CheckFlags): Promise<void> {
  const verify = await import("@xsp/verify");
  const { namedModels } = verify;
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
  if (list) {
    const models = namedModels.map((model) => ({ ...model, bounds: verify.boundsOf(model) }));
    if (format === "json") {
      process.stdout.write(
        `${JSON.stringify(models.map(({ name: model, examines, bounds }) => ({ model, examines, bounds })))}\n`,
      );
      return;
    }
    for (const { name: model, examines, bounds } of models) {
      process.stdout.write(`${model}\n  ${examines}\n  ${verify.boundsText(bounds)}\n`);
    }
    return;
  }
  const models = namedModels.filter((model) => all || model.name === name);
  if (models.length === 0) {
    const known = namedModels.map((model) => model.name).join(", ");
    throw new UsageError(`${name}: there is no model of that name`, `one of ${known}`, "xsp check --list");
  }
  const schemes = await chosenSchemes(flags.scheme);
  const properties = chosenProperties(flags.property, verify.checkedProperties);
  const line = new CheckProgressLine(process.stderr);
  const started = performance.now();
  const checks = verify.checkMatrix({
    models,
    schemes,
    ...(properties.length === 0 ? {} : { properties }),
    budget: {
      ...(flags.budget === undefined ? {} : { seconds: flags.budget }),
      ...(flags.states === undefined ? {} : { states: flags.states }),
    },
    clock: () => performance.now(),
    onProgress: (progress: CheckProgress) => line.show(progress),
    onCheck: (check: ModelCheck) => {
      line.clear();
      if (all) return;
      const { checkJson, checkText } = verify;
      process.stdout.write(format === "json" ? `${JSON.stringify(checkJson(check))}\n` : checkText(check));
    },
  });
  if (all && format === "json") process.stdout.write(`${JSON.stringify(checks.map(verify.checkJson))}\n`);
  if (all && format === "md") process.stdout.write(verify.matrixMarkdown(checks, "xsp check --all --format md"));
  if (all && format === "text") {
    const seconds = (performance.now() - started) / 1000;
    process.stdout.write(`${verify.matrixText(checks)}\n${checks.length} checks in ${seconds.toFixed(0)} s\n`);
  }
  process.exitCode = codeOf(checks);
}

function codeOf(checks: readonly ModelCheck[]): number {
  if (checks.some(({ verdict }) => verdict === "violated")) return exitCode.violated;
  return checks.some(({ verdict }) => verdict === "incomplete") ? exitCode.incomplete : exitCode.ok;
}

async function chosenSchemes(wanted: readonly string[]): Promise<readonly string[]> {
  const { schemeNames } = await import("@xsp/scenario");
  const unknown = wanted.find((name) => !schemeNames.some((known) => known === name));
  if (unknown !== undefined) {
    throw new UsageError(
      `--scheme ${unknown}: there is no scheme of that name`,
      `one of ${schemeNames.join(", ")}`,
      "choose one of these",
    );
  }
  return wanted.length > 0 ? wanted : schemeNames;
}

function chosenProperties<T extends string>(wanted: readonly string[], known: readonly T[]): T[] {
  return wanted.map((name) => {
    const found = known.find((property) => property === name.toUpperCase());
    if (found === undefined) {
      throw new UsageError(
        `--property ${name}: there is no property of that name`,
        `one of ${known.join(", ")}`,
        "choose one of these",
      );
    }
    return found;
  });
}
