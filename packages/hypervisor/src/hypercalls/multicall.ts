import { EFAULT, ENOSYS } from "../errno.ts";
import type { Vcpu } from "../host.ts";
import {
  __HYPERVISOR_memory_op,
  __HYPERVISOR_mmu_update,
  __HYPERVISOR_mmuext_op,
  __HYPERVISOR_multicall,
  __HYPERVISOR_set_gdt,
  __HYPERVISOR_update_va_mapping,
} from "./hypercall-numbers.ts";
import { continueHypercall, numberArgument } from "./hypercall-arguments.ts";
import { memoryOp } from "./memory-op.ts";
import { mmuUpdate } from "./mmu-update.ts";
import { mmuextOp } from "./mmuext-op.ts";
import { setGdt } from "./set-gdt.ts";
import { updateVaMapping } from "./update-va-mapping.ts";

/** One call of a multicall. */
export interface MulticallEntry {
  /** Hypercall number. */
  op: number;
  /** Its arguments, as of the `do…` function after the vCPU. */
  args: readonly unknown[];
  /** What it returned. */
  result: number;
}

/**
 * Calls a hypercall by its number, as the entry stub does: any arguments.
 *
 * @returns what it returns; −ENOSYS for an unknown number.
 */
export function dispatchHypercall(vcpu: Vcpu, op: number, args: readonly unknown[]): number {
  switch (op) {
    case __HYPERVISOR_mmu_update:
      return mmuUpdate(vcpu, args[0], numberArgument(args[1]), numberArgument(args[2]));
    case __HYPERVISOR_set_gdt:
      return setGdt(vcpu, args[0], numberArgument(args[1]));
    case __HYPERVISOR_memory_op:
      return memoryOp(vcpu, numberArgument(args[0]), args[1]);
    case __HYPERVISOR_multicall:
      return multicall(vcpu, args[0], numberArgument(args[1]));
    case __HYPERVISOR_update_va_mapping:
      return updateVaMapping(
        vcpu,
        numberArgument(args[0]),
        numberArgument(args[1]),
        numberArgument(args[2]),
        numberArgument(args[3]),
        numberArgument(args[4]),
      );
    case __HYPERVISOR_mmuext_op:
      return mmuextOp(vcpu, args[0], numberArgument(args[1]), numberArgument(args[2]));
    default:
      return -ENOSYS;
  }
}

/**
 * `multicall`: a batch of hypercalls in one entry into Xen; each gets its own result.
 *
 * @returns 0, or −EFAULT when the list is shorter than `count`. The calls' own errors are in their results. A multicall
 * inside a multicall is answered ENOSYS.
 *
 * Source: `public/xen.h`; Models: do_multicall @ Xen 4.9. Cost: that of the calls.
 */
export function multicall(vcpu: Vcpu, calls: unknown, count: number): number {
  const total = count >>> 0;
  if (!Array.isArray(calls)) return -EFAULT;
  for (let i = 0; i < total; i++) {
    if (i > 0 && vcpu.host.preempt(vcpu)) continueHypercall(vcpu);
    const entry = calls[i] as Partial<MulticallEntry> | null | undefined;
    if (typeof entry !== "object" || entry === null || !Array.isArray(entry.args)) return -EFAULT;
    vcpu.host.perf.multicallEntries++;
    entry.result =
      entry.op === __HYPERVISOR_multicall ? -ENOSYS : dispatchHypercall(vcpu, numberArgument(entry.op), entry.args);
  }
  return 0;
}
