import type { Trace } from "../replay.ts";

/** An operation of a vCPU as a trace shows it. */
export interface OperationSpan {
  readonly vcpu: number;
  /** As `begin` announced it. */
  readonly operation: string;
  /** Index of the step with its first access. */
  readonly first: number;
  /** Index of its last step. */
  readonly last: number;
  /** What its `note` said last; undefined when it is still under way where the trace ends. */
  readonly result: string | undefined;
}

/**
 * The operations of a trace in the order in which they begin. An operation begins with its first access, not with the
 * choice of it, and ends with the step after which something was announced.
 */
export function operationSpans(trace: Trace): OperationSpan[] {
  const spans: { -readonly [field in keyof OperationSpan]: OperationSpan[field] }[] = [];
  const open: ((typeof spans)[number] | undefined)[] = trace.programs.map(() => undefined);
  for (const [index, { vcpu, operation, kind, notes }] of trace.steps.entries()) {
    let span = open[vcpu];
    if (span !== undefined && span.operation !== operation) span = open[vcpu] = undefined;
    if (span === undefined && operation !== undefined && kind !== "choose") {
      span = { vcpu, operation, first: index, last: index, result: undefined };
      open[vcpu] = span;
      spans.push(span);
    }
    if (span === undefined) continue;
    span.last = index;
    const note = notes.at(-1);
    if (note === undefined) continue;
    span.result = String(note.result ?? "nothing");
    open[vcpu] = undefined;
  }
  return spans;
}
