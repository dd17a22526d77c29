import { type LocalState, type Model, type ModelOptions, type Program, done } from "@xsp/checker";
import { type Advisory, type Scheme, schemeByName } from "@xsp/hypervisor";
import { earlierOperation } from "./earlier-operation.ts";
import { DomainPause, Paused } from "./domain-pause.ts";
import { PreemptionChoice } from "./preemption-choice.ts";
import { type SuperpageMachine, type SuperpageStart, buildSuperpageMachine } from "./superpage-machine.ts";
import { type SuperpageOperation, operationArguments, superpageOperations } from "./superpage-operations.ts";
import { resultName, superpageProperties } from "./superpage-properties.ts";
import { superpageWitnesses } from "./superpage-witnesses.ts";
import { UnmarkAtLast } from "./unmark-at-last.ts";

/** What a superpage model explores. */
export interface SuperpageModelOptions {
  /** Name of a scheme, or a scheme of one's own. */
  readonly scheme: string | Scheme;
  /** For each vCPU the domain it runs in. */
  readonly vcpuDomains: readonly number[];
  /** log2 of the frames in a superpage. */
  readonly order: number;
  /** How many superpages there are, all of domain 0. Default 1. */
  readonly superpages?: number;
  readonly start: SuperpageStart;
  /** Operations that each vCPU chooses from, by name; one list for all, or lists that vCPUs take in turn. */
  readonly operations: readonly string[] | readonly (readonly string[])[];
  /** How many operations a vCPU performs; one number for all, or one for each. */
  readonly steps: number | readonly number[];
  /** Operations performed on each superpage before the exploration begins: `mark`, or `mark by vCPU 1`. */
  readonly before?: readonly string[];
  readonly unfixed?: readonly Advisory[];
  /** See the machine's option of this name. */
  readonly tableOrder?: number;
  readonly tlb?: boolean;
  /** How often each operation may be preempted, wherever Xen asks. Default 0. */
  readonly preemptions?: number;
  /** Whether in the end all entries are unmapped and the superpage is unmarked: what S6 says of that is checked. */
  readonly unmarksAtLast?: boolean;
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

/** For each vCPU the names of what it chooses from. */
export function operationLists(
  options: Pick<SuperpageModelOptions, "vcpuDomains" | "operations">,
): readonly (readonly string[])[] {
  const { vcpuDomains, operations } = options;
  const lists = typeof operations[0] === "string" ? [operations as readonly string[]] : operations;
  return vcpuDomains.map((_, vcpu) => lists[vcpu % lists.length] as readonly string[]);
}

/** The options of a model that stand in its tokens. Where there is one superpage, nothing is said of superpages. */
export function tokenOptions(
  options: Omit<SuperpageModelOptions, "scheme"> & { readonly scheme: string },
): ModelOptions {
  const { scheme, vcpuDomains, superpages = 1, order, start, steps, tlb = false, unfixed = [] } = options;
  const { preemptions = 0 } = options;
  return {
    scheme,
    vcpus: vcpuDomains.join(""),
    ...(superpages === 1 ? {} : { superpages }),
    order,
    start,
    steps: typeof steps === "number" ? steps : steps.join(" "),
    tlb,
    unfixed: unfixed.join(" "),
    ...(preemptions === 0 ? {} : { preemptions }),
  };
}

/**
 * A model in which each vCPU performs every sequence of operations up to a length, each on a superpage of its choice.
 *
 * @throws RangeError for an unknown scheme or operation.
 */
export function superpageModel(name: string, options: SuperpageModelOptions): Model {
  const scheme = typeof options.scheme === "string" ? schemeByName(options.scheme) : options.scheme;
  const lists = operationLists(options).map((names) => names.map(operationByName));
  const before = (options.before ?? [])
    .map(earlierOperation)
    .map(({ name: earlier, vcpu }) => ({ operation: operationByName(earlier), vcpu }));
  if (options.unmarksAtLast === true && (options.preemptions ?? 0) > 0) {
    throw new RangeError("preemptions: what a model unmarks at last is not preempted, expected 0");
  }
  const pausesFirst = lists.flat().some((operation) => operation.pausesFirst === true);
  const preemptions = options.preemptions ?? 0;
  const settled = lists.flat().every(({ movesFrames }) => movesFrames !== true);
  return {
    name,
    options: tokenOptions({ ...options, scheme: scheme.name }),
    setup(world) {
      const preemption = new PreemptionChoice(preemptions);
      const pause = pausesFirst ? new DomainPause(world.allocate) : undefined;
      const machine = buildSuperpageMachine({
        scheme,
        vcpuDomains: options.vcpuDomains,
        order: options.order,
        superpages: options.superpages ?? 1,
        start: options.start,
        unfixed: options.unfixed ?? [],
        tlb: options.tlb ?? false,
        privileged: options.privileged ?? false,
        ...(options.tableOrder === undefined ? {} : { tableOrder: options.tableOrder }),
        allocate: world.allocate,
        preempt: preemption.preempt,
        continued: (vcpu) => {
          if (pause === undefined || vcpu.domain !== machine.domains[0] || !preemption.isRunning(vcpu)) return;
          pause.leave();
          if (!pause.enter()) throw new Paused();
        },
      });
      for (const { operation, vcpu } of before) {
        for (const superpage of superpagesOf(machine, operation)) operation.run(machine, vcpu, superpage);
      }
      const atLast = options.unmarksAtLast === true ? new UnmarkAtLast(machine, world.allocate) : undefined;
      return {
        programs: lists.map((operations, vcpu) => {
          const steps = typeof options.steps === "number" ? options.steps : options.steps[vcpu]!;
          const foreign = settled && options.vcpuDomains[vcpu] !== 0;
          const program = sequenceProgram({ machine, vcpu, operations, steps, foreign, preemption, pause });
          return atLast?.after(program, vcpu) ?? program;
        }),
        properties: [
          ...superpageProperties(machine, pause === undefined),
          ...(atLast === undefined ? [] : [atLast.property()]),
          ...superpageWitnesses(
            machine,
            lists.flat(),
            before.map(({ operation }) => operation),
            preemptions,
            atLast !== undefined,
          ),
        ],
      };
    },
  };
}

/** The superpages that an operation can be performed on; for one that is about none in particular any one. */
function superpagesOf(machine: SuperpageMachine, operation: SuperpageOperation): readonly number[] {
  return operation.everywhere === true ? [0] : [...machine.heads.keys()];
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
  const ways = operations.flatMap((operation) =>
    superpagesOf(machine, operation).map((superpage) => ({
      operation,
      superpage,
      named: operationArguments(operation, machine, superpage),
    })),
  );
  return {
    name: `d${machine.vcpus[vcpu]!.domain.domid}`,
    start: [steps],
    step([left = 0, trespassed = 0]: LocalState, context) {
      if (left === 0) return done;
      const { operation, superpage, named } = ways[context.choose(ways.length)]!;
      context.begin(operation.label, ...named);
      preemption.begin(context, machine.vcpus[vcpu]!);
      if (paused?.enter() === false) return done;
      if (operation.pausesFirst === true) pause?.pause();
      let rc: number;
      try {
        rc = operation.run(machine, vcpu, superpage);
      } catch (error) {
        // Preempted and never continued. The checker's own throws go on.
        if (error instanceof Paused) return done;
        throw error;
      }
      paused?.leave();
      context.note(operation.label, named, resultName(rc));
      const next = operation.last === true ? 0 : left - 1;
      const trespasses = foreign && operation.accounts === true && rc === 0;
      return trespassed === 1 || trespasses ? [next, 1] : [next];
    },
  };
}
