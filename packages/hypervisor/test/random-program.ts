import fc from "fast-check";
import {
  DOMID_SELF,
  MMUEXT_CLEAR_PAGE,
  MMUEXT_COPY_PAGE,
  MMUEXT_NEW_BASEPTR,
  MMUEXT_NEW_USER_BASEPTR,
  MMUEXT_TLB_FLUSH_LOCAL,
  XENMEM_decrease_reservation,
  XENMEM_exchange,
  XENMEM_populate_physmap,
  doMemoryOp,
  doMmuUpdate,
  doSetGdt,
  doUpdateVaMapping,
  pteHi,
  pteLo,
  touch,
} from "../src/index.ts";
import {
  BIG_RO,
  BIG_RW,
  RO,
  RW,
  type SmallGuest,
  ext,
  liveEntries,
  mark,
  pin,
  request,
  unmark,
  unpin,
  update,
} from "./small-host.ts";

/*
 * Random programs of hypercalls by hostile guests. Frames are named relative to the guest's first one, so that a
 * program means the same whoever runs it; numbers beyond its own frames reach those of the other guest, of Xen and of
 * nobody.
 */

export type Step = readonly [who: number, what: (typeof KINDS)[number], a: number, b: number, c: number, flags: number];

const KINDS = [
  "update",
  "update",
  "update",
  "update",
  "pin",
  "pin",
  "unpin",
  "map",
  "map",
  "unmap",
  "mark",
  "unmark",
  "base",
  "user base",
  "gdt",
  "batch",
  "clear",
  "copy",
  "release",
  "populate",
  "exchange",
  "va",
  "touch",
  "flush",
] as const;

/** How often a property is tried: the same programs each time, or more and others when `XSP_RUNS` says how many times more. */
export function tries(numRuns: number): fc.Parameters<unknown> {
  const more = Number(process.env["XSP_RUNS"] ?? 0);
  return more > 0 ? { numRuns: numRuns * more } : { numRuns, seed: 2010 };
}

/** Frames relative to the guest's first: its last four are its favourite tables. */
const frame = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 8, max: 11 }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 11 }) },
  { weight: 1, arbitrary: fc.integer({ min: -8, max: 40 }) },
);

/** Programs of up to `maxLength` steps by two guests. */
export function programs(maxLength: number): fc.Arbitrary<Step[]> {
  return fc.array(
    fc.tuple(
      fc.nat(1),
      fc.constantFrom(...KINDS),
      frame,
      frame,
      fc.nat(3),
      fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom(0, RO, RW, RO, RW, BIG_RO, BIG_RW, 0x01, 0x27) },
        { weight: 1, arbitrary: fc.nat(0xff_ffff) },
      ),
    ),
    { maxLength, size: "max" },
  );
}

/** Whether superpages may be marked and unmarked at any time, or only by their owner while no entry maps them. */
export type Marking = "any" | "unmapped";

/** Runs one step and answers what the hypercall returned. */
export function runStep(guests: readonly SmallGuest[], step: Step, marking: Marking): number {
  const [who, what, a, b, c, flags] = step;
  const guest = guests.at(who % guests.length) as SmallGuest;
  const { vcpu, start, size, host } = guest;
  const x = start + a;
  const y = start + b;
  const slot = c % host.memory.entries;
  const head = x - (x % size);
  switch (what) {
    case "update":
      return update(vcpu, x, slot, y, flags, c === 3 ? 2 : 0);
    case "pin":
      return pin(vcpu, c + 1, x);
    case "unpin":
      return unpin(vcpu, x);
    case "map":
      return update(vcpu, y, slot, head, (flags & 2) === 0 ? BIG_RO : BIG_RW);
    case "unmap":
      return update(vcpu, y, slot, 0, 0);
    case "mark":
    case "unmark": {
      if (marking === "unmapped") {
        const [writers, readers] = liveEntries(host, head);
        const own = head >= start && head < start + 3 * size;
        if (!own || writers + readers > 0) return 0;
      }
      return what === "mark" ? mark(vcpu, head) : unmark(vcpu, head);
    }
    case "base":
      return ext(vcpu, MMUEXT_NEW_BASEPTR, x);
    case "user base":
      return ext(vcpu, MMUEXT_NEW_USER_BASEPTR, c === 0 ? 0 : x);
    case "gdt":
      return doSetGdt(vcpu, Int32Array.of(x, y), c * 400);
    case "batch":
      return doMmuUpdate(
        vcpu,
        Int32Array.from([
          ...request(x, slot, y, flags),
          ...request(x, (slot + 1) % 4, y + 1, RW),
          ...request(y, slot, x, RO),
        ]),
        3,
        DOMID_SELF,
      );
    case "clear":
      return ext(vcpu, MMUEXT_CLEAR_PAGE, x);
    case "copy":
      return ext(vcpu, MMUEXT_COPY_PAGE, x, y);
    case "release":
    case "populate": {
      const command = what === "release" ? XENMEM_decrease_reservation : XENMEM_populate_physmap;
      const order = flags % 3;
      return doMemoryOp(vcpu, command, {
        extents: Int32Array.of(x, y),
        nrExtents: 1 + (c & 1),
        extentOrder: order,
        domid: DOMID_SELF,
      });
    }
    case "exchange":
      return doMemoryOp(vcpu, XENMEM_exchange, {
        in: { extents: Int32Array.of(x, y), nrExtents: 2, extentOrder: 0, domid: DOMID_SELF },
        out: { extents: Int32Array.of(0), nrExtents: 1, extentOrder: 1, domid: DOMID_SELF },
      });
    case "va":
      return doUpdateVaMapping(vcpu, (slot << 12) | (c << 14), 0, pteLo(y, flags), pteHi(y, flags), flags % 6);
    case "touch":
      return touch(vcpu, (slot << 12) | (c << 14), 0, (flags & 2) !== 0, flags, 0) ? 0 : 1;
    case "flush":
      return ext(vcpu, MMUEXT_TLB_FLUSH_LOCAL);
  }
}
