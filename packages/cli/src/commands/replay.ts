import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { exitCode } from "../exit-code.ts";
import { UsageError } from "../usage-error.ts";

/** The model answered otherwise than the machine did. */
const MISMATCH = 12;
/** Mismatches shown in text; the counts are always complete. */
const SHOWN = 5;

const help = `
What happens: for each file a host with the recorded guest is built in the state that the trace starts from, every
operation is run through the hypercall that was recorded, and return value, number of requests done, entries read, frame
tuples and superpage words are compared. Which Xen made a trace is told by the file's name (xen494-, xen494-noallow-,
xen494probe-, xen417-, xen417probe-, xen460-) or, in traces of xsp fuzz, by the header.

Exit codes: 0 all agree, 12 something differs, 2 wrong usage or a file that is no trace.

Examples:
  xsp replay ../shared/traces/*.jsonl
  xsp replay --format json trace.jsonl
  xsp replay --stop-at 1996 --explain ../shared/traces/xen417probe-base-deepfail.jsonl
`;

interface ReplayFlags {
  readonly format: string;
  readonly stopAt?: number;
  readonly explain?: boolean;
}

/** Adds `xsp replay`. */
export function addReplayCommand(program: Command): void {
  program
    .command("replay")
    .summary("replay recorded Xen traces and compare every answer")
    .description("Replays traces of a real Xen against the model and compares every answer and every reported state.")
    .argument("<file...>", "traces, one JSON object a line")
    .option("--format <format>", "what to print: text, json", "text")
    .option("--stop-at <n>", "stop each file after operation n, and show the frames it names", wholeNumber)
    .option("--explain", "say which check refused, with the counts it saw")
    .addHelpText("after", help)
    .action(replayCommand);
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("expected the number of an operation, such as 1996.");
  return Number(text);
}

async function replayCommand(files: readonly string[], flags: ReplayFlags): Promise<void> {
  const { format, stopAt, explain = false } = flags;
  if (format !== "text" && format !== "json") {
    throw new UsageError(`--format ${format}: there is no such format`, "text or json", "leave it out to get text");
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
