import { describeFrame, errnoName, mfn } from "@xsp/hypervisor";
import type { Trace } from "../trace/trace-reader.ts";
import type { TraceOperation } from "../trace/trace-operation.ts";
import type { TraceMachine } from "./trace-machine.ts";

/** A place where model and recording differ. */
export interface Mismatch {
  /** Sequence number of the operation. */
  readonly i: number;
  readonly line: number;
  /** The operation as recorded, without the states it reported. */
  readonly operation: string;
  /** What differs: the return value, `done`, a value read, a frame's tuple, a superpage's tuple. */
  readonly what: "rc" | "done" | "value" | "frame" | "superpage";
  /** The frame or superpage whose tuple differs. */
  readonly subject?: string;
  readonly expected: string;
  readonly found: string;
  /** The frames concerned, each as Xen would log it. */
  readonly frames: readonly string[];
  /** The remark of the trace under which the operation stands. */
  readonly note: string;
  /** The last operations that touched one of these frames. */
  readonly history: readonly string[];
  /** The check that refused, if the hypervisor refused. */
  readonly refusal?: string;
}

/** How many earlier operations a mismatch shows. */
const HISTORY = 6;

/** What a mismatch is about, before the surroundings are added. */
export type Difference = Pick<Mismatch, "what" | "subject" | "expected" | "found">;

/** Adds to a difference what a reader needs to understand it. */
export function describeMismatch(
  trace: Trace,
  machine: TraceMachine,
  at: number,
  difference: Difference,
  refusal: string | undefined,
): Mismatch {
  const operation = trace.operations[at] as TraceOperation;
  const { subject } = difference;
  const concerned =
    subject === undefined ? framesOf(operation) : [subject.includes("+") ? subject : wholeName(subject)];
  return {
    i: operation.i,
    line: trace.lines[at] as number,
    operation: operationText(operation),
    ...difference,
    frames: concerned.map((name) => describeNamed(machine, name)),
    note: trace.notes.filter(({ before }) => before <= at).at(-1)?.text ?? "",
    history: historyOf(trace, at, concerned),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

/** A superpage is described by its first frame. */
function wholeName(subject: string): string {
  return /^s\d+$/.test(subject) ? `${subject}+0` : subject;
}

/** Prints an operation without the states that it reported. */
export function operationText(operation: TraceOperation): string {
  const { st: _st, sp: _sp, ...rest } = operation;
  return JSON.stringify(rest);
}

/** The frames that an operation names. */
export function framesOf(operation: TraceOperation): string[] {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (typeof value === "object" && value !== null) {
      for (const [name, part] of Object.entries(value)) {
        if (["f", "t", "v", "src", "pf", "vf"].includes(name) && typeof part === "string") found.add(part);
        else if (name === "u") visit(part);
      }
    }
  };
  visit(operation);
  return [...found];
}

function describeNamed(machine: TraceMachine, name: string): string {
  const word = machine.names.resolve(name);
  const frame = word.hi === 0 ? word.lo >>> 0 : Infinity;
  if (!machine.host.mfnValid(frame)) return `${name}: no frame of this machine`;
  return `${name}: ${describeFrame(machine.host, mfn(frame))}`;
}

function historyOf(trace: Trace, at: number, names: readonly string[]): string[] {
  const history: string[] = [];
  for (let before = at - 1; before >= 0 && history.length < HISTORY; before--) {
    const operation = trace.operations[before] as TraceOperation;
    if (names.some((name) => touches(operation, name))) history.unshift(operationText(operation));
  }
  return history;
}

/** Whether an operation had to do with a frame: it names it, changed its tuple, or concerns its whole superpage. */
function touches(operation: TraceOperation, name: string): boolean {
  if (operation.st !== undefined && name in operation.st) return true;
  const superpage = /^(s\d+)\+/.exec(name)?.[1];
  if (superpage !== undefined && operation.sp !== undefined && superpage in operation.sp) return true;
  return framesOf(operation).some((named) => named === name || (superpage !== undefined && named === `${superpage}+0`));
}

/** Prints a mismatch for people. */
export function formatMismatch(file: string, mismatch: Mismatch): string {
  const lines = [
    `${file}:${mismatch.line}: operation ${mismatch.i} differs in ${mismatch.what}${mismatch.subject === undefined ? "" : ` of ${mismatch.subject}`}`,
    `  ${mismatch.operation}`,
    `  expected ${mismatch.expected}`,
    `  found    ${mismatch.found}`,
    ...(mismatch.note === "" ? [] : [`  under the note "${mismatch.note}"`]),
    ...mismatch.frames.map((frame) => `  ${frame}`),
    ...(mismatch.refusal === undefined ? [] : [`  refused by ${mismatch.refusal}`]),
    ...(mismatch.history.length === 0 ? [] : ["  what touched it before:"]),
    ...mismatch.history.map((operation) => `    ${operation}`),
  ];
  return lines.join("\n");
}

/** Names a return value: `"-EBUSY (-16)"`. */
export function formatRc(rc: number): string {
  return rc < 0 ? `${errnoName(rc)} (${rc})` : String(rc);
}
