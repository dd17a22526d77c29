import type { Vcpu } from "../host.ts";
import { type MemoryExchange, type MemoryReservation, memoryOp } from "./memory-op.ts";
import { numberArgument } from "./hypercall-arguments.ts";
import { mmuUpdate } from "./mmu-update.ts";
import { mmuextOp } from "./mmuext-op.ts";
import { type MulticallEntry, multicall } from "./multicall.ts";
import { setGdt } from "./set-gdt.ts";
import { updateVaMapping } from "./update-va-mapping.ts";

/*
 * The hypercalls as a guest makes them: each is one entry into Xen. See the functions they call for arguments, errors
 * and sources.
 */

/** {@link mmuUpdate} as one entry into Xen. */
export function doMmuUpdate(vcpu: Vcpu, requests: Int32Array, count: number, foreigndom: number): number {
  vcpu.host.perf.hypercalls++;
  return mmuUpdate(vcpu, requests, numberArgument(count), numberArgument(foreigndom));
}

/** {@link mmuextOp} as one entry into Xen. */
export function doMmuextOp(vcpu: Vcpu, ops: Int32Array, count: number, foreigndom: number): number {
  vcpu.host.perf.hypercalls++;
  return mmuextOp(vcpu, ops, numberArgument(count), numberArgument(foreigndom));
}

/** {@link updateVaMapping} as one entry into Xen. */
export function doUpdateVaMapping(
  vcpu: Vcpu,
  vaLo: number,
  vaHi: number,
  valLo: number,
  valHi: number,
  flags: number,
): number {
  vcpu.host.perf.hypercalls++;
  const va = [numberArgument(vaLo), numberArgument(vaHi)] as const;
  const value = [numberArgument(valLo), numberArgument(valHi)] as const;
  return updateVaMapping(vcpu, ...va, ...value, numberArgument(flags));
}

/** {@link multicall} as one entry into Xen. */
export function doMulticall(vcpu: Vcpu, calls: readonly MulticallEntry[], count: number): number {
  vcpu.host.perf.hypercalls++;
  return multicall(vcpu, calls, numberArgument(count));
}

/** {@link memoryOp} as one entry into Xen. */
export function doMemoryOp(vcpu: Vcpu, command: number, argument: MemoryReservation | MemoryExchange): number {
  vcpu.host.perf.hypercalls++;
  return memoryOp(vcpu, numberArgument(command), argument);
}

/** {@link setGdt} as one entry into Xen. */
export function doSetGdt(vcpu: Vcpu, frames: Int32Array, entries: number): number {
  vcpu.host.perf.hypercalls++;
  return setGdt(vcpu, frames, numberArgument(entries));
}
