import { ReportedState } from "../replay/reported-state.ts";
import type { TraceMachine } from "../replay/trace-machine.ts";
import { formatTraceHeader, type TraceMachineOptions } from "../trace/trace-header.ts";
import type { FrameTuple, SuperpageTuple, TraceOperation } from "../trace/trace-operation.ts";
import { adversaryHeader } from "./adversary-machine.ts";
import { listed, runSequence } from "./sequence.ts";

/** At most this many frames of each guest are watched: on a large host its tables and pool, not its data. */
const WATCHED = 64;

/**
 * Runs operations on a fresh host and writes what happened as a trace: the recorded format with the header's field
 * `machine`, and `by` in each operation.
 *
 * @param args - how the trace was made, for the header.
 * @param note - a remark before the first operation.
 * @returns the trace's text.
 */
export function recordTrace(
  options: TraceMachineOptions,
  operations: readonly TraceOperation[],
  args: string,
  note?: string,
): string {
  const lines = [formatTraceHeader(adversaryHeader(options, args))];
  if (note !== undefined) lines.push(JSON.stringify({ note }));
  let watch: StateWatch | undefined;
  let count = 0;
  const sighting = runSequence(options, listed(operations), 0, (machine, operation, rc, meanwhile) => {
    watch ??= new StateWatch(machine);
    lines.push(JSON.stringify({ ...answered(machine, operation, count++, rc, meanwhile), ...watch.changes() }));
  });
  const next = operations[count];
  if (sighting?.kind === "exception" && next !== undefined) {
    const { i: _i, rc: _rc, op, ...fields } = next;
    lines.push(JSON.stringify({ i: count++, op, ...fields, rc: 0, throws: sighting.detail }));
  }
  lines.push(JSON.stringify({ end: 1, ops: count }), "");
  return lines.join("\n");
}

/** An operation with its answer, its fields in the order of the recorded traces. */
function answered(
  machine: TraceMachine,
  operation: TraceOperation,
  i: number,
  rc: number,
  answers: readonly number[],
): object {
  const done = machine.guests[operation.by ?? 0]?.vcpu.done;
  const { i: _i, rc: _rc, op, meanwhile: all = [], ...fields } = operation;
  // Those that no continuation was left for were not done.
  const meanwhile = answers.map((answer, at) => ({ ...all[at], i, rc: answer }));
  return {
    i,
    op,
    ...fields,
    ...("done" in operation ? { done } : {}),
    ...(meanwhile.length > 0 ? { meanwhile } : {}),
    rc,
  };
}

/** Remembers the tuples that were reported, and reports those that changed. */
class StateWatch {
  private readonly machine: TraceMachine;
  private readonly state: ReportedState;
  private readonly frames: readonly (readonly [string, number])[];
  private readonly last = new Map<string, string>();

  constructor(machine: TraceMachine) {
    this.machine = machine;
    this.state = new ReportedState(machine.host, machine.guests[0]?.domain.domid ?? 0);
    const { header, names, superpageFrames, guests } = machine;
    const first = superpageFrames;
    const all = Array.from({ length: guests.length * header.guestFrames }, (_, index) => first + index);
    const watched =
      all.length <= WATCHED ? all : [...header.pool, ...Object.values(header.tables), ...header.superpages];
    this.frames = watched.map((frame) => [names.nameOf(frame, superpageFrames), frame]);
  }

  changes(): { st?: Record<string, FrameTuple>; sp?: Record<string, SuperpageTuple> } {
    const { machine } = this;
    const st: Record<string, FrameTuple> = {};
    const sp: Record<string, SuperpageTuple> = {};
    for (const [name, frame] of this.frames) {
      const tuple = this.state.frame(frame);
      if (this.isNew(name, tuple)) st[name] = tuple;
    }
    for (const [index, first] of machine.header.superpages.entries()) {
      const tuple = this.state.superpage(first, machine.superpageFrames);
      if (this.isNew(`s${index}`, tuple)) sp[`s${index}`] = tuple;
    }
    return { ...(Object.keys(st).length > 0 ? { st } : {}), ...(Object.keys(sp).length > 0 ? { sp } : {}) };
  }

  private isNew(name: string, tuple: FrameTuple | SuperpageTuple): boolean {
    const text = JSON.stringify(tuple);
    if (this.last.get(name) === text) return false;
    this.last.set(name, text);
    return true;
  }
}
