import { type LocalState, type Model, type Program, done } from "@xsp/checker";
import { type Advisory, type Scheme, schemeByName } from "@xsp/hypervisor";
import { DomainPause, Paused } from "./domain-pause.ts";
import { PreemptionChoice } from "./preemption-choice.ts";
import { type SuperpageMachine, type SuperpageStart, buildSuperpageMachine } from "./superpage-machine.ts";
import { type SuperpageOperation, superpageOperations } from "./superpage-operations.ts";
import { resultName, superpageProperties } from "./superpage-properties.ts";
import { superpageWitnesses } from "./superpage-witnesses.ts";

/** What a superpage model explores. */
export interface SuperpageModelOptions {
  /** Name of a scheme, or a scheme of one's own. */
  readonly scheme: string | Scheme;
  /** For each vCPU the domain it runs in. */
  readonly vcpuDomains: readonly number[];
  /** log2 of the frames in the superpage. */
  readonly order: number;
  readonly start: SuperpageStart;
  /** Operations that each vCPU chooses from, by name; one list for all, or one for each vCPU. */
  readonly operations: readonly string[] | readonly (readonly string[])[];
  /** How many operations a vCPU performs; one number for all, or one for each. */
  readonly steps: number | readonly number[];
  /** Operations that the first vCPU has performed before the exploration begins. */
  readonly before?: readonly string[];
  readonly unfixed?: readonly Advisory[];
  /** See the machine's option of this name. */
  readonly tableOrder?: number;
  readonly tlb?: boolean;
  /** How often each operation may be preempted, wherever Xen asks. Default 0. */
  readonly preemptions?: number;
  /** Whether the domains after the first may act on others, as dom0 may. */
  readonly privileged?: boolean;
}

function operationByName(name: string): SuperpageOperation {
  const operation = superpageOperations[name];
  if (operation === undefined) {
    throw new RangeError(`operation: "${name}" given, expected some of ${Object.keys(superpageOperations).join(", ")}`);
  }
  return operation;
}

/**
 * A model in which each vCPU performs every sequence of operations up to a length, on one superpage.
 *
 * @throws RangeError for an unknown scheme or operation.
 */
export function superpageModel(name: string, options: SuperpageModelOptions): Model {
  const scheme = typeof options.scheme === "string" ? schemeByName(options.scheme) : options.scheme;
  const lists = options.vcpuDomains.map((_, vcpu) => {
    const [first] = options.operations;
    const names = typeof first === "string" ? options.operations : options.operations[vcpu];
    return (names as readonly string[]).map(operationByName);
  });
  const before = (options.before ?? []).map(operationByName);
  const pausesFirst = lists.flat().some((operation) => operation.pausesFirst === true);
  const preemptions = options.preemptions ?? 0;
  const settled = lists.flat().every(({ movesFrames }) => movesFrames !== true);
  return {
    name,
    options: {
      scheme: scheme.name,
      vcpus: options.vcpuDomains.join(""),
      order: options.order,
      start: options.start,
      steps: typeof options.steps === "number" ? options.steps : options.steps.join(" "),
      tlb: options.tlb ?? false,
      unfixed: (options.unfixed ?? []).join(" "),
      ...(preemptions > 0 ? { preemptions } : {}),
    },
    setup(world) {
      const preemption = new PreemptionChoice(preemptions);
      const pause = pausesFirst ? new DomainPause(world.allocate) : undefined;
      const machine = buildSuperpageMachine({
        scheme,
        vcpuDomains: options.vcpuDomains,
        order: options.order,
        start: options.start,
        unfixed: options.unfixed ?? [],
        tlb: options.tlb ?? false,
        privileged: options.privileged ?? false,
        tableOrder: options.tableOrder ?? Math.max(1, options.order),
        allocate: world.allocate,
        preempt: preemption.preempt,
        continued: (vcpu) => {
          if (pause === undefined || vcpu.domain !== machine.domains[0] || !preemption.isRunning(vcpu)) return;
          pause.leave();
          if (!pause.enter()) throw new Paused();
        },
      });
      for (const operation of before) operation.run(machine, 0);
      return {
        programs: lists.map((operations, vcpu) => {
          const steps = typeof options.steps === "number" ? options.steps : options.steps[vcpu]!;
          const foreign = settled && options.vcpuDomains[vcpu] !== 0;
          return sequenceProgram({ machine, vcpu, operations, steps, foreign, preemption, pause });
        }),
        properties: [
          ...superpageProperties(machine),
          ...superpageWitnesses(machine, lists.flat(), before, preemptions),
        ],
      };
    },
  };
}

/** What a vCPU's program is made of. */
interface SequenceParts {
  readonly machine: SuperpageMachine;
  readonly vcpu: number;
  readonly operations: readonly SuperpageOperation[];
  readonly steps: number;
  /** Whether the superpage is another domain's for good. */
  readonly foreign: boolean;
  readonly preemption: PreemptionChoice;
  /** Where some operation pauses the first domain. */
  readonly pause: DomainPause | undefined;
}

/**
 * Every sequence of operations up to a length: the local state is how many are left, and a 1 behind it once the vCPU
 * has changed the accounting of a superpage that is another domain's for good.
 */
function sequenceProgram({ machine, vcpu, operations, steps, foreign, preemption, pause }: SequenceParts): Program {
  const paused = machine.vcpus[vcpu]!.domain === machine.domains[0] ? pause : undefined;
  return {
    name: `d${machine.vcpus[vcpu]!.domain.domid}`,
    start: [steps],
    step([left = 0, trespassed = 0]: LocalState, context) {
      if (left === 0) return done;
      const operation = operations[context.choose(operations.length)]!;
      const argument = operation.argument === undefined ? [] : [operation.argument];
      context.begin(operation.label, ...argument);
      preemption.begin(context, machine.vcpus[vcpu]!);
      if (paused?.enter() === false) return done;
      if (operation.pausesFirst === true) pause?.pause();
      let rc: number;
      try {
        rc = operation.run(machine, vcpu);
      } catch (error) {
        // Preempted and never continued. The checker's own throws go on.
        if (error instanceof Paused) return done;
        throw error;
      }
      paused?.leave();
      context.note(operation.label, argument, resultName(rc));
      const next = operation.last === true ? 0 : left - 1;
      const trespasses = foreign && operation.accounts === true && rc === 0;
      return trespassed === 1 || trespasses ? [next, 1] : [next];
    },
  };
}
