import { describeFrame, mfn } from "@xsp/hypervisor";
import type { Trace } from "../trace/trace-reader.ts";
import { formatMismatch, framesOf, type Mismatch, operationText } from "./mismatch.ts";
import { refusalText } from "./refusal.ts";
import type { ReplayResult } from "./replay.ts";

/** The result of replaying several files, for programs: what `xsp replay FILE --format json` writes. */
export interface ReplayReport {
  /** Version of this form. */
  readonly v: 1;
  /** Each file that was replayed, in the order in which they were given. */
  readonly files: readonly {
    /** Its name, as it was given. */
    readonly file: string;
    /** Operations that were replayed. */
    readonly ops: number;
    /** Operations with the answer that was recorded. */
    readonly rcAgree: number;
    /** Recorded states of frames that were compared. */
    readonly states: number;
    /** Those that are as recorded. */
    readonly stateAgree: number;
    /** What the first difference is; null when there is none. */
    readonly firstMismatch: Mismatch | null;
  }[];
}

/** Sums replays up for programs. */
export function replayReport(results: readonly ReplayResult[]): ReplayReport {
  return {
    v: 1,
    files: results.map(({ file, ops, rcAgree, states, stateAgree, mismatches }) => ({
      file,
      ops,
      rcAgree,
      states,
      stateAgree,
      firstMismatch: mismatches[0] ?? null,
    })),
  };
}

/**
 * Sums a replay up for people: one line, and under it the mismatches.
 *
 * @param explain - say which check refused, with the counts it saw.
 * @param shown - at most so many mismatches.
 */
export function formatReplay(result: ReplayResult, explain: boolean, shown: number): string {
  const { file, ops, rcAgree, states, stateAgree, mismatches } = result;
  const agrees = rcAgree === ops && stateAgree === states;
  const summary = `${agrees ? "agrees " : "DIFFERS"} ${file}: ${rcAgree} of ${ops} answers, ${stateAgree} of ${states} states`;
  const told = mismatches.slice(0, shown).map((mismatch) => {
    const { refusal: _refusal, ...rest } = mismatch;
    return formatMismatch(file, explain ? mismatch : rest);
  });
  return [summary, ...told, ""].join("\n");
}

/** Adds up several replays for people. */
export function formatTotal(results: readonly ReplayResult[]): string {
  const sum = (field: "ops" | "rcAgree" | "states" | "stateAgree" | "milliseconds"): number =>
    results.reduce((total, result) => total + result[field], 0);
  const ops = sum("ops");
  return (
    `${results.length} files: ${sum("rcAgree")} of ${ops} answers, ${sum("stateAgree")} of ${sum("states")} states; ` +
    `${Math.round(ops / (sum("milliseconds") / 1000))} operations/s\n`
  );
}

/** Shows where a replay stopped: the last operation, what refused it, and the frames that it names. */
export function formatStop(trace: Trace, result: ReplayResult, explain: boolean): string {
  const operation = trace.operations[result.ops - 1];
  if (operation === undefined) return "";
  const { host, names } = result.machine;
  const refusal = refusalText(host);
  const lines = [`stopped after operation ${operation.i}: ${operationText(operation)}`];
  if (explain) {
    lines.push(refusal === undefined ? "  nothing was refused" : `  refused by ${refusal}`);
  }
  for (const name of framesOf(operation)) {
    const { lo, hi } = names.resolve(name);
    if (hi === 0 && host.mfnValid(lo >>> 0)) lines.push(`  ${name}: ${describeFrame(host, mfn(lo))}`);
  }
  return [...lines, ""].join("\n");
}
