import type { SchemeName } from "@xsp/hypervisor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Guest,
  type GuestEventName,
  type GuestOptions,
  type HugetlbFile,
  MADV_DOFORK,
  MADV_DONTFORK,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_HUGETLB,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
  type Process,
  isErrno,
} from "../src/index.ts";
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

  /** A process that does not wait for a child of vfork. */
  process(which: number): Process | undefined {
    const awake = this.processes.filter(({ vforkChild }) => vforkChild === undefined);
    return awake[which % Math.max(1, awake.length)];
  }

  keep(result: Process | number): void {
    if (!isErrno(result)) this.processes.push(result);
  }

  exit(process: Process): void {
    this.guest.exit(process);
    this.processes.splice(this.processes.indexOf(process), 1);
  }

  mapping(which: number): { process: Process; address: number; length: number } | undefined {
    const process = this.process(which);
    const vmas = process?.mm?.vmas ?? [];
    const vma = vmas[which % Math.max(1, vmas.length)];
    return process === undefined || vma === undefined
      ? undefined
      : { process, address: vma.start, length: vma.end - vma.start };
  }

  /** A range that begins in a mapping, at a page, and may reach beyond its end: often half of it, often all. */
  range(which: number): { process: Process; address: number; length: number } | undefined {
    const mapping = this.mapping(which);
    if (mapping === undefined) return undefined;
    const { process, address, length } = mapping;
    const half = Math.ceil(length / 2 / 4096) * 4096;
    const skip = which % 3 === 0 ? 0 : which % 3 === 1 ? half : 4096 * (which % 7);
    return { process, address: address + skip, length: which % 5 === 0 ? length : half };
  }
}

const MAP_KINDS = [
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_PRIVATE | MAP_HUGETLB,
  MAP_SHARED | MAP_HUGETLB,
  MAP_PRIVATE | MAP_HUGETLB | MAP_NORESERVE,
] as const;

const PROTECTIONS = [PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE] as const;

const steps: Readonly<Record<string, (world: World, n: number) => void>> = {
  spawn: (world) => world.keep(world.guest.spawn()),
  fork: (world, n) => {
    const parent = world.process(n);
    if (parent !== undefined) world.keep(world.guest.fork(parent));
  },
  vfork: (world, n) => {
    const parent = world.process(n);
    if (parent !== undefined) world.keep(world.guest.vfork(parent));
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
    if (process !== undefined) world.exit(process);
  },
  mmap: (world, n) => {
    const process = world.process(n);
    const kind = MAP_KINDS[n % MAP_KINDS.length] ?? MAP_PRIVATE;
    const length = (1 + (n % 3)) * ((kind & MAP_HUGETLB) === 0 ? 3 * 4096 : HUGEPAGE);
    if (process !== undefined) world.guest.mmap(process, { length, flags: kind | MAP_ANONYMOUS });
  },
  /** Long enough for a PMD page that processes share, which a native kernel does. */
  mmapSparse: (world, n) => {
    const process = world.process(n);
    const flags = MAP_SHARED | MAP_HUGETLB | MAP_NORESERVE | MAP_ANONYMOUS;
    if (process !== undefined) world.guest.mmap(process, { length: 2 ** 30, flags });
  },
  mmapFixed: (world, n) => {
    const range = world.range(n);
    if (range === undefined) return;
    const { process, address, length } = range;
    const flags = (n % 2 === 0 ? MAP_PRIVATE : MAP_SHARED) | MAP_ANONYMOUS | MAP_FIXED;
    world.guest.mmap(process, { length: Math.min(length, 16 * 4096), flags, address });
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
    if (mapping !== undefined) world.guest.touchAll(mapping.process, mapping.address, n % 3 !== 0);
  },
  munmap: (world, n) => {
    const range = world.range(n);
    if (range !== undefined) world.guest.munmap(range.process, range.address, range.length);
  },
  mprotect: (world, n) => {
    const range = world.range(n);
    const prot = PROTECTIONS[n % PROTECTIONS.length] ?? PROT_READ;
    if (range !== undefined) world.guest.mprotect(range.process, range.address, range.length, prot);
  },
  madvise: (world, n) => {
    const range = world.range(n);
    const advice = n % 2 === 0 ? MADV_DONTFORK : MADV_DOFORK;
    if (range !== undefined) world.guest.madvise(range.process, range.address, range.length, advice);
  },
  mremap: (world, n) => {
    const mapping = world.mapping(n);
    if (mapping === undefined) return;
    const { process, address, length } = mapping;
    world.guest.mremap(process, address, length, n % 2 === 0 ? length / 2 : length + 8192);
  },
  suspend: (world) => {
    expect(world.guest.suspend()).toBe(0);
    expect(world.guest.resume()).toBe(0);
  },
  resize: (world, n) => void world.guest.setNrHugepages(n % 9),
  overcommit: (world, n) => void world.guest.setNrOvercommitHugepages(n % 3),
  balloonOut: (world, n) => void world.guest.decreaseReservation(1 + (n % 40)),
  balloonIn: (world, n) => void world.guest.increaseReservation(1 + (n % 60)),
};

const program = fc.array(fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.nat(1000)), {
  minLength: 5,
  maxLength: 40,
});

/** Every program begins with a process that maps pages of both sizes, has touched some and forked: what there is to do. */
const prelude: readonly (readonly [string, number])[] = [
  ["resize", 6],
  ["spawn", 0],
  ["mmap", 3],
  ["touch", 0],
  ["mmap", 0],
  ["touchAll", 1],
  ["touchAll", 2],
  ["mmapSparse", 0],
  ["touch", 4],
  ["touch", 5],
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
  for (let last = world.process(0); last !== undefined; last = world.process(0)) world.exit(last);
  for (const file of world.files) guest.unlink(file);
  guest.increaseReservation(100_000);
  guest.setNrOvercommitHugepages(0);
  guest.setNrHugepages(0);
}

/** What every program did, or it would show nothing; only under Xen the last ones. */
const witnessed: readonly GuestEventName[] = [
  "plainPmds",
  "plainPtes",
  "hugepageFaults",
  "pageFaults",
  "contextSwitches",
];
const witnessedUnderXen: readonly GuestEventName[] = ["queuedPteWrites", "ptwrFaults", "pgdPins", "pgdUnpins"];

/**
 * One variant of the RFC refuses to unmark what the direct map maps: the mark stays on a page that is no hugepage any
 * more, Xen refuses it as a page table, and the guest is lost. The hypervisor's counts must stay right all the same.
 */
function unmarksAlways(scheme: SchemeName): boolean {
  return scheme !== "rfc-busy-over-1";
}

interface Kind {
  readonly scheme: SchemeName;
  readonly kind: string;
  readonly options: GuestOptions;
}

const kinds: readonly Kind[] = [
  ...allSchemes.flatMap((scheme): Kind[] => [
    { scheme, kind: "64-bit", options: {} },
    { scheme, kind: "32-bit", options: { style: "32-bit", lowmemFrames: 3072 } },
  ]),
  { scheme: "sealed", kind: "2.6.39", options: { kernelVersion: "2.6.39" } },
  { scheme: "sealed", kind: "native", options: { pvOps: "native" } },
];

describe.each(kinds)("random programs under $scheme in a $kind guest", ({ scheme, options }) => {
  it("keep the audit clean after each step, and leave memory as it was at boot when all has ended", () => {
    fc.assert(
      fc.property(program, (instructions) => {
        const pair = boot(scheme, MEMORY_MIB, options);
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
        for (const name of witnessedUnderXen) expect(guest.events()[name] > 0, name).toBe(options.pvOps !== "native");
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
      { numRuns: 10 },
    );
  });
});
