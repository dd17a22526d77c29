import { OperationPlayer } from "../replay/operation-player.ts";
import type { TraceMachine } from "../replay/trace-machine.ts";
import type { TraceMachineOptions } from "../trace/trace-header.ts";
import type { TraceOperation } from "../trace/trace-operation.ts";
import { buildAdversaryMachine } from "./adversary-machine.ts";
import { exclusionViolation } from "./exclusion.ts";
import { linearDepthViolation } from "./linear-depth.ts";
import { auditViolation, destructionViolation, type Violation, violation } from "./violation.ts";

/** A violation and where in a sequence of operations it was seen. */
export interface Sighting extends Violation {
  /** Operations done before it was seen. */
  readonly after: number;
}

/** Hands out the operations of a sequence; `undefined` ends it. */
export type OperationSource = (machine: TraceMachine, index: number) => TraceOperation | undefined;

/** Sees each operation with its answer. */
export type OperationSink = (
  machine: TraceMachine,
  operation: TraceOperation,
  rc: number,
  meanwhile: readonly number[],
) => void;

/** An errno is small; anything lower, or no whole number at all, is no answer. */
const MAX_ERRNO = 4095;

/**
 * Runs operations on a fresh host, with an audit now and then, and destroys the guests at the end.
 *
 * @param auditEvery - operations from one audit to the next; 0: only at the end.
 * @returns the first violation, or nothing.
 */
export function runSequence(
  options: TraceMachineOptions,
  source: OperationSource,
  auditEvery: number,
  sink: OperationSink = () => {},
): Sighting | undefined {
  const machine = buildAdversaryMachine(options);
  const freeBefore = machine.host.freeFrames + machine.guests.length * machine.header.guestFrames;
  const player = new OperationPlayer(machine);
  let after = 0;
  // The hypervisor must never throw. When it does, that is a finding, and the host is not looked at any further.
  try {
    for (let operation = source(machine, 0); operation !== undefined; operation = source(machine, after)) {
      const { rc, meanwhile } = player.play(operation);
      after++;
      sink(machine, operation, rc, meanwhile);
      const strange = [rc, ...meanwhile].find((answer) => !Number.isInteger(answer) || answer < -MAX_ERRNO);
      if (strange !== undefined) {
        return { ...violation("exception", `${operation.op} returned ${strange}, which is no errno`), after };
      }
      if (auditEvery > 0 && after % auditEvery === 0) {
        const found = unsoundness(machine);
        if (found !== undefined) return { ...found, after };
      }
    }
    const found = unsoundness(machine) ?? destructionViolation(machine, freeBefore);
    return found === undefined ? undefined : { ...found, after };
  } catch (error) {
    return { ...violation("exception", error instanceof Error ? error.message : String(error)), after };
  }
}

/** What is wrong with a host between two operations, if anything. */
function unsoundness(machine: TraceMachine): Violation | undefined {
  return auditViolation(machine) ?? exclusionViolation(machine) ?? linearDepthViolation(machine);
}

/** The operations of a list, in order. */
export function listed(operations: readonly TraceOperation[]): OperationSource {
  return (_machine, index) => operations[index];
}
