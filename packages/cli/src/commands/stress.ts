import { type Command, InvalidArgumentError } from "commander";
import { exitCode } from "../exit-code.ts";
import { requireTokenScheme } from "../token-argument.ts";
import { UsageError } from "../usage-error.ts";

/** Seconds of a run for which neither seconds nor rounds are given. */
const SECONDS = 60;

const help = `
What happens: the operations of the token's vCPUs, but not its schedule, are performed by one thread for each vCPU over
one shared memory, round after round from the same beginning. After each round, with everybody at rest, S1 to S5 are
evaluated. The same operations are first run one after the other by one thread, in every order: what breaks then, too, is
no race. A round that does not end within 10 s is a hang (S6).

Results are not reproducible: the seed repeats the delays before the operations, not what the processor makes of them.
A clean run is no proof; see "On real threads" in docs/checker.md for what cannot be seen in this way.

Exit codes: 0 ran clean, 12 a property broke or a round hangs, 2 wrong usage, 130 interrupted.

Examples:
  xsp check map-unmark-pin --scheme rfc-busy-over-1 --property S1      prints a token
  xsp stress xsp1.…                                                    until it breaks, for 60 s at most
  xsp stress xsp1.… --scheme sealed                                    the same operations under another scheme
  xsp stress xsp1.… --scheme ./mine.js --scheme sealed                 so, where the token's scheme is that of a file
  xsp stress xsp1.… --order 9 --keep-going                             2 MiB superpages, and how often it breaks
`;

interface StressFlags {
  readonly scheme: readonly string[];
  readonly order?: number;
  readonly seconds?: number;
  readonly rounds?: number;
  readonly seed: number;
  readonly keepGoing?: boolean;
  readonly format: string;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError("expected a number above 0.");
  return value;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value >= 2 ** 31) {
    throw new InvalidArgumentError("expected a whole number from 1 to 2147483647.");
  }
  return value;
}

/** Adds `xsp stress`. */
export function addStressCommand(program: Command): void {
  program
    .command("stress")
    .summary("run the operations of a counterexample on real threads")
    .description("Runs the operations of a counterexample on real threads, round after round, until a property breaks.")
    .argument("<token>", "a token that xsp check printed")
    .option(
      "--scheme <name>",
      "run them under this scheme, or that of a file (./mine.js), in place of the token's; given twice, the last one is run",
      (value: string, before: readonly string[]) => [...before, value],
      [],
    )
    .option("--order <n>", "log2 of the frames in the superpage, up to 9, in place of the model's", wholeNumber)
    .option("--seconds <n>", `end after so long (${SECONDS} where no rounds are given)`, positive)
    .option("--rounds <n>", "end after so many rounds", wholeNumber)
    .option("--seed <n>", "seed of the delays", wholeNumber, 1)
    .option("--keep-going", "count the rounds that break a property, in place of ending with the first")
    .option("--format <format>", "what to print: text, json", "text")
    .addHelpText("after", help)
    .action(stressCommand);
}

async function stressCommand(token: string, flags: StressFlags): Promise<void> {
  const { format, order, rounds, seed, keepGoing = false } = flags;
  if (format !== "text" && format !== "json") {
    throw new UsageError(`--format ${format}: there is no such format`, "text or json", "leave it out to get text");
  }
  const { chooseSchemes } = await import("../scheme-file.ts");
  const chosen = await chooseSchemes("--scheme", flags.scheme);
  const scheme = chosen.names.at(-1);
  const { runSequentialOrders, stressPlan } = await import("@xsp/verify");
  const { plan, sequential } = asUsage(() => {
    const planned = stressPlan(token, {
      ...(scheme === undefined ? {} : { scheme }),
      ...(order === undefined ? {} : { order }),
    });
    return { plan: planned, sequential: runSequentialOrders(planned) };
  });
  const seconds = flags.seconds ?? (rounds === undefined ? SECONDS : undefined);
  const options = {
    seed,
    keepGoing,
    ...(rounds === undefined ? {} : { rounds }),
    ...(seconds === undefined ? {} : { seconds }),
  };
  const { stressHeading, stressJson, stressVerdict } = await import("../stress-report.ts");
  const { StressProgressLine } = await import("../stress-progress-line.ts");
  const { runStressThreads } = await import("../stress-threads.ts");
  const { thisMachine } = await import("../this-machine.ts");
  const machine = thisMachine();
  const line = new StressProgressLine(process.stderr);
  // The heading comes when SIGINT is heard already.
  const running = runStressThreads(plan, { ...options, modules: chosen.modules }, (progress) => line.show(progress));
  if (format === "text") process.stdout.write(stressHeading(plan, sequential, machine));
  const outcome = await running;
  line.clear();
  const report = { plan, options, sequential, outcome, machine };
  process.stdout.write(format === "text" ? stressVerdict(report) : `${JSON.stringify(stressJson(report))}\n`);
  process.exitCode = codeOf(outcome.verdict);
}

function codeOf(verdict: "broken" | "hang" | "clean" | "interrupted"): number {
  if (verdict === "interrupted") return exitCode.interrupted;
  return verdict === "clean" ? exitCode.ok : exitCode.violated;
}

/** What is wrong with a token or an order is the caller's to mend, not a bug of ours. */
function asUsage<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    requireTokenScheme(error, ", before that of the scheme to run, if it is another");
    throw new UsageError(
      `these operations cannot be run: ${error.message}`,
      "a token that xsp check of this version printed, and an order that its machine can have",
      "make it again: xsp check --list, then xsp check with the model",
    );
  }
}
