import { readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  DOMID_SELF,
  MMUEXT_NEW_BASEPTR,
  type SchemeName,
  type Vcpu,
  dispatchHypercall,
  doMemoryOp,
  doMmuUpdate,
  doMmuextOp,
  errnoName,
} from "../../src/index.ts";
import * as numbers from "../../src/hypercalls/hypercall-numbers.ts";
import {
  BIG_RO,
  BIG_RW,
  RO,
  RW,
  allSchemes,
  build,
  ext,
  guestAt,
  mark,
  operation,
  request,
  smallHost,
} from "../small-host.ts";

/*
 * docs/reference/hypercalls.md names every errno of every operation. What a search with arbitrary arguments is answered,
 * together with a few calls that it would have to be lucky for, must be just that: an errno that nobody reaches is as
 * wrong there as one that is missing.
 */

const page = readFileSync(new URL("../../../../docs/reference/hypercalls.md", import.meta.url), "utf8");

/** Errnos of the page, by `hypercall operation`. */
function documented(): Map<string, Set<string>> {
  const rows = new Map<string, Set<string>>();
  let hypercall = "";
  for (const line of page.split("\n")) {
    hypercall = /^## (\w+)$/.exec(line)?.[1] ?? (line.startsWith("## ") ? "" : hypercall);
    const cells = line.split("|").map((cell) => cell.trim());
    if (hypercall === "" || !line.startsWith("| ") || cells.includes("errnos") || line.includes("---")) continue;
    const [operationName = ""] = cells
      .slice(1, -3)
      .filter((cell) => cell !== "–")
      .slice(-1);
    const errnos = cells.at(-2) ?? "";
    rows.set(`${hypercall} ${operationName.replaceAll("`", "")}`, new Set(errnos === "none" ? [] : errnos.split(", ")));
  }
  return rows;
}

/** What came out of the search, by the same names. */
const reached = new Map<string, Set<string>>();

function note(row: string, rc: number): void {
  const errnos = reached.get(row) ?? new Set();
  reached.set(row, errnos);
  if (rc < 0) errnos.add(errnoName(rc).slice(1));
}

function constants(prefix: string): Map<number, string> {
  const named = Object.entries(numbers).filter(([name]) => name.startsWith(prefix) && !name.includes("mask"));
  return new Map(named.map(([name, value]) => [value, name]));
}
const mmuCommands = constants("MMU_");
const extCommands = constants("MMUEXT_");
const memoryCommands = constants("XENMEM_");

interface Try {
  readonly command: number;
  readonly frame: number;
  readonly slot: number;
  readonly target: number;
  readonly flags: number;
  readonly foreign: boolean;
}

const frame = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 31 }) },
  { weight: 1, arbitrary: fc.constantFrom(32, 0x1f_0000, 0xf_ffff_ffff) },
);
const tries: fc.Arbitrary<Try> = fc.record({
  command: fc.integer({ min: 0, max: 21 }),
  frame,
  slot: fc.integer({ min: 0, max: 5 }),
  target: frame,
  flags: fc.constantFrom(RO, RW, RW, BIG_RO, BIG_RW, 0, 0x1e7),
  foreign: fc.boolean(),
});

/** A guest with a tree of tables beside another guest; superpage 7 of 8 is free. */
function twoGuests(scheme: SchemeName, privileged: boolean): Vcpu {
  const host = smallHost({ scheme });
  const guest = guestAt(host, 1, 5, { privileged });
  guestAt(host, 6, 1);
  build(guest, 12, 0, 8, RW);
  build(guest, 13, 0, 12, RW);
  build(guest, 13, 1, 4, BIG_RW);
  build(guest, 14, 0, 13, RW);
  build(guest, 15, 0, 14, RW);
  mark(guest.vcpu, 4);
  expect(ext(guest.vcpu, MMUEXT_NEW_BASEPTR, 15)).toBe(0);
  // Frames that cannot be validated as L1 tables, for they map memory that is none, and another's; and L2 tables of them.
  build(guest, 9, 0, 0x1f_0000, RW);
  build(guest, 10, 0, 24, RW);
  build(guest, 11, 0, 9, RW);
  build(guest, 16, 0, 10, RW);
  return guest.vcpu;
}

const OTHER = 2;

function tryAll(vcpu: Vcpu, { command, frame: at, slot, target, flags, foreign }: Try): void {
  const domid = foreign ? OTHER : DOMID_SELF;
  const refusedWhole = foreign && !vcpu.domain.privileged;
  const update = Int32Array.from(request(at, slot, target, flags, command & 7));
  note(`mmu_update ${mmuCommands.get(command & 7) ?? "4–7"}`, doMmuUpdate(vcpu, update, 1, domid));
  const extended = Int32Array.from(operation(command, at, target));
  const extRow = refusedWhole ? "any" : (extCommands.get(command) ?? "others");
  note(`mmuext_op ${extRow}`, doMmuextOp(vcpu, extended, 1, domid));
  const va = [
    (slot << 12) | ((target & 0xff) << 14),
    foreign ? 0x1234 : 0,
    ...request(0, 0, target, flags).slice(2),
    command,
  ];
  note("update_va_mapping any", dispatchHypercall(vcpu, numbers.__HYPERVISOR_update_va_mapping, va));
  const list = (order: number) => ({ extents: Int32Array.of(at), nrExtents: 1, extentOrder: order, domid });
  const reservation = command === numbers.XENMEM_exchange ? { in: list(0), out: list(flags & 1) } : list(slot);
  const memoryRow = memoryCommands.get(command) ?? "others";
  // What a guest gives back it may not find again; so that is tried in few places.
  if (command !== 1 || slot === 0) note(`memory_op ${memoryRow}`, doMemoryOp(vcpu, command, reservation));
  const gdt = dispatchHypercall(vcpu, numbers.__HYPERVISOR_set_gdt, [Int32Array.of(at), foreign ? 600 : slot]);
  note("set_gdt any", gdt);
}

/** Calls that a search would have to be lucky for. */
function tryRare(vcpu: Vcpu): void {
  for (const [row, op] of [
    ["mmu_update", 1],
    ["mmuext_op", 26],
  ] as const) {
    note(`${row} any`, dispatchHypercall(vcpu, op, ["no words", 1, DOMID_SELF]));
    note(`${row} any`, dispatchHypercall(vcpu, op, [new Int32Array(8), 1, 77]));
  }
  note("multicall any", dispatchHypercall(vcpu, numbers.__HYPERVISOR_multicall, ["no list", 1]));
  const exchange = (given: object, wanted: object): number =>
    dispatchHypercall(vcpu, numbers.__HYPERVISOR_memory_op, [11, { in: given, out: wanted }]);
  const own = {
    extents: Int32Array.from([16, 17, 18, 19, 20, 21, 22, 23]),
    nrExtents: 8,
    extentOrder: 0,
    domid: DOMID_SELF,
  };
  const one = { extents: new Int32Array(1), nrExtents: 1, extentOrder: 3, domid: DOMID_SELF };
  note("memory_op XENMEM_exchange", exchange(own, one));
  note("memory_op XENMEM_exchange", exchange({ ...own, extents: undefined }, one));
  note("memory_op XENMEM_exchange", exchange({ ...own, extentOrder: 19 }, one));
  note("memory_op XENMEM_exchange", exchange({ ...own, domid: 77 }, one));
}

beforeAll(() => {
  for (const scheme of allSchemes) {
    for (const privileged of [false, true]) {
      tryRare(twoGuests(scheme, privileged));
      for (const program of fc.sample(fc.array(tries, { minLength: 40, maxLength: 60 }), { numRuns: 60, seed: 2010 })) {
        const vcpu = twoGuests(scheme, privileged);
        for (const one of program) tryAll(vcpu, one);
      }
    }
  }
});

describe("docs/reference/hypercalls.md", () => {
  const rows = documented();

  it("has a row for each operation that there is, and for no other", () => {
    const named = (hypercall: string, names: Iterable<string>): string[] =>
      [...names].map((name) => `${hypercall} ${name}`);
    const all = [
      ...named("mmu_update", ["any", ...mmuCommands.values(), "4–7"]),
      ...named("mmuext_op", ["any", ...extCommands.values(), "others"]),
      ...named("memory_op", [...memoryCommands.values(), "others"]),
      "multicall any",
      "set_gdt any",
      "update_va_mapping any",
    ];
    expect([...rows.keys()].sort()).toEqual(all.sort());
  });

  it("gives every hypercall the number that it has", () => {
    for (const [name, value] of Object.entries(numbers).filter(([text]) => text.startsWith("__HYPERVISOR_"))) {
      const hypercall = name.replace("__HYPERVISOR_", "");
      expect(page).toContain(`| ${value} | [${hypercall}](#${hypercall}) |`);
    }
    for (const [value, name] of [...mmuCommands, ...extCommands, ...memoryCommands]) {
      expect(page).toContain(`| ${value} | \`${name}\` |`);
    }
  });

  it.each([...rows])("%s answers the errnos of its row, and no other", (row, errnos) => {
    expect([...(reached.get(row) ?? [])].sort()).toEqual([...errnos].sort());
  });
});
