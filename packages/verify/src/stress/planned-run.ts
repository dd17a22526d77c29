import { type Context, type LocalState, type ModelParts, type StateView, type VcpuView, done } from "@xsp/checker";
import type { WordsAllocator } from "@xsp/words";
import { type CheckedProperty, propertyName } from "../models/model-check.ts";
import { type StressPlan, stressModel } from "./stress-plan.ts";

/** A property that does not hold, and what is wrong. */
export interface BrokenProperty {
  readonly property: CheckedProperty;
  readonly message: string;
}

/**
 * The model of a plan over words that nobody watches: its own programs and properties, run without the checker. What is
 * performed is therefore what the checker explored, down to the shipped hypercall.
 *
 * Setting it up stores the initial memory, and nothing but words and the local states below changes afterwards that a
 * hypercall decides by: the host's frames all have their words at once, its counters and its last refusal are read by
 * nobody, and the number of requests done is its vCPU's own. So several of these, set up one after another over the same
 * words, each run by a thread of its own, are one machine.
 */
export class PlannedRun {
  readonly vcpus: number;
  private readonly plan: StressPlan;
  private readonly parts: ModelParts;
  private readonly locals: LocalState[] = [];
  private readonly performed: number[] = [];
  private readonly answers: string[][] = [];

  constructor(plan: StressPlan, allocate: WordsAllocator) {
    this.plan = plan;
    this.parts = stressModel(plan).setup({ allocate });
    this.vcpus = this.parts.programs.length;
    for (let vcpu = 0; vcpu < this.vcpus; vcpu++) this.restart(vcpu);
  }

  /** Takes a vCPU back to before its first operation. Memory is not this function's to put back. */
  restart(vcpu: number): void {
    this.locals[vcpu] = this.parts.programs[vcpu]!.start;
    this.performed[vcpu] = 0;
    this.answers[vcpu] = [];
  }

  /** Whether a vCPU has operations left. */
  hasNext(vcpu: number): boolean {
    return this.performed[vcpu]! < this.plan.choices[vcpu]!.length;
  }

  /** Performs the next operation of a vCPU, from its beginning to its end. */
  performNext(vcpu: number): void {
    const choice = this.plan.choices[vcpu]![this.performed[vcpu]!]!;
    const answers = this.answers[vcpu]!;
    let isChosen = false;
    const context: Context = {
      vcpu,
      // Which operation; then, wherever Xen asks, not to preempt it.
      choose: () => {
        const answer = isChosen ? 0 : choice;
        isChosen = true;
        return answer;
      },
      begin: () => {},
      note: (_label, _args, result) => answers.push(String(result ?? "nothing")),
    };
    const next = this.parts.programs[vcpu]!.step(this.locals[vcpu]!, context);
    this.performed[vcpu]!++;
    if (next !== done) this.locals[vcpu] = next;
  }

  /** What a vCPU remembers; the properties look at it. */
  local(vcpu: number): LocalState {
    return this.locals[vcpu]!;
  }

  /** What the operations of a vCPU answered since its restart. */
  results(vcpu: number): readonly string[] {
    return this.answers[vcpu]!;
  }

  /**
   * The properties that do not hold in memory as it stands, with nobody in an operation.
   *
   * @param locals - what each vCPU remembers, where others have run it. Default: as run here.
   */
  broken(locals: readonly LocalState[] = this.locals): BrokenProperty[] {
    const { programs } = this.parts;
    const view: StateView = {
      vcpus: this.vcpus,
      // Nobody has to know at which bits a property looks.
      bits: (_mask, look) => look(),
      vcpu: (index): VcpuView => ({
        program: programs[index]!.name,
        local: locals[index]!,
        resting: true,
        // The plan may end before the program does, so nobody is called done: `finally` is for those.
        done: false,
        operation: undefined,
      }),
    };
    return this.parts.properties
      .filter(({ kind }) => kind === "always" || kind === "quiescent")
      .filter((property) => !property.holds(view))
      .map((property) => ({
        property: propertyName(property.name),
        message: property.explain?.(view) ?? "it does not hold",
      }));
  }
}
