import { CompiledModel, type Region } from "./compiled-model.ts";
import type { Model, ModelOptions, Schedule } from "./model.ts";
import { type Note, StepKind } from "./operation-run.ts";
import { Simulation } from "./simulation.ts";
import { modelHash, parseToken } from "./token.ts";

/** One step of a replayed schedule. */
export interface TraceStep {
  readonly vcpu: number;
  readonly program: string;
  /** The operation under way, as `begin` announced it. */
  readonly operation: string | undefined;
  readonly kind: keyof typeof StepKind;
  /** Name of the region and index in it; for `choose` "" and -1. */
  readonly region: string;
  readonly index: number;
  /** The word before and after the step; for `choose` both 0. */
  readonly before: number;
  readonly after: number;
  /** store: what was written; compareAndSwap: what was expected; waitWhile: what was waited out; choose: how many ways. */
  readonly value: number;
  /** compareAndSwap: what was to be written; else 0. */
  readonly desired: number;
  /** What the code was answered: the word seen, or the choice; 0 for a store. */
  readonly answer: number;
  /** What the code announced with `note` after this step (or before it, if it is an operation's first). */
  readonly notes: readonly Note[];
}

/** A property that does not hold in a trace's last state. */
export interface TraceViolation {
  readonly property: string;
  readonly message: string;
}

/** A schedule replayed: everything that was accessed, in order. */
export interface Trace {
  readonly model: string;
  readonly options: ModelOptions;
  readonly regions: readonly Region[];
  /** Program name of each vCPU. */
  readonly programs: readonly string[];
  /** Memory before the first step. */
  readonly initial: Int32Array;
  readonly steps: readonly TraceStep[];
  /** What is wrong in the last state. */
  readonly violated: readonly TraceViolation[];
  /** The `sometimes` properties that the last state witnesses. */
  readonly witnessed: readonly string[];
}

/** Names of the kinds of step, by their numbers. */
export const kindNames: Readonly<Record<StepKind, keyof typeof StepKind>> = Object.fromEntries(
  Object.entries(StepKind).map(([name, kind]) => [kind, name]),
) as Record<StepKind, keyof typeof StepKind>;

/**
 * Replays a schedule, or a token, step by step over plain memory.
 *
 * @throws RangeError when the token or the schedule is of another model.
 */
export function replay(model: Model, scheduleOrToken: Schedule | string): Trace {
  const schedule = typeof scheduleOrToken === "string" ? scheduleOf(model, scheduleOrToken) : scheduleOrToken;
  const compiled = new CompiledModel(model);
  const simulation = new Simulation(compiled);
  const steps = schedule.map(({ vcpu, choice }): TraceStep => {
    const { program } = simulation.vcpu(vcpu);
    const { access, operation, before, after, answer, notes } = simulation.move(vcpu, choice);
    const region = access.kind === StepKind.choose ? undefined : compiled.regionOf(access.address);
    return {
      vcpu,
      program,
      operation,
      kind: kindNames[access.kind],
      region: region?.name ?? "",
      index: region === undefined ? -1 : access.address - region.base,
      before,
      after,
      value: access.value,
      desired: access.desired,
      answer,
      notes,
    };
  });
  return {
    model: model.name,
    options: model.options ?? {},
    regions: compiled.regions,
    programs: compiled.programs.map(({ name }) => name),
    initial: compiled.initialMemory,
    steps,
    violated: violationsIn(simulation, compiled),
    witnessed: compiled.properties
      .filter((property) => property.kind === "sometimes" && simulation.evaluate(property) === true)
      .map(({ name }) => name),
  };
}

/** What is wrong in a simulation's present state: a thrown error, then properties in their order, then a deadlock. */
export function violationsIn(simulation: Simulation, compiled: CompiledModel): TraceViolation[] {
  const violated: TraceViolation[] = [];
  for (let vcpu = 0; vcpu < simulation.vcpus; vcpu++) {
    const message = simulation.failure(vcpu);
    if (message !== undefined) violated.push({ property: "error", message: `vCPU ${vcpu}: ${message}` });
  }
  for (const property of compiled.properties) {
    if (property.kind === "sometimes" || simulation.evaluate(property) !== false) continue;
    violated.push({ property: property.name, message: simulation.explain(property) });
  }
  if (simulation.isDeadlocked())
    violated.push({ property: "deadlock", message: describeDeadlock(simulation, compiled) });
  return violated;
}

function describeDeadlock(simulation: Simulation, compiled: CompiledModel): string {
  const waits: string[] = [];
  for (let vcpu = 0; vcpu < simulation.vcpus; vcpu++) {
    const access = simulation.next(vcpu);
    if (access === undefined) continue;
    waits.push(`vCPU ${vcpu} waits for ${compiled.describeAddress(access.address)} to leave ${access.value}`);
  }
  return waits.join("; ");
}

/** The schedule of a token, which must be of this model. @throws RangeError when it is of another, or damaged. */
export function scheduleOf(model: Model, token: string): Schedule {
  const parsed = parseToken(token);
  if (parsed.modelHash !== modelHash(model.name)) {
    throw new RangeError(`the token is of another model than ${model.name}`);
  }
  const wanted = JSON.stringify(Object.entries(parsed.options));
  const given = JSON.stringify(Object.entries(model.options ?? {}));
  if (wanted !== given) {
    throw new RangeError(`the token is of ${model.name} with the options ${wanted}, and this one has ${given}`);
  }
  return parsed.schedule;
}
