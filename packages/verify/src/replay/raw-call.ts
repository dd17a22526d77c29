import {
  clearBitsInPageTable,
  doMemoryOp,
  doMmuextOp,
  doMmuUpdate,
  doMulticall,
  doSetGdt,
  doUpdateVaMapping,
  type MemoryReservation,
  mfn,
  storeToFrame,
  storeToPageTable,
  touch,
  type Vcpu,
} from "@xsp/hypervisor";
import type { RawArgument, RawCall } from "../trace/trace-operation.ts";
import type { Answer } from "./operation-player.ts";

/** A hypercall given its arguments word for word, whatever they are. */
type Call = (vcpu: Vcpu, args: readonly RawArgument[]) => number;

const calls: Readonly<Record<string, Call>> = {
  mmu_update: (vcpu, [words, count, domid]) => doMmuUpdate(vcpu, memory(words), number(count), number(domid)),
  mmuext_op: (vcpu, [words, count, domid]) => doMmuextOp(vcpu, memory(words), number(count), number(domid)),
  update_va_mapping: (vcpu, [vaLo, vaHi, valLo, valHi, flags]) =>
    doUpdateVaMapping(vcpu, number(vaLo), number(vaHi), number(valLo), number(valHi), number(flags)),
  set_gdt: (vcpu, [frames, entries]) => doSetGdt(vcpu, memory(frames), number(entries)),
  memory_op: (vcpu, [command, ...rest]) => memoryOp(vcpu, number(command), rest),
  multicall: (vcpu, [list, count]) => {
    const entries = (Array.isArray(list) ? (list as readonly RawArgument[]) : []).map((entry) => {
      const [op, ...args] = Array.isArray(entry) ? (entry as readonly RawArgument[]) : [entry];
      return { op: number(op), args: args.map((arg) => (Array.isArray(arg) ? memory(arg) : number(arg))), result: 0 };
    });
    return doMulticall(vcpu, entries, number(count));
  },
  // What a CPU does, not hypercalls: 1 when it happened, 0 on a page fault.
  store: (vcpu, [frame, entry, lo, hi]) =>
    storeToFrame(vcpu, mfn(number(frame)), number(entry), number(lo), number(hi)) ? 1 : 0,
  // To a frame that may be an L1 table in use: then it is emulated.
  ptstore: (vcpu, [frame, entry, lo, hi]) =>
    storeToPageTable(vcpu, mfn(number(frame)), number(entry), number(lo), number(hi)) ? 1 : 0,
  ptclear: (vcpu, [frame, entry, bits]) =>
    clearBitsInPageTable(vcpu, mfn(number(frame)), number(entry), number(bits)) ? 1 : 0,
  touch: (vcpu, [vaLo, vaHi, write]) => (touch(vcpu, number(vaLo), number(vaHi), write === 1) ? 1 : 0),
};

/**
 * Runs a hypercall with the arguments that stand in a trace.
 *
 * @throws RangeError when the trace names no hypercall.
 */
export function playRawCall(vcpu: Vcpu, operation: RawCall, answer: Answer): number {
  const call = calls[operation.call];
  if (call === undefined) {
    throw new RangeError(
      `operation ${operation.i}: no call "${operation.call}", expected one of ${Object.keys(calls).join(", ")}`,
    );
  }
  const rc = call(vcpu, operation.args);
  answer.done = vcpu.done;
  return rc;
}

function memoryOp(vcpu: Vcpu, command: number, args: readonly RawArgument[]): number {
  const first = reservation(args);
  if (args.length <= 4) return doMemoryOp(vcpu, command, first);
  return doMemoryOp(vcpu, command, { in: first, out: reservation(args.slice(4)) });
}

function reservation([extents, nrExtents, extentOrder, domid]: readonly RawArgument[]): MemoryReservation {
  return {
    extents: memory(extents),
    nrExtents: number(nrExtents),
    extentOrder: number(extentOrder),
    domid: number(domid),
  };
}

/** Words of guest memory. */
function memory(argument: RawArgument | undefined): Int32Array {
  return Int32Array.from(Array.isArray(argument) ? (argument as readonly RawArgument[]) : [], number);
}

/** A register. JSON has no notation for NaN and the infinities: they stand there as text. */
function number(argument: RawArgument | undefined): number {
  return typeof argument === "number" ? argument : Number(argument ?? 0);
}
