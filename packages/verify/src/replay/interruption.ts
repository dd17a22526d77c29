import type { TraceOperation } from "../trace/trace-operation.ts";
import type { TraceGuest, TraceMachine } from "./trace-machine.ts";

/** Plays an operation as a guest: its return value. */
type PlayAs = (guest: TraceGuest, operation: TraceOperation) => number;

/**
 * Has operations run at the continuations of the hypercall that is played next, one at each and each to its end: by the
 * second vCPU of the guest that is preempted, or by another guest. What is preempted itself goes on at once.
 *
 * @param preempted - the guest whose hypercall it is.
 * @param playAs - plays an operation while another one is being played.
 * @returns where their return values will be.
 */
export function interruptWith(
  machine: TraceMachine,
  preempted: TraceGuest,
  operations: readonly TraceOperation[],
  playAs: PlayAs,
): readonly number[] {
  const { interruption } = machine;
  const answers: number[] = [];
  if (interruption === undefined) return answers;
  const run = (): void => {
    const operation = operations[answers.length];
    if (operation === undefined) return;
    const guest = machine.guests[operation.by ?? 0];
    const actor = guest === preempted ? guest.second : guest;
    if (actor === undefined)
      throw new RangeError(`operation ${operation.i}: "by" names nobody who could act meanwhile`);
    interruption.run = undefined;
    answers.push(playAs(actor, operation));
    interruption.run = run;
  };
  interruption.run = run;
  return answers;
}
