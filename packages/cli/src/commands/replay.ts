import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { exitCode } from "../exit-code.ts";
import { schemeOption } from "../token-argument.ts";
import type { ReplayTokenJson } from "../json-output.ts";
import { UsageError } from "../usage-error.ts";

/** The model answered otherwise than the machine did. */
const MISMATCH = 12;
/** Mismatches shown in text; the counts are always complete. */
const SHOWN = 5;

const help = `
A token of xsp check in place of files: its schedule is replayed on the shipped code, and what is wrong in its last state
is told. xsp explain shows every access.

Files, recorded traces: for each file a host with the recorded guest is built in the state that the trace starts from, every
operation is run through the hypercall that was recorded, and return value, number of requests done, entries read, frame
tuples and superpage words are compared. Which Xen made a trace is told by the file's name (xen494-, xen494-noallow-,
xen494probe-, xen417-, xen417probe-, xen460-) or, in traces of xsp fuzz, by the header.

Exit codes: 0 all agree, or nothing is wrong in a token's last state; 12 something differs, or a property is violated as
the token says; 2 wrong usage, a file that is no trace, a token that is damaged or of code that has changed since.

Examples:
  xsp replay ../shared/traces/*.jsonl
  xsp replay --format json trace.jsonl
  xsp replay xsp1.…                                        does the counterexample still stand?
  xsp replay xsp1.… --export race.trace.json
  xsp replay --stop-at 1996 --explain ../shared/traces/xen417probe-base-deepfail.jsonl
`;

interface ReplayFlags {
  readonly format: string;
  readonly scheme?: string;
  readonly stopAt?: number;
  readonly explain?: boolean;
  readonly export: readonly string[];
}

/** Adds `xsp replay`. */
export function addReplayCommand(program: Command): void {
  program
    .command("replay")
    .summary("replay recorded Xen traces, or the token of a counterexample")
    .description(
      "Replays traces of a real Xen against the model and compares every answer and every reported state; or replays the " +
        "token of a counterexample.",
    )
    .argument("<token-or-file...>", "a token of xsp check, or traces, one JSON object a line")
    .option("--format <format>", "what to print: text, json", "text")
    .option(...schemeOption)
    .option("--stop-at <n>", "stop each file after operation n, and show the frames it names", wholeNumber)
    .option("--explain", "say which check refused, with the counts it saw")
    .option(
      "--export <file>",
      "of a token: also write it to a file, by the end of its name: .itf.json .trace.json .dot .html .jsonl; repeatable",
      (value: string, before: readonly string[]) => [...before, value],
      [],
    )
    .addHelpText("after", help)
    .action(replayCommand);
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("expected the number of an operation, such as 1996.");
  return Number(text);
}

async function replayCommand(files: readonly string[], flags: ReplayFlags): Promise<void> {
  const { format } = flags;
  if (format !== "text" && format !== "json") {
    throw new UsageError(`--format ${format}: there is no such format`, "text or json", "leave it out to get text");
  }
  const { chooseSchemes } = await import("../scheme-file.ts");
  await chooseSchemes("--scheme", flags.scheme === undefined ? [] : [flags.scheme]);
  const { isToken } = await import("../token-argument.ts");
  if (files.some(isToken)) await replayToken(files, flags);
  else await replayFiles(files, flags);
}

async function replayToken(tokens: readonly string[], flags: ReplayFlags): Promise<void> {
  const [token = ""] = tokens;
  const isForFiles = flags.stopAt !== undefined || flags.explain === true;
  if (tokens.length > 1 || isForFiles) {
    throw new UsageError(
      isForFiles ? "--stop-at and --explain: are for recorded traces" : "xsp replay: a token stands alone",
      "one token and nothing else",
      isForFiles ? "xsp explain with the token shows every access" : "replay one after another",
    );
  }
  const { explanationOf } = await import("../token-argument.ts");
  const { traceExportFile, writeTraceExports } = await import("../trace-export-file.ts");
  const exports = await Promise.all(flags.export.map(traceExportFile));
  const explanation = await explanationOf(token);
  const { model, scheme, bounds, violated, trace } = explanation;
  const steps = trace.steps.length;
  if (flags.format === "json") {
    const written: ReplayTokenJson = { v: 1, token, model, scheme, bounds, steps, violated };
    process.stdout.write(`${JSON.stringify(written)}\n`);
  } else {
    const { boundsText } = await import("@xsp/verify");
    const wrong = violated.map(({ property, message }) => `  ${property} violated in its last state: ${message}\n`);
    process.stdout.write(
      `${model}, ${scheme}: replays, ${steps} steps\n  bounds: ${boundsText(bounds)}\n` +
        (wrong.length === 0 ? "  nothing is wrong in its last state\n" : wrong.join("")),
    );
  }
  await writeTraceExports(exports, explanation);
  process.exitCode = violated.length > 0 ? exitCode.violated : exitCode.ok;
}

async function replayFiles(files: readonly string[], flags: ReplayFlags): Promise<void> {
  const { format, stopAt, explain = false } = flags;
  if (flags.export.length > 0) {
    throw new UsageError("--export: is for a token", "a token of xsp check", "leave it out; --format json for traces");
  }
  const { formatReplay, formatStop, formatTotal, readTrace, replayReport, replayTrace } = await import("@xsp/verify");
  const results = files.map((file) => {
    const trace = asUsage(() => readTrace(file, readText(file)));
    const result = asUsage(() =>
      replayTrace(trace, { now: () => performance.now(), ...(stopAt === undefined ? {} : { stopAt }) }),
    );
    if (format === "text") {
      process.stdout.write(formatReplay(result, explain, SHOWN));
      if (stopAt !== undefined) process.stdout.write(formatStop(trace, result, explain));
    }
    return result;
  });
  const report = replayReport(results);
  process.stdout.write(format === "json" ? `${JSON.stringify(report)}\n` : formatTotal(results));
  const agree = report.files.every(({ ops, rcAgree, states, stateAgree }) => rcAgree === ops && stateAgree === states);
  process.exitCode = agree ? exitCode.ok : MISMATCH;
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(
      `${file}: cannot be read (${error instanceof Error ? error.message : String(error)})`,
      "a trace file",
      "give the path of a .jsonl trace",
    );
  }
}

/** What is wrong with a trace is the caller's to mend, not a bug of ours. */
function asUsage<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof Error && error.name === "TraceProblem") {
      throw new UsageError(error.message, "a trace in the recorded format", "see docs/fidelity.md for the format");
    }
    throw error;
  }
}
