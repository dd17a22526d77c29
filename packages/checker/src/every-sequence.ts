import { type Announced, type Context, done, type LocalState, type Program } from "./model.ts";

/** One thing a vCPU may do. */
export interface Operation {
  readonly label: string;
  readonly args?: readonly Announced[];
  /** Whether it can be chosen in this local state. Default: always. */
  enabled?(local: LocalState): boolean;
  /**
   * Runs the shipped code. A number or string it returns is noted as the operation's result; a vector becomes the local
   * state; nothing leaves the local state as it is.
   */
  run(context: Context, local: LocalState): LocalState | Announced | void;
}

/** What {@link everySequence} is made of. */
export interface SequenceOptions {
  readonly name: string;
  /** How many operations the vCPU does. */
  readonly steps: number;
  readonly operations: readonly Operation[];
  /** The local state at the start. Default: empty. */
  readonly start?: LocalState;
  /** Also lets the vCPU stop before it has done all of them. Default: no. */
  readonly mayStop?: boolean;
}

/**
 * A program that does every sequence of so many of the operations: before each, the checker chooses which.
 * With nothing left to do, or nothing enabled, it is done.
 *
 * What it remembers between operations is the number of operations left and the local state; so bound the steps, and
 * keep the local state small. Predicates see `[left, ...local]`.
 */
export function everySequence(options: SequenceOptions): Program {
  const { name, steps, operations, start = [], mayStop = false } = options;
  if (!Number.isInteger(steps) || steps < 0) throw new RangeError(`steps is ${steps}, expected 0 or more`);
  return {
    name,
    start: [steps, ...start],
    step([left = 0, ...local]: LocalState, context: Context): LocalState | typeof done {
      const enabled = operations.filter((operation) => operation.enabled?.(local) !== false);
      if (left === 0 || enabled.length === 0) return done;
      const operation = enabled[context.choose(enabled.length + (mayStop ? 1 : 0))];
      if (operation === undefined) return done;
      context.begin(operation.label, ...(operation.args ?? []));
      const result = operation.run(context, local);
      if (typeof result !== "object") {
        if (result !== undefined) context.note(operation.label, operation.args, result);
        return [left - 1, ...local];
      }
      return [left - 1, ...result];
    },
  };
}
