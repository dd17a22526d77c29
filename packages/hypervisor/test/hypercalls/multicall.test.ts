import { describe, expect, it } from "vitest";
import {
  DOMID_SELF,
  EBUSY,
  EFAULT,
  EINVAL,
  ENOSYS,
  type MulticallEntry,
  __HYPERVISOR_memory_op,
  __HYPERVISOR_mmu_update,
  __HYPERVISOR_mmuext_op,
  __HYPERVISOR_multicall,
  __HYPERVISOR_set_gdt,
  __HYPERVISOR_update_va_mapping,
  dispatchHypercall,
  doMulticall,
} from "../../src/index.ts";
import { RO, RW, expectClean, frameState, oneGuest, operation, request } from "../small-host.ts";

const call = (op: number, ...args: unknown[]): MulticallEntry => ({ op, args, result: 12_345 });

describe("a multicall", () => {
  it("makes each call and gives each its own result, errors included", () => {
    const { host, vcpu } = oneGuest();
    const update = (frame: number, flags: number): MulticallEntry =>
      call(__HYPERVISOR_mmu_update, Int32Array.from(request(8, 0, frame, flags)), 1, DOMID_SELF);
    const calls = [
      call(__HYPERVISOR_mmuext_op, Int32Array.from(operation(0, 8)), 1, DOMID_SELF),
      update(8, RW),
      update(9, RO),
      call(__HYPERVISOR_set_gdt, Int32Array.of(8), 1),
      call(__HYPERVISOR_update_va_mapping, 0, 0, 0, 0, 0),
      call(__HYPERVISOR_memory_op, 1, { extents: Int32Array.of(10), nrExtents: 1, extentOrder: 0, domid: DOMID_SELF }),
      call(999),
      call(__HYPERVISOR_multicall, [], 0),
      call(__HYPERVISOR_mmuext_op, Int32Array.from(operation(4, 8)), 1, DOMID_SELF),
    ];
    expect(doMulticall(vcpu, calls, calls.length)).toBe(0);
    expect(calls.map(({ result }) => result)).toEqual([0, -EBUSY, 0, -EINVAL, -EINVAL, 1, -ENOSYS, -ENOSYS, 0]);
    expect([frameState(host, 8)[1], frameState(host, 9)[3]]).toEqual([0, 1]);
    expect([host.perf.hypercalls, host.perf.multicallEntries]).toEqual([1, 9]);
    expectClean(host);
  });

  it("faults where its list ends; the calls before are made", () => {
    const { vcpu } = oneGuest();
    const calls = [call(__HYPERVISOR_mmuext_op, Int32Array.from(operation(0, 8)), 1, DOMID_SELF)];
    expect(doMulticall(vcpu, calls, 2)).toBe(-EFAULT);
    expect(calls[0]?.result).toBe(0);
  });

  it("of no calls does nothing", () => {
    expect(doMulticall(oneGuest().vcpu, [], 0)).toBe(0);
  });
});

it.each([0, 3, 31, -1, Number.NaN, 2 ** 40])("hypercall %d is unknown", (op) => {
  expect(dispatchHypercall(oneGuest().vcpu, op, [])).toBe(-ENOSYS);
});
