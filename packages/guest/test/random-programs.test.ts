import type { SchemeName } from "@xsp/hypervisor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Guest, type GuestEventName, type HugetlbFile, type Process, isErrno } from "../src/index.ts";
import {
  type Pair,
  allSchemes,
  boot,
  expectAllFree,
  expectClean,
  writableCount,
  mmapHugetlb,
  mmapShared,
} from "./small-guest.ts";

const MEMORY_MIB = 24;
const HUGEPAGE = 2 ** 21;

/** What a program has made so far. */
class World {
  readonly guest: Guest;
  readonly processes: Process[] = [];
  readonly files: HugetlbFile[] = [];

  constructor(guest: Guest) {
    this.guest = guest;
  }

  process(which: number): Process | undefined {
    return this.processes[which % Math.max(1, this.processes.length)];
  }

  keep(result: Process | number): void {
    if (!isErrno(result)) this.processes.push(result);
  }

  mapping(which: number): { process: Process; address: number; length: number } | undefined {
    const process = this.process(which);
    const vmas = process?.mm?.vmas ?? [];
    const vma = vmas[which % Math.max(1, vmas.length)];
    return process === undefined || vma === undefined
      ? undefined
      : { process, address: vma.start, length: vma.end - vma.start };
  }
}

const steps: Readonly<Record<string, (world: World, n: number) => void>> = {
  spawn: (world) => world.keep(world.guest.spawn()),
  fork: (world, n) => {
    const parent = world.process(n);
    if (parent !== undefined) world.keep(world.guest.fork(parent));
  },
  switch: (world, n) => {
    const process = world.process(n);
    if (process !== undefined) world.guest.switchTo(process);
  },
  exec: (world, n) => {
    const process = world.process(n);
    if (process !== undefined) world.guest.exec(process);
  },
  exit: (world, n) => {
    const process = world.process(n);
    if (process === undefined) return;
    world.guest.exit(process);
    world.processes.splice(world.processes.indexOf(process), 1);
  },
  mmap: (world, n) => {
    const process = world.process(n);
    if (process !== undefined) mmapHugetlb(world.guest, process, (1 + (n % 3)) * HUGEPAGE);
  },
  mmapShared: (world, n) => {
    const process = world.process(n);
    if (process !== undefined) mmapShared(world.guest, process, (1 + (n % 5)) * 4096);
  },
  segment: (world, n) => {
    const file = world.guest.hugetlbFile((1 + (n % 2)) * HUGEPAGE);
    if (!isErrno(file)) world.files.push(file);
  },
  attach: (world, n) => {
    const process = world.process(n);
    const file = world.files[n % Math.max(1, world.files.length)];
    if (process !== undefined && file !== undefined) mmapHugetlb(world.guest, process, HUGEPAGE, file);
  },
  unlink: (world, n) => {
    const file = world.files[n % Math.max(1, world.files.length)];
    if (file === undefined) return;
    world.guest.unlink(file);
    world.files.splice(world.files.indexOf(file), 1);
  },
  touch: (world, n) => {
    const mapping = world.mapping(n);
    if (mapping === undefined) return;
    world.guest.touch(mapping.process, mapping.address + ((n * 4096) % mapping.length), n % 2 === 0);
  },
  touchAll: (world, n) => {
    const mapping = world.mapping(n);
    if (mapping !== undefined) world.guest.touchAll(mapping.process, mapping.address);
  },
  munmap: (world, n) => {
    const mapping = world.mapping(n);
    if (mapping !== undefined) world.guest.munmap(mapping.process, mapping.address);
  },
  resize: (world, n) => void world.guest.setNrHugepages(n % 9),
  balloonOut: (world, n) => void world.guest.decreaseReservation(1 + (n % 40)),
  balloonIn: (world, n) => void world.guest.increaseReservation(1 + (n % 60)),
};

const program = fc.array(fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.nat(1000)), {
  minLength: 5,
  maxLength: 40,
});

/** Every program begins with a process that maps pages of both sizes and has touched some: there is what to fork. */
const prelude: readonly (readonly [string, number])[] = [
  ["resize", 6],
  ["spawn", 0],
  ["mmap", 3],
  ["touch", 0],
  ["mmapShared", 0],
  ["touch", 1],
  ["fork", 0],
  ["switch", 1],
];

function checkPool({ guest }: Pair): void {
  const { total, free, reserved } = guest.pool();
  expect(reserved).toBeGreaterThanOrEqual(0);
  expect(reserved).toBeLessThanOrEqual(free);
  expect(free).toBeLessThanOrEqual(total);
  const inUse = guest.kernel.hstate.count.reduce((sum, users) => sum + (users > 0 ? 1 : 0), 0);
  expect(total - free).toBe(inUse);
}

function endAll(world: World): void {
  const { guest } = world;
  for (const process of world.processes) guest.exit(process);
  for (const file of world.files) guest.unlink(file);
  guest.increaseReservation(100_000);
  guest.setNrHugepages(0);
}

/** What every program did, or it would show nothing. */
const witnessed: readonly GuestEventName[] = [
  "plainPmds",
  "queuedPteWrites",
  "hugepageFaults",
  "pageFaults",
  "pgdPins",
  "pgdUnpins",
  "contextSwitches",
];

/**
 * One variant of the RFC refuses to unmark what the direct map maps: the mark stays on a page that is no hugepage any
 * more, Xen refuses it as a page table, and the guest is lost. The hypervisor's counts must stay right all the same.
 */
function unmarksAlways(scheme: SchemeName): boolean {
  return scheme !== "rfc-busy-over-1";
}

describe.each(
  allSchemes.flatMap((scheme) => [
    { scheme, style: "64-bit" as const },
    { scheme, style: "32-bit" as const },
  ]),
)("random programs under $scheme in a $style guest", ({ scheme, style }) => {
  it("keep the audit clean after each step, and leave memory as it was at boot when all has ended", () => {
    fc.assert(
      fc.property(program, (instructions) => {
        const pair = boot(scheme, MEMORY_MIB, style === "64-bit" ? {} : { style, lowmemFrames: 3072 });
        const { guest, host } = pair;
        const world = new World(guest);
        const free = guest.freePages();
        const counts = Array.from({ length: guest.frames }, (_, page) => writableCount(pair, page));
        for (const [name, n] of [...prelude, ...instructions]) {
          steps[name]?.(world, n);
          checkPool(pair);
          expectClean(host);
        }
        endAll(world);
        expectClean(host);
        for (const name of witnessed) expect(guest.events()[name], name).toBeGreaterThan(0);
        if (unmarksAlways(scheme)) {
          expect(guest.events().multicallFailures).toBe(0);
          expect(guest.freePages()).toBe(free);
          expect(guest.pool()).toMatchObject({ total: 0, free: 0, reserved: 0 });
          expect(Array.from({ length: guest.frames }, (_, page) => writableCount(pair, page))).toEqual(counts);
        }
        expect(guest.shutdown()).toBe(0);
        expectAllFree(host, host.frames - 512);
        expectClean(host);
      }),
      { numRuns: 12 },
    );
  });
});
