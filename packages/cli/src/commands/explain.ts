import type { Command } from "commander";
import { exitCode } from "../exit-code.ts";
import { schemeOption } from "../token-argument.ts";
import type { ExplainJson } from "../json-output.ts";
import { UsageError } from "../usage-error.ts";

const help = `
What happens: the token names a model, its bounds, its scheme and a schedule. The schedule is replayed on the shipped
code, and every access is shown in a column for its vCPU. A star marks what changed a word: before → after.

In place of a token a file will do which has one in it: the JSON of a check, or notes of your own; the first one counts.

Exit codes: 0 replayed, 2 a token that is damaged, of no known model, or of code that has changed since.

Examples:
  xsp check map-unmark-pin --scheme rfc --property S1      prints a token
  xsp explain xsp1.…                                       shows what it does
  xsp explain xsp1.… --export race.html                    as a page for others
  xsp check map-unmark-pin --scheme rfc --format json > race.json; xsp explain race.json
`;

interface ExplainFlags {
  readonly format: string;
  readonly scheme?: string;
  readonly export: readonly string[];
}

/** Adds `xsp explain`. */
export function addExplainCommand(program: Command): void {
  program
    .command("explain")
    .summary("show what a counterexample does, access by access")
    .description("Replays a counterexample of xsp check and shows every access.")
    .argument("<token-or-file>", "a token that xsp check printed, or a file with one in it")
    .option("--format <format>", "what to print: text, json", "text")
    .option(...schemeOption)
    .option(
      "--export <file>",
      "also write it to a file, by the end of its name: .itf.json .trace.json .dot .html .jsonl; repeatable",
      (value: string, before: readonly string[]) => [...before, value],
      [],
    )
    .addHelpText("after", help)
    .action(explainCommand);
}

async function explainCommand(argument: string, flags: ExplainFlags): Promise<void> {
  const { format } = flags;
  if (format !== "text" && format !== "json") {
    throw new UsageError(`--format ${format}: there is no such format`, "text or json", "leave it out to get text");
  }
  const { chooseSchemes } = await import("../scheme-file.ts");
  await chooseSchemes("--scheme", flags.scheme === undefined ? [] : [flags.scheme]);
  const { explanationOf, tokenArgument } = await import("../token-argument.ts");
  const { traceExportFile, writeTraceExports } = await import("../trace-export-file.ts");
  const exports = await Promise.all(flags.export.map(traceExportFile));
  const explanation = await explanationOf(tokenArgument(argument));
  const { model, scheme, bounds, violated, columns, legend, paragraph, trace } = explanation;
  if (format === "json") {
    const { steps } = trace;
    const written: ExplainJson = { v: 1, model, scheme, bounds, violated, paragraph, steps };
    process.stdout.write(`${JSON.stringify(written)}\n`);
  } else {
    process.stdout.write(`${model}, ${scheme}: ${trace.steps.length} steps\n\n${paragraph}\n\n${legend}\n\n${columns}`);
  }
  await writeTraceExports(exports, explanation);
  process.exitCode = exitCode.ok;
}
