import type { TraceMachineOptions } from "../trace/trace-header.ts";
import type { TraceOperation } from "../trace/trace-operation.ts";
import { listed, runSequence } from "./sequence.ts";

/** Sequences tried at most: shrinking is a service to the reader, not worth minutes. */
const TRIES = 4000;

type Operations = readonly TraceOperation[];
/** Whether a sequence still shows the violation. */
type Test = (operations: Operations) => boolean;

/**
 * Leaves out operations as long as the same violation still comes about.
 *
 * First everything after the operation that brought it about is cut off; then runs of operations are left out, half of
 * them at first, then shorter and shorter runs, and at last single ones, and ones done meanwhile, until none can be left
 * out any more.
 *
 * @param signature - the violation to keep, see `Violation.signature`.
 */
export function shrinkSequence(options: TraceMachineOptions, operations: Operations, signature: string): Operations {
  let tries = 0;
  const shows: Test = (list) => ++tries <= TRIES && runSequence(options, listed(list), 0)?.signature === signature;
  let kept = shortestStart(options, operations, signature, shows);
  for (let run = kept.length >> 1; run > 1; run >>= 1) kept = withoutRuns(kept, run, shows);
  for (;;) {
    const fewer = withoutMeanwhile(withoutRuns(kept, 1, shows), shows);
    if (size(fewer) === size(kept)) return kept;
    kept = fewer;
  }
}

/** The operations up to the one that brings the violation about. */
function shortestStart(
  options: TraceMachineOptions,
  operations: Operations,
  signature: string,
  shows: Test,
): Operations {
  const first = runSequence(options, listed(operations), 1);
  if (first === undefined || first.signature !== signature) return operations;
  // What an exception was thrown by is not counted among the operations done.
  return [first.after, first.after + 1].map((end) => operations.slice(0, end)).find(shows) ?? operations;
}

/** Leaves out each run of so many operations that is not needed, from the end on. */
function withoutRuns(operations: Operations, run: number, shows: Test): Operations {
  let kept = operations;
  for (let at = kept.length - run; at >= 0; at -= run) {
    const without = [...kept.slice(0, at), ...kept.slice(at + run)];
    if (shows(without)) kept = without;
  }
  return kept;
}

/** Leaves out each operation done meanwhile that is not needed. */
function withoutMeanwhile(operations: Operations, shows: Test): Operations {
  let kept = operations;
  for (let at = kept.length - 1; at >= 0; at--) {
    for (let place = (kept[at]?.meanwhile?.length ?? 0) - 1; place >= 0; place--) {
      const { meanwhile = [], ...alone } = kept[at] as TraceOperation;
      const left = meanwhile.filter((_, index) => index !== place);
      const fewer: TraceOperation = left.length === 0 ? alone : { ...alone, meanwhile: left };
      const without = [...kept.slice(0, at), fewer, ...kept.slice(at + 1)];
      if (shows(without)) kept = without;
    }
  }
  return kept;
}

/** Operations in all, those done meanwhile among them. */
function size(operations: Operations): number {
  return operations.reduce((sum, { meanwhile = [] }) => sum + 1 + meanwhile.length, 0);
}
