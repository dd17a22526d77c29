import { type Context, done, type LocalState, type Model, type Program, type Property } from "@xsp/checker";
import {
  type Advisory,
  audit,
  DOMID_SELF,
  doMmuextOp,
  doMmuUpdate,
  MMUEXT_PIN_L2_TABLE,
  MMUEXT_PIN_L3_TABLE,
  MMUEXT_UNPIN_TABLE,
  pteLo,
} from "@xsp/hypervisor";
import { buildPreemptionMachine, type PreemptionMachine } from "./preemption-machine.ts";
import { resultName } from "./superpage-properties.ts";

/*
 * Hypercalls that are preempted anywhere, and what the domain's other vCPU does before they go on.
 *
 *   vCPU 0   pin-l3 ──► preempted? ──► preempted? ──► … done      every sequence of operations
 *                          │ yes
 *   vCPU 1                 └─► nothing, or any operation          whole hypercalls, only here
 *
 * Where Xen asks whether to be preempted, the checker answers both ways, and at each continuation it tries every
 * operation. So this explores what can come between the parts of a preempted hypercall, exhaustively; what can come
 * between two accesses is the business of other models. Both vCPUs' calls run as one program: nobody else is there.
 */

/** What the preemption model explores. */
export interface PreemptionModelOptions {
  /** What both vCPUs choose from. */
  readonly operations: readonly PreemptionOperation[];
  /** How many operations the first vCPU performs. */
  readonly steps: number;
  /** How many operations the second vCPU performs, at most, while the first is preempted. */
  readonly meanwhile: number;
  /** How often one hypercall is preempted, at most. */
  readonly preemptions: number;
  readonly unfixed?: readonly Advisory[];
}

/** One operation, by name. */
type PreemptionOperation = "pin-l3" | "unpin-l3" | "pin-l2" | "unpin-l2" | "map-l2-rw" | "unmap-l2";

type Run = (machine: PreemptionMachine, vcpu: number) => number;

const extended =
  (command: number, table: "l3" | "l2"): Run =>
  (machine, vcpu) =>
    doMmuextOp(machine.vcpus[vcpu]!, Int32Array.of(command, 0, machine[table], 0, 0, 0), 1, DOMID_SELF);

const mapped =
  (flags: number): Run =>
  (machine, vcpu) =>
    doMmuUpdate(
      machine.vcpus[vcpu]!,
      Int32Array.of(machine.data << 12, 0, flags === 0 ? 0 : pteLo(machine.l2, flags), 0),
      1,
      DOMID_SELF,
    );

const runs: Readonly<Record<PreemptionOperation, Run>> = {
  "pin-l3": extended(MMUEXT_PIN_L3_TABLE, "l3"),
  "unpin-l3": extended(MMUEXT_UNPIN_TABLE, "l3"),
  "pin-l2": extended(MMUEXT_PIN_L2_TABLE, "l2"),
  "unpin-l2": extended(MMUEXT_UNPIN_TABLE, "l2"),
  "map-l2-rw": mapped(7),
  "unmap-l2": mapped(0),
};

/**
 * Every sequence of operations; the local state is how many are left to the first vCPU, and how many to the second.
 */
function program(machine: PreemptionMachine, options: PreemptionModelOptions): Program {
  const { operations } = options;
  const run = (vcpu: number, name: PreemptionOperation, context: Context): void => {
    const label = `vCPU ${vcpu}: ${name}`;
    context.begin(label);
    context.note(label, [], resultName(runs[name](machine, vcpu)));
  };
  return {
    name: "a guest with two vCPUs",
    start: [options.steps, options.meanwhile],
    step([steps = 0, others = 0]: LocalState, context) {
      if (steps === 0) return done;
      let left = others;
      let preemptions = options.preemptions;
      const first = operations[context.choose(operations.length)]!;
      machine.asked = () => {
        if (preemptions === 0 || context.choose(2) === 0) return false;
        preemptions--;
        context.note("preempted");
        return true;
      };
      machine.meanwhile = () => {
        const choice = left === 0 ? 0 : context.choose(operations.length + 1);
        if (choice === 0) return;
        left--;
        const { asked, meanwhile } = machine;
        machine.asked = () => false;
        machine.meanwhile = () => {};
        run(1, operations[choice - 1]!, context);
        context.begin(`vCPU 0 goes on: ${first}`);
        Object.assign(machine, { asked, meanwhile });
      };
      run(0, first, context);
      return [steps - 1, left];
    },
  };
}

// The bits of `type_info` and of an entry, spelled out so that a mistake in the hypervisor's own cannot hide itself.
const TYPE_COUNT = 0x7fffff;
const VALIDATED = 1 << 26;
const PRESENT_RW = 3;

function inUseAs(machine: PreemptionMachine, frame: number, level: number): boolean {
  const word = machine.host.type.load(frame);
  return word >>> 28 === level && (word & VALIDATED) !== 0 && (word & TYPE_COUNT) !== 0;
}

function properties(machine: PreemptionMachine): Property[] {
  const { host, l2, data } = machine;
  const writableTable = (): boolean => {
    if (!inUseAs(machine, l2, 2)) return false;
    const lo = host.memory.loadLo(data, 0);
    return (lo & PRESENT_RW) === PRESENT_RW && lo >>> 12 === l2 && inUseAs(machine, data, 1);
  };
  return [
    {
      kind: "always",
      name: "S1",
      holds: () => !writableTable(),
      explain: () => "the L2 table is validated and can be written through the data table",
    },
    {
      kind: "always",
      name: "S2",
      holds: () => host.underflows === 0,
      explain: () => `a reference on frame ${host.underflowFrame} was given back that nobody held`,
    },
    {
      kind: "quiescent",
      name: "S3",
      holds: () => audit(host).length === 0,
      explain: () => {
        const [first] = audit(host);
        if (first === undefined) return "";
        const { mfn: frame, word, found, expected, reason } = first;
        return `frame ${frame}: ${word} is ${found}, what exists implies ${expected} (${reason})`;
      },
    },
    {
      kind: "sometimes",
      name: "the L2 table is left partial",
      holds: () => (host.type.load(l2) & (1 << 24)) !== 0,
    },
  ];
}

/** A model of hypercalls on a small tree of tables, preempted anywhere. */
export function preemptionModel(name: string, options: PreemptionModelOptions): Model {
  const { operations, steps, meanwhile, preemptions, unfixed = [] } = options;
  return {
    name,
    options: { operations: operations.join(" "), steps, meanwhile, preemptions, unfixed: unfixed.join(" ") },
    setup(world) {
      const machine = buildPreemptionMachine(unfixed, world.allocate);
      return { programs: [program(machine, options)], properties: properties(machine) };
    },
  };
}
