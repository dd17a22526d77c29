import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { exitCode } from "../exit-code.ts";
import { UsageError } from "../usage-error.ts";

/** A scheme that should be sound is not, or the hypervisor threw. */
const VIOLATED = 12;

const help = `
What happens: two hostile guests issue any hypercall with any argument, in episodes of 2,000 operations. Now and then an
audit recounts every reference, page tables are walked as a CPU would for a table that its guest can write, and linear page
tables nested deeper than one are looked for. At the end of each episode both guests are destroyed from whatever state they
are in: every word must be zero then. What is found is shrunk to a short trace that xsp replay takes.

The schemes rfc, rfc-busy-over-1, rfc-busy-over-2 and xen-4.1 have holes as published: what is found there is reported,
and does not count as failure.

--unfixed takes the fix of an advisory out of the hypervisor: what is found then is the hole, as it should be, and does not
count as failure either. XSA-299 takes --vcpus 2: then others issue hypercalls between the parts of one that was preempted.
The guests have no TLB, so they cannot come by XSA-401; the checker does. docs/advisories.md tells what finds each.

Exit codes: 0 sound (or unsound as published or as asked for), 12 a violation, 2 wrong usage.

Examples:
  xsp fuzz --ops 1000000 --scheme sealed
  xsp fuzz --seed 7 --scheme xen-4.1 --traces findings
  xsp fuzz --geometry full --audit-every 500
  xsp fuzz --unfixed XSA-182 --scheme sealed --ops 300000
  xsp fuzz --unfixed XSA-299 --scheme sealed --vcpus 2
`;

interface FuzzFlags {
  readonly seed: number;
  readonly ops: number;
  readonly scheme: readonly string[];
  readonly geometry: string;
  readonly auditEvery: number;
  readonly hypervisor: string;
  readonly unfixed: readonly string[];
  readonly vcpus: number;
  readonly traces?: string;
  readonly record?: string;
}

/** Operations of a recorded episode. */
const RECORDED = 300;

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("expected a whole number.");
  return Number(text);
}

/** Adds `xsp fuzz`. */
export function addFuzzCommand(program: Command): void {
  program
    .command("fuzz")
    .summary("let two hostile guests try to break the accounting")
    .description("Lets two hostile guests issue any hypercall with any argument, and audits what becomes of the host.")
    .option("--seed <n>", "same seed, same operations", wholeNumber, 1)
    .option("--ops <n>", "operations for each scheme", wholeNumber, 100_000)
    .option("--scheme <name>", "only this scheme, or that of a file (./mine.js); repeat it for several", collect, [])
    .option("--geometry <name>", "small: superpages and tables of 8; full: of 512", "small")
    .option("--audit-every <n>", "operations from one audit to the next", wholeNumber, 100)
    .option("--hypervisor <version>", "whose answers are given, such as xen-4.17", "xen-4.9")
    .option("--vcpus <n>", "vCPUs of each guest, 1 or 2", wholeNumber, 1)
    .option("--unfixed <advisory>", "take a fix out, such as that of XSA-182; repeat it for several", collect, [])
    .option("--traces <folder>", "write each finding's trace there")
    .option("--record <folder>", `write a trace of ${RECORDED} operations there, whatever comes of them`)
    .addHelpText("after", help)
    .action(fuzzCommand);
}

async function fuzzCommand(flags: FuzzFlags): Promise<void> {
  const { adversaryGeometries, advisories, isUnsoundAsPublished, recordEpisode, runAdversary } =
    await import("@xsp/verify");
  const { schemeNames } = await import("@xsp/scenario");
  const geometry = adversaryGeometries[flags.geometry as keyof typeof adversaryGeometries];
  if (geometry === undefined) {
    throw new UsageError(`--geometry ${flags.geometry}: there is none of that name`, "small or full", "choose one");
  }
  const { chooseSchemes } = await import("../scheme-file.ts");
  const chosen = await chooseSchemes("--scheme", flags.scheme);
  const unpublished = flags.unfixed.find((name) => !Object.hasOwn(advisories, name));
  if (unpublished !== undefined) {
    throw new UsageError(
      `--unfixed ${unpublished}: there is no switch of that name`,
      `one of ${Object.keys(advisories).join(", ")}`,
      "choose one of these",
    );
  }
  if (flags.vcpus !== 1 && flags.vcpus !== 2) {
    throw new UsageError(`--vcpus ${flags.vcpus}: guests cannot have so many`, "1 or 2", "leave it out to get 1");
  }
  const unfixed = flags.unfixed.length > 0;
  for (const scheme of chosen.names.length > 0 ? chosen.names : schemeNames) {
    const machine = {
      scheme,
      version: flags.hypervisor,
      superpagesAllowed: true,
      ...geometry,
      ...(flags.vcpus === 2 ? { vcpus: 2 } : {}),
      ...(unfixed ? { unfixed: flags.unfixed } : {}),
    };
    const started = performance.now();
    const { operations, episodes, findings } = runAdversary({
      machine,
      seed: flags.seed,
      operations: flags.ops,
      auditEvery: flags.auditEvery,
    });
    const rate = Math.round(operations / ((performance.now() - started) / 1000));
    const allowed = unfixed || isUnsoundAsPublished(scheme, flags.hypervisor);
    const why = unfixed ? `, with ${flags.unfixed.join(" and ")} unfixed` : allowed ? ", as published" : "";
    const verdict = findings.length === 0 ? "nothing found" : `${findings.length} findings${why}`;
    process.stdout.write(
      `${scheme}: ${operations} operations in ${episodes} episodes, ${rate} operations/s: ${verdict}\n`,
    );
    for (const [index, finding] of findings.entries()) {
      const { kind, detail, episode, occurrences, trace } = finding;
      process.stdout.write(
        `  ${kind} (first in episode ${episode}, ${occurrences} in all; ${finding.operations} operations after shrinking)\n` +
          `    ${detail}\n`,
      );
      if (flags.traces === undefined) process.stdout.write(trace.replaceAll(/^(?=.)/gm, "    "));
      else
        process.stdout.write(`    ${writeTrace(flags.traces, `fuzz-${scheme}-${flags.seed}-${index}.jsonl`, trace)}\n`);
    }
    if (flags.record !== undefined) {
      const name = `${flags.geometry}-${scheme}.jsonl`;
      const file = writeTrace(flags.record, name, recordEpisode(machine, flags.seed, 0, RECORDED));
      process.stdout.write(`  recorded: ${file}\n`);
    }
    if (findings.length > 0 && !allowed) process.exitCode = VIOLATED;
  }
  process.exitCode ??= exitCode.ok;
}

function writeTrace(folder: string, name: string, trace: string): string {
  const file = join(folder, name);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, trace);
  } catch (error) {
    throw new UsageError(
      `${file}: cannot be written (${error instanceof Error ? error.message : String(error)})`,
      "a folder to write traces into",
      "give another folder to --traces",
    );
  }
  return file;
}
