import { doMmuextOp, doMmuUpdate, doUpdateVaMapping, UVMF_INVLPG, type Vcpu } from "@xsp/hypervisor";
import type { Word64 } from "../trace/word64.ts";

/** The hypercalls that take one request, with 64-bit words as arguments. The request buffers are reused. */
export class WordHypercalls {
  private readonly request = new Int32Array(4);
  private readonly command = new Int32Array(6);

  /** `mmuext_op` with one command. */
  extended(vcpu: Vcpu, cmd: number, arg1: Word64, arg2: Word64, domid: number): number {
    const { command } = this;
    command[0] = cmd;
    command[1] = 0;
    command[2] = arg1.lo;
    command[3] = arg1.hi;
    command[4] = arg2.lo;
    command[5] = arg2.hi;
    return doMmuextOp(vcpu, command, 1, domid);
  }

  /** `mmu_update` with one request. */
  update(vcpu: Vcpu, address: Word64, value: Word64, domid: number): number {
    const { request } = this;
    request[0] = address.lo;
    request[1] = address.hi;
    request[2] = value.lo;
    request[3] = value.hi;
    return doMmuUpdate(vcpu, request, 1, domid);
  }

  /** `update_va_mapping` with a flush of the address. */
  updateVa(vcpu: Vcpu, va: Word64, value: Word64): number {
    return doUpdateVaMapping(vcpu, va.lo, va.hi, value.lo, value.hi, UVMF_INVLPG);
  }
}
