import {
  doMemoryOp,
  doMmuextOp,
  doMmuUpdate,
  doMulticall,
  doSetGdt,
  doUpdateVaMapping,
  type MemoryReservation,
  schemeNames,
  type Vcpu,
} from "@xsp/hypervisor";
import fc from "fast-check";
import { expect, test } from "vitest";
import { buildAdversaryMachine } from "../../src/adversary/adversary-machine.ts";
import { adversaryGeometries, isUnsoundAsPublished } from "../../src/adversary/geometry.ts";
import { auditViolation } from "../../src/adversary/violation.ts";

/** A register, and what is no register at all: the hypercalls must answer that too. */
const register = fc.oneof(
  fc.integer(),
  fc.nat(64),
  fc.constantFrom(0x7ff0, 0x7ff1, 0x7ff2, 0x7fffffff, -0x80000000, 0xffffffff, 2 ** 53, -1),
  fc.double(),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, 0.5),
);
const words = fc.array(fc.oneof(fc.integer(), fc.nat(4096)), { maxLength: 24 }).map((list) => Int32Array.from(list));
/** Memory that is not there. */
const memory = fc.oneof(words, words, words, fc.constantFrom(undefined, null, 7, "words", {}, []));
const count = fc.oneof(fc.nat(6), register);

const reservation = fc.record({ extents: memory, nrExtents: count, extentOrder: count, domid: register });

type Call = (vcpu: Vcpu) => number;

const call: fc.Arbitrary<Call> = fc.oneof(
  fc.tuple(memory, count, register).map(
    ([m, n, d]): Call =>
      (vcpu) =>
        doMmuUpdate(vcpu, m as Int32Array, n, d),
  ),
  fc.tuple(memory, count, register).map(
    ([m, n, d]): Call =>
      (vcpu) =>
        doMmuextOp(vcpu, m as Int32Array, n, d),
  ),
  fc.tuple(register, register, register, register, register).map(
    ([a, b, c, d, e]): Call =>
      (vcpu) =>
        doUpdateVaMapping(vcpu, a, b, c, d, e),
  ),
  fc.tuple(memory, count).map(
    ([m, n]): Call =>
      (vcpu) =>
        doSetGdt(vcpu, m as Int32Array, n),
  ),
  fc
    .tuple(
      fc.oneof(fc.constantFrom(0, 1, 6, 11), register),
      fc.oneof(reservation, fc.record({ in: reservation, out: reservation }), fc.constantFrom(null, undefined, 3)),
    )
    .map(
      ([cmd, what]): Call =>
        (vcpu) =>
          doMemoryOp(vcpu, cmd, what as MemoryReservation),
    ),
  fc
    .tuple(
      fc.oneof(
        fc.array(
          fc.oneof(
            fc.record({
              op: fc.oneof(fc.constantFrom(1, 2, 12, 13, 14, 26), register),
              args: fc.array(fc.oneof(memory, register, reservation), { maxLength: 6 }),
              result: fc.constant(0),
            }),
            fc.constantFrom(null, undefined, 5),
          ),
          { maxLength: 4 },
        ),
        fc.constantFrom(null, undefined, 5),
      ),
      count,
    )
    .map(
      ([list, n]): Call =>
        (vcpu) =>
          doMulticall(vcpu, list as Parameters<typeof doMulticall>[1], n),
    ),
);

test.each(schemeNames)(
  "every hypercall answers any argument words with an errno or a count, and never throws, under %s",
  (scheme) => {
    const options = { scheme, version: "xen-4.9", superpagesAllowed: true, ...adversaryGeometries.small };
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 20 }), (calls) => {
        const machine = buildAdversaryMachine(options);
        for (const [index, issue] of calls.entries()) {
          const guest = machine.guests[index % 2];
          const rc = guest === undefined ? Number.NaN : issue(guest.vcpu);
          expect(Number.isInteger(rc), `returned ${rc}`).toBe(true);
          expect(rc).toBeGreaterThanOrEqual(-4095);
        }
        if (!isUnsoundAsPublished(scheme)) expect(auditViolation(machine)).toBeUndefined();
      }),
      { numRuns: 300, seed: 20100413 },
    );
  },
);
