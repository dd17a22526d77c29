import { recordedMachine, type RecordedMachine, unfixedWhenRecorded } from "../trace/recorded-machine.ts";
import type { TraceOperation } from "../trace/trace-operation.ts";
import { TraceProblem } from "../trace/trace-problem.ts";
import type { Trace } from "../trace/trace-reader.ts";
import { composeEntry, formatWord64, parseWord64, ZERO } from "../trace/word64.ts";
import { buildAdversaryMachine } from "../adversary/adversary-machine.ts";
import { describeMismatch, type Difference, formatRc, type Mismatch } from "./mismatch.ts";
import { type Answer, OperationPlayer } from "./operation-player.ts";
import { buildRecordedGuest } from "./recorded-guest.ts";
import { refusalText } from "./refusal.ts";
import { StateComparison } from "./state-comparison.ts";
import { isTolerated } from "./tolerated-answers.ts";
import type { TraceMachine } from "./trace-machine.ts";

/** How a trace is replayed. */
export interface ReplayOptions {
  /** Stop after the operation of this number. Default: the last. */
  readonly stopAt?: number;
  /** The Xen that made the trace, where the file's name does not tell. */
  readonly machine?: Partial<RecordedMachine>;
  /** A clock in milliseconds, to have the replay timed. Time is an argument, as everywhere in these packages. */
  readonly now?: () => number;
  /** Keep at most this many mismatches. Default 20; all are counted. */
  readonly keep?: number;
}

/** What a replay found. */
export interface ReplayResult {
  readonly file: string;
  /** Operations replayed. */
  readonly ops: number;
  /** Operations whose answer is the recorded one: return value, `done`, and what `rd` and `touch` saw. */
  readonly rcAgree: number;
  /** Tuples reported by the trace. */
  readonly states: number;
  readonly stateAgree: number;
  /** What running and comparing the operations took, by {@link ReplayOptions.now}. */
  readonly milliseconds: number;
  /** The first mismatches. */
  readonly mismatches: readonly Mismatch[];
  /** The machine after the last operation replayed. */
  readonly machine: TraceMachine;
}

/**
 * Runs a trace against the shipped hypervisor and compares every answer and every reported state.
 *
 * @throws TraceProblem when nothing tells which Xen made the trace, or its frames do not fit the machine.
 */
export function replayTrace(trace: Trace, options: ReplayOptions = {}): ReplayResult {
  const machine = buildMachine(trace, options.machine ?? {});
  const player = new OperationPlayer(machine);
  const states = new StateComparison(machine);
  const mismatches: Mismatch[] = [];
  const keep = options.keep ?? 20;
  const ops = Math.min(trace.operations.length, (options.stopAt ?? Infinity) + 1);
  const now = options.now ?? (() => 0);
  const started = now();
  let rcAgree = 0;
  let at = 0;
  const report = (difference: Difference): void => {
    if (mismatches.length >= keep) return;
    mismatches.push(describeMismatch(trace, machine, at, difference, refusalText(machine.host)));
  };
  for (; at < ops; at++) {
    const operation = trace.operations[at] as TraceOperation;
    machine.host.lastRefusal = undefined;
    const answer = played(player, operation);
    const difference = answerDifference(machine, operation, answer);
    if (difference === undefined || (typeof answer !== "string" && isTolerated(trace.file, operation, answer.rc)))
      rcAgree++;
    else report(difference);
    // What a host is like after a throw is of no interest, and nothing can be played on it.
    if (typeof answer === "string") break;
    states.compare(operation, report);
  }
  return {
    file: trace.file,
    ops,
    rcAgree,
    states: states.reported,
    stateAgree: states.agreed,
    milliseconds: now() - started,
    mismatches,
    machine,
  };
}

function buildMachine(trace: Trace, wanted: Partial<RecordedMachine>): TraceMachine {
  const recorded = recordedMachine(trace.file, trace.header);
  if (recorded === undefined && wanted.version === undefined) {
    throw new TraceProblem(
      trace.file,
      0,
      "which Xen made this trace is not told: expected a name starting with xen494-, xen417- or xen460-, a header with a machine, or a version given",
    );
  }
  const whole: RecordedMachine = {
    scheme: "xen-4.1",
    version: "xen-4.9",
    superpagesAllowed: true,
    superpageOrder: 9,
    tableOrder: 9,
    debugBuild: false,
    ...recorded,
    ...wanted,
  };
  const unfixed = wanted.unfixed ?? unfixedWhenRecorded(whole.version);
  try {
    if (trace.header.machine !== undefined) {
      return buildAdversaryMachine({ ...trace.header.machine, ...wanted });
    }
    return buildRecordedGuest(trace.header, { ...whole, unfixed });
  } catch (error) {
    // A frame list that no machine has, or an unknown scheme or version: the trace's fault, not ours.
    if (error instanceof RangeError) throw new TraceProblem(trace.file, 1, error.message);
    throw error;
  }
}

/** Plays an operation: its answer, or what the hypervisor threw where the trace says that it does. */
function played(player: OperationPlayer, operation: TraceOperation): Readonly<Answer> | string {
  if (operation.throws === undefined) return player.play(operation);
  try {
    return player.play(operation);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** How an answer differs from the recorded one. */
function answerDifference(
  machine: TraceMachine,
  operation: TraceOperation,
  answer: Readonly<Answer> | string,
): Difference | undefined {
  if (typeof answer === "string" || operation.throws !== undefined) {
    if (answer === operation.throws) return undefined;
    const found = typeof answer === "string" ? `throws: ${answer}` : formatRc(answer.rc);
    return { what: "rc", expected: `throws: ${operation.throws}`, found };
  }
  if (answer.rc !== operation.rc) {
    return { what: "rc", expected: formatRc(operation.rc), found: formatRc(answer.rc) };
  }
  const expected = (operation.meanwhile ?? []).map(({ rc }) => formatRc(rc)).join(", ");
  const found = answer.meanwhile.map(formatRc).join(", ");
  if (found !== expected) return { what: "rc", expected: `meanwhile ${expected}`, found: `meanwhile ${found}` };
  if ("done" in operation && answer.done !== operation.done) {
    return { what: "done", expected: String(operation.done), found: String(answer.done) };
  }
  const value = recordedValue(machine, operation);
  if (value !== undefined && value !== answer.value) {
    return { what: "value", expected: value, found: String(answer.value) };
  }
  return undefined;
}

/** The value that an operation read when it was recorded. */
function recordedValue(machine: TraceMachine, operation: TraceOperation): string | undefined {
  if (operation.op === "touch") return String(operation.ok);
  if (operation.op !== "rd") return undefined;
  return formatWord64(composeEntry(machine.names.resolve(operation.v), parseWord64(operation.fl) ?? ZERO));
}
