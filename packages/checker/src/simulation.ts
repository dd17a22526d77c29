import type { CompiledModel } from "./compiled-model.ts";
import type { LocalState, Property, VcpuView } from "./model.ts";
import { type Access, type Note, runOperation, type RunOutcome, StepKind } from "./operation-run.ts";
import { readProperty, type ReadableState } from "./state-reading.ts";

/** One step that a vCPU made. */
export interface SimulatedStep {
  readonly access: Access;
  readonly operation: string | undefined;
  readonly before: number;
  readonly after: number;
  /** What the code was answered; for a store 0, for a choice the choice. */
  readonly answer: number;
  readonly notes: readonly Note[];
}

interface VcpuState {
  local: LocalState;
  answers: number[];
  outcome: RunOutcome;
  resting: boolean;
  /** Notes made before the operation's first access. */
  leading: readonly Note[];
}

/**
 * A model run step by step over plain memory, each vCPU re-run over its answers at every step.
 *
 * It shares nothing with the interned trees and packed states of an exploration: what the fast way finds is replayed
 * the plain way before it is reported. Cost of a step: one run of the operation under way up to its next access.
 */
export class Simulation implements ReadableState {
  readonly memory: Int32Array;
  private readonly compiled: CompiledModel;
  private readonly states: VcpuState[];

  constructor(compiled: CompiledModel) {
    this.compiled = compiled;
    this.memory = compiled.initialMemory.slice();
    this.states = compiled.programs.map((program, vcpu) => this.beginning(vcpu, program.start));
  }

  get vcpus(): number {
    return this.states.length;
  }

  /** The access a vCPU is parked before; nothing when it is done or has failed. */
  next(vcpu: number): Access | undefined {
    return this.state(vcpu).outcome.access;
  }

  /** What the vCPU's code threw, if it did. */
  failure(vcpu: number): string | undefined {
    return this.state(vcpu).outcome.message;
  }

  isDone(vcpu: number): boolean {
    return this.state(vcpu).outcome.end === "done";
  }

  /** In how many ways the vCPU can move now: 0 when it is blocked, done or failed. */
  ways(vcpu: number): number {
    const access = this.next(vcpu);
    if (access === undefined) return 0;
    if (access.kind === StepKind.choose) return access.value;
    if (access.kind === StepKind.waitWhile && this.word(access.address) === access.value) return 0;
    return 1;
  }

  /** Whether nobody can move although somebody is not done. */
  isDeadlocked(): boolean {
    const all = this.states.map((_, vcpu) => vcpu);
    if (all.some((vcpu) => this.ways(vcpu) > 0 || this.failure(vcpu) !== undefined)) return false;
    return all.some((vcpu) => !this.isDone(vcpu));
  }

  word(address: number): number {
    return this.memory[address] as number;
  }

  vcpu(index: number): VcpuView {
    const { local, outcome, resting } = this.state(index);
    const isDone = outcome.end === "done";
    const program = this.compiled.programs[index]?.name ?? "";
    return { program, local, resting: resting || isDone, done: isDone, operation: outcome.operation };
  }

  /** Whether a property applies to this state and holds in it; undefined when it does not apply. */
  evaluate(property: Property): boolean | undefined {
    const views = this.states.map((_, vcpu) => this.vcpu(vcpu));
    if (property.kind === "quiescent" && !views.every(({ resting }) => resting)) return undefined;
    if (property.kind === "finally" && !views.every((view) => view.done)) return undefined;
    return readProperty(this.compiled, property, this, (each, state) => each.holds(state));
  }

  /** What a property says about this state, in words. */
  explain(property: Property): string {
    const said = readProperty(this.compiled, property, this, (each, state) => each.explain?.(state));
    return said ?? `${property.name} does not hold`;
  }

  /** @throws RangeError when the vCPU cannot make that move: the schedule is of another model. */
  move(vcpu: number, choice: number): SimulatedStep {
    const ways = this.ways(vcpu);
    if (!Number.isInteger(choice) || choice < 0 || choice >= ways) {
      throw new RangeError(`vCPU ${vcpu} has ${ways} moves now, the schedule asks for number ${choice}: wrong model?`);
    }
    const state = this.state(vcpu);
    const access = this.next(vcpu) as Access;
    const { operation } = state.outcome;
    const before = access.kind === StepKind.choose ? 0 : this.word(access.address);
    const answer = this.perform(access, choice, before);
    const after = access.kind === StepKind.choose ? 0 : this.word(access.address);
    const leading = state.answers.length === 0 ? state.leading : [];
    state.answers.push(answer);
    state.resting = state.resting && access.kind === StepKind.choose;
    state.outcome = runOperation(this.compiled, vcpu, state.local, state.answers);
    const notes = [...leading, ...state.outcome.notes];
    const shown = operation ?? state.outcome.operation;
    if (state.outcome.end === "next") this.states[vcpu] = this.beginning(vcpu, state.outcome.local as LocalState);
    return { access, operation: shown, before, after, answer, notes };
  }

  /** What the vCPU would have announced as its operation after that choice. For a vCPU that is about to choose. */
  operationAfter(vcpu: number, choice: number): string | undefined {
    const { local, answers } = this.state(vcpu);
    return runOperation(this.compiled, vcpu, local, [...answers, choice]).operation;
  }

  private perform(access: Access, choice: number, before: number): number {
    switch (access.kind) {
      case StepKind.choose:
        return choice;
      case StepKind.store:
        this.memory[access.address] = access.value;
        return 0;
      case StepKind.compareAndSwap:
        if (before === access.value) this.memory[access.address] = access.desired;
        return before;
      default:
        return before;
    }
  }

  private beginning(vcpu: number, local: LocalState): VcpuState {
    const leading: Note[] = [];
    for (let at = local; ;) {
      const outcome = runOperation(this.compiled, vcpu, at, []);
      leading.push(...outcome.notes);
      if (outcome.end !== "next") return { local: at, answers: [], outcome, resting: true, leading };
      at = outcome.local as LocalState;
    }
  }

  private state(vcpu: number): VcpuState {
    const state = this.states[vcpu];
    if (state === undefined) throw new RangeError(`there is no vCPU ${vcpu}, only ${this.states.length}`);
    return state;
  }
}
