import { CompiledModel } from "./compiled-model.ts";
import type { Model, Move, Schedule } from "./model.ts";
import { StepKind } from "./operation-run.ts";
import { kindNames, scheduleOf, violationsIn } from "./replay.ts";
import { Simulation } from "./simulation.ts";

/** What a vCPU would do if it were the next to move. */
export interface NextStep {
  readonly vcpu: number;
  readonly program: string;
  /** `waits`: for a word to change that only others can change. `failed`: its code has thrown. */
  readonly state: "ready" | "waits" | "done" | "failed";
  /** The operation under way, as `begin` announced it. */
  readonly operation: string | undefined;
  /** The access it is parked before; undefined when it is done or has failed. */
  readonly kind: keyof typeof StepKind | undefined;
  /** Name of the region and index in it; for `choose` "" and -1. */
  readonly region: string;
  readonly index: number;
  /** The word as it is now. */
  readonly word: number;
  /** store: what is to be written; compareAndSwap: what is expected; waitWhile: what is waited out. */
  readonly value: number;
  /** compareAndSwap: what is to be written. */
  readonly desired: number;
  /** For `choose`, what is announced as the operation after each choice; else nothing. */
  readonly choices: readonly (string | undefined)[];
}

/**
 * What each vCPU would do after a schedule, or token, was replayed: for whoever chooses the next move by hand.
 *
 * Cost: that of a replay, and a run of the operation under way for each choice.
 *
 * @throws RangeError when the token or the schedule is of another model.
 */
export function nextSteps(model: Model, scheduleOrToken: Schedule | string): NextStep[] {
  const { compiled, simulation } = simulationAfter(model, scheduleOrToken);
  return compiled.programs.map((_, vcpu) => nextStep(compiled, simulation, vcpu));
}

/**
 * The moves with which a vCPU goes on after a schedule, or token, until something is announced, it would have to wait or
 * to choose, or something is wrong.
 *
 * @throws RangeError when the token or the schedule is of another model, or has no such vCPU.
 */
export function movesToEndOfOperation(model: Model, scheduleOrToken: Schedule | string, vcpu: number): Move[] {
  const { compiled, simulation } = simulationAfter(model, scheduleOrToken);
  const moves: Move[] = [];
  while (simulation.next(vcpu)?.kind !== StepKind.choose && simulation.ways(vcpu) > 0) {
    moves.push({ vcpu, choice: 0 });
    const { notes } = simulation.move(vcpu, 0);
    if (notes.length > 0 || violationsIn(simulation, compiled).length > 0) break;
  }
  return moves;
}

function simulationAfter(
  model: Model,
  scheduleOrToken: Schedule | string,
): { compiled: CompiledModel; simulation: Simulation } {
  const schedule = typeof scheduleOrToken === "string" ? scheduleOf(model, scheduleOrToken) : scheduleOrToken;
  const compiled = new CompiledModel(model);
  const simulation = new Simulation(compiled);
  for (const { vcpu, choice } of schedule) simulation.move(vcpu, choice);
  return { compiled, simulation };
}

function nextStep(compiled: CompiledModel, simulation: Simulation, vcpu: number): NextStep {
  const { program, operation } = simulation.vcpu(vcpu);
  const access = simulation.next(vcpu);
  const nothing = { region: "", index: -1, word: 0, value: 0, desired: 0, choices: [] };
  if (access === undefined) {
    const state = simulation.failure(vcpu) === undefined ? "done" : "failed";
    return { vcpu, program, state, operation, kind: undefined, ...nothing };
  }
  const kind = kindNames[access.kind];
  if (access.kind === StepKind.choose) {
    const choices = Array.from({ length: access.value }, (__, choice) => simulation.operationAfter(vcpu, choice));
    return { vcpu, program, state: "ready", operation, kind, ...nothing, choices };
  }
  const { name, base } = compiled.regionOf(access.address);
  const { value, desired } = access;
  return {
    vcpu,
    program,
    state: simulation.ways(vcpu) === 0 ? "waits" : "ready",
    operation,
    kind,
    region: name,
    index: access.address - base,
    word: simulation.word(access.address),
    value,
    desired,
    choices: [],
  };
}
