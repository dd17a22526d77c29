import { checkJson, checkText, incompleteText, type ModelCheck } from "@xsp/verify";
import { checkCommandLine } from "./check-command-line.ts";
import type { CheckJob, CheckProgress } from "./check-job.ts";
import type { CheckFlags } from "./check-plan.ts";
import type { CheckProgressLine } from "./check-progress-line.ts";
import { checkInThreads } from "./check-threads.ts";
import { readCheckpoint, refusedCheckpoint, writeCheckpoint } from "./checkpoint-file.ts";
import { requireWritable } from "./export-file.ts";
import type { Interruption } from "./interruption.ts";
import { singleCheck } from "./single-check.ts";
import type { ChosenSchemes } from "./scheme-file.ts";
import { explanationOf } from "./token-argument.ts";
import { type TraceExportFile, traceExportFile, writeTraceExports } from "./trace-export-file.ts";

/** What checks are made with. */
export interface CheckSetting {
  readonly flags: CheckFlags & {
    readonly checkpoint?: string;
    readonly resume?: string;
    readonly export: readonly string[];
    readonly format: string;
  };
  readonly line: CheckProgressLine;
  readonly interruption: Interruption;
  readonly schemes: ChosenSchemes;
}

/** Makes one check, prints it, saves it if it is not over, and writes its nearest counterexample to files. */
export async function checkOne(job: CheckJob, workers: number, setting: CheckSetting): Promise<ModelCheck> {
  const { flags, line, interruption, schemes } = setting;
  const exports = await Promise.all(flags.export.map(traceExportFile));
  const file = flags.checkpoint ?? flags.resume ?? `${job.model}-${job.scheme}.xsp-checkpoint`;
  if (flags.checkpoint !== undefined) await requireWritable("--checkpoint", flags.checkpoint);
  const resume = flags.resume === undefined ? undefined : readCheckpoint(flags.resume);
  const { check, checkpoint } = await singleCheck(job, {
    interruption,
    workers,
    onProgress: (running) => line.show(running),
    ...(resume === undefined ? {} : { resume }),
  }).catch((error: unknown) => {
    throw flags.resume === undefined ? error : refusedCheckpoint(flags.resume, error);
  });
  line.clear();
  printCheck(check, flags.format, schemes);
  await exportNearest(check, exports);
  const isOver = [undefined, "threw", "vacuous"].includes(check.reason);
  if (!isOver && (interruption.requested || flags.checkpoint !== undefined)) {
    writeCheckpoint(file, checkpoint());
    const command = checkCommandLine(
      job.model,
      { ...flags, scheme: [schemes.given.get(job.scheme) ?? job.scheme] },
      { resume: file, withoutLimits: !interruption.requested },
    );
    process.stderr.write(`saved: ${file}\n  do: ${command}\n`);
  }
  return check;
}

/**
 * Makes checks one after another or several at a time, and prints each when those before it are printed.
 *
 * @returns those that are done: not all when it is interrupted.
 */
export async function checkSeveral(
  jobs: readonly CheckJob[],
  workers: number,
  { flags, line, interruption, schemes }: CheckSetting,
): Promise<ModelCheck[]> {
  const done: (ModelCheck | undefined)[] = jobs.map(() => undefined);
  let printed = 0;
  const onCheck = (check: ModelCheck, place: number): void => {
    line.count(check);
    done[place] = check;
    line.clear();
    for (let next = done[printed]; next !== undefined; next = done[++printed]) print(next);
  };
  // The matrix is printed when it is whole.
  const print = (check: ModelCheck): void => {
    if (flags.all !== true) printCheck(check, flags.format, schemes);
  };
  const onProgress = (running: readonly CheckProgress[]): void => line.show(running);
  if (workers > 1) {
    await checkInThreads(jobs, { workers, interruption, onProgress, onCheck, modules: schemes.modules });
  } else {
    for (const [place, job] of jobs.entries()) {
      // One after another is what one worker means.
      // oxlint-disable-next-line no-await-in-loop
      const { check } = await singleCheck(job, { workers, interruption, onProgress });
      if (interruption.requested) break;
      onCheck(check, place);
    }
  }
  // Behind a hole nothing has been printed yet.
  for (const check of done.slice(printed)) if (check !== undefined) print(check);
  return done.filter((check) => check !== undefined);
}

function printCheck(check: ModelCheck, format: string, schemes: ChosenSchemes): void {
  process.stdout.write(format === "json" ? `${JSON.stringify(checkJson(check))}\n` : checkText(check, schemes.flags));
  const incomplete = incompleteText(check);
  if (format === "json" && incomplete !== undefined) {
    process.stderr.write(`${check.model}, ${check.scheme}: incomplete: ${incomplete}\n`);
  }
}

async function exportNearest(check: ModelCheck, files: readonly TraceExportFile[]): Promise<void> {
  if (files.length === 0) return;
  const [nearest] = check.counterexamples;
  if (nearest === undefined) process.stderr.write("not written: there is no counterexample to export\n");
  else await writeTraceExports(files, await explanationOf(nearest.token));
}
