import { type LocalState, type Model, type Program, type Property, done } from "@xsp/checker";
import { type Advisory, type Scheme, schemeByName } from "@xsp/hypervisor";
import { type SuperpageMachine, type SuperpageStart, buildSuperpageMachine } from "./superpage-machine.ts";
import { type SuperpageOperation, superpageOperations } from "./superpage-operations.ts";
import { resultName, superpageProperties } from "./superpage-properties.ts";

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
  /** Operations that each vCPU performs, at most. */
  readonly steps: number;
  /** Operations that the first vCPU has performed before the exploration begins. */
  readonly before?: readonly string[];
  readonly unfixed?: readonly Advisory[];
  readonly tlb?: boolean;
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
  return {
    name,
    options: {
      scheme: scheme.name,
      vcpus: options.vcpuDomains.join(""),
      order: options.order,
      start: options.start,
      steps: options.steps,
      tlb: options.tlb ?? false,
      unfixed: (options.unfixed ?? []).join(" "),
    },
    setup(world) {
      const machine = buildSuperpageMachine({
        scheme,
        vcpuDomains: options.vcpuDomains,
        order: options.order,
        start: options.start,
        unfixed: options.unfixed ?? [],
        tlb: options.tlb ?? false,
        allocate: world.allocate,
      });
      for (const before of options.before ?? []) operationByName(before).run(machine, 0);
      return {
        programs: lists.map((operations, vcpu) => sequenceProgram(machine, vcpu, operations, options.steps)),
        properties: [...superpageProperties(machine), ...witnesses(machine, lists.flat())],
      };
    },
  };
}

/** Every sequence of operations up to a length: the local state is how many are left. */
function sequenceProgram(
  machine: SuperpageMachine,
  vcpu: number,
  operations: readonly SuperpageOperation[],
  steps: number,
): Program {
  return {
    name: `vCPU ${vcpu} (d${machine.vcpus[vcpu]!.domain.domid})`,
    start: [steps],
    step([left = 0]: LocalState, context) {
      if (left === 0) return done;
      const operation = operations[context.choose(operations.length)]!;
      const argument = operation.argument === undefined ? [] : [operation.argument];
      context.begin(operation.label, ...argument);
      const rc = operation.run(machine, vcpu);
      context.note(operation.label, argument, resultName(rc));
      return operation.last === true ? [0] : [left - 1];
    },
  };
}

/** What must have happened somewhere, or nothing was examined. */
function witnesses(machine: SuperpageMachine, operations: readonly SuperpageOperation[]): Property[] {
  const { host } = machine;
  const labels = new Set(operations.map((operation) => operation.label));
  const sometimes = (name: string, holds: () => boolean): Property => ({ kind: "sometimes", name, holds });
  const list: Property[] = [];
  if (labels.has("map 2M RW")) {
    list.push(
      sometimes("a superpage is mapped writable", () =>
        machine.l2.some((table) => (host.memory.loadLo(table, 0) & 0x83) === 0x83),
      ),
    );
  }
  if (labels.has("pin as L1")) {
    list.push(
      sometimes("a frame of the superpage is a page table", () => {
        const word = host.type.load(machine.head + 1);
        const other = host.type.load(machine.head);
        return [word, other].some((type) => type >>> 28 === 1 && (type & 0x7fffff) !== 0);
      }),
    );
  }
  if (labels.has("mark") && host.scheme.marks) {
    list.push(sometimes("the superpage is marked", () => host.scheme.state(host, machine.head).marked));
  }
  return list;
}
