import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DOMID_SELF,
  type MemoryReservation,
  MMUEXT_NEW_BASEPTR,
  __HYPERVISOR_memory_op,
  __HYPERVISOR_mmu_update,
  __HYPERVISOR_mmuext_op,
  __HYPERVISOR_multicall,
  __HYPERVISOR_set_gdt,
  __HYPERVISOR_update_va_mapping,
  destroyDomain,
  dispatchHypercall,
  doMemoryOp,
  doMmuUpdate,
  doMmuextOp,
  doMulticall,
  doSetGdt,
  doUpdateVaMapping,
} from "../../src/index.ts";
import {
  BIG_RW,
  RW,
  type SmallGuest,
  allSchemes,
  build,
  expectClean,
  expectNothingLeft,
  ext,
  guestAt,
  mark,
  smallHost,
} from "../small-host.ts";

/*
 * A guest passes what it likes. The answer is a number; nothing throws, and every count stays right.
 */

const hostile = fc.oneof(
  fc.integer(),
  fc.integer({ min: -4, max: 40 }),
  fc.double(),
  fc.constantFrom(0, -0, -1, 2 ** 31, 2 ** 32 - 1, 2 ** 53, 1e300, Number.NaN, Infinity, -Infinity, DOMID_SELF),
);
const words = fc
  .array(
    fc.oneof(
      fc.integer(),
      fc.integer({ min: -2, max: 40 }),
      fc.integer({ min: 0, max: 40 }).map((f) => (f << 12) | 7),
    ),
    {
      maxLength: 24,
    },
  )
  .map((list) => Int32Array.from(list));
const thing: fc.Arbitrary<unknown> = fc.oneof(
  hostile,
  words,
  fc.constantFrom(
    undefined,
    null,
    true,
    "8",
    5n,
    Symbol.iterator,
    [],
    {},
    new Int32Array(0),
    new Float64Array(8),
    () => 1,
  ),
  fc.record(
    { extents: fc.oneof(words, fc.constant(undefined)), nrExtents: hostile, extentOrder: hostile, domid: hostile },
    { requiredKeys: [] },
  ),
  fc.record({
    in: fc.record({
      extents: words,
      nrExtents: fc.nat(3),
      extentOrder: fc.nat(2),
      domid: fc.constantFrom(DOMID_SELF, 1, 2, 0x7ff1),
    }),
    out: fc.record({ extents: words, nrExtents: fc.nat(3), extentOrder: fc.nat(2), domid: fc.constant(DOMID_SELF) }),
  }),
  fc.array(fc.anything(), { maxLength: 4 }),
  fc.anything(),
);
const hypercall = fc.oneof(
  fc.constantFrom(
    __HYPERVISOR_mmu_update,
    __HYPERVISOR_mmuext_op,
    __HYPERVISOR_update_va_mapping,
    __HYPERVISOR_set_gdt,
    __HYPERVISOR_memory_op,
    __HYPERVISOR_multicall,
  ),
  fc.integer({ min: -2, max: 50 }),
);
const calls = fc.array(fc.record({ op: hypercall, args: fc.array(thing, { maxLength: 5 }), result: fc.constant(0) }), {
  maxLength: 4,
});

/** A guest that already has something to break: a root over tables, a mark and a superpage entry. */
function busyGuest(scheme: (typeof allSchemes)[number]): { guest: SmallGuest; free: number } {
  const host = smallHost({ scheme });
  const free = host.freeFrames;
  const guest = guestAt(host, 1, 5, { privileged: true });
  guestAt(host, 6, 1);
  build(guest, 12, 0, 8, RW);
  build(guest, 13, 0, 12, RW);
  build(guest, 13, 1, 4, BIG_RW);
  build(guest, 14, 0, 13, RW);
  build(guest, 15, 0, 14, RW);
  if (scheme !== "per-frame" && !scheme.startsWith("rfc")) mark(guest.vcpu, 4);
  expect(ext(guest.vcpu, MMUEXT_NEW_BASEPTR, 15)).toBe(0);
  return { guest, free };
}

function expectAnswer(answer: unknown): void {
  if (typeof answer !== "number" || !Number.isInteger(answer) || answer < -200)
    expect(answer).toBe("an errno or a count");
}

describe.each(allSchemes)("under %s", (scheme) => {
  it("every hypercall with any arguments answers a number", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(hypercall, fc.array(thing, { maxLength: 6 }), calls), { maxLength: 12 }),
        (program) => {
          const { guest, free } = busyGuest(scheme);
          for (const [op, args, batch] of program) {
            expectAnswer(dispatchHypercall(guest.vcpu, op, args));
            expectAnswer(dispatchHypercall(guest.vcpu, __HYPERVISOR_multicall, [batch, batch.length]));
            for (const { result } of batch) expectAnswer(result);
            expectClean(guest.host);
          }
          for (const domain of guest.host.domains) {
            if (domain !== undefined && domain.maxFrames > 0) expect(destroyDomain(domain)).toBe(0);
          }
          expectNothingLeft(guest.host, free);
        },
      ),
      { numRuns: 60, seed: 2010 },
    );
  });

  it("every hypercall function with any numbers, and any words in guest memory, answers a number", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(words, hostile, hostile, hostile, hostile, hostile), { maxLength: 12 }),
        (program) => {
          const { guest, free } = busyGuest(scheme);
          const { vcpu } = guest;
          for (const [memory, a, b, c, d, e] of program) {
            for (const domid of [DOMID_SELF, b]) {
              expectAnswer(doMmuUpdate(vcpu, memory, a, domid));
              expectAnswer(doMmuextOp(vcpu, memory, a, domid));
            }
            expectAnswer(doSetGdt(vcpu, memory, a));
            expectAnswer(doUpdateVaMapping(vcpu, a, b, c, d, e));
            const list: MemoryReservation = { extents: memory, nrExtents: b, extentOrder: c, domid: d };
            for (const command of [0, 1, 6, 11, a]) expectAnswer(doMemoryOp(vcpu, command, list));
            for (const command of [0, 1, 6]) {
              expectAnswer(
                doMemoryOp(vcpu, command, { extents: memory, nrExtents: 1, extentOrder: 0, domid: DOMID_SELF }),
              );
            }
            expectAnswer(doMulticall(vcpu, undefined as never, a));
            expectClean(guest.host);
          }
          for (const domain of guest.host.domains) {
            if (domain !== undefined && domain.maxFrames > 0) expect(destroyDomain(domain)).toBe(0);
          }
          expectNothingLeft(guest.host, free);
        },
      ),
      { numRuns: 60, seed: 2010 },
    );
  });
});
