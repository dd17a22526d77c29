import type { SchemeName } from "@xsp/hypervisor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Guest,
  type HugetlbFile,
  type HugetlbfsMount,
  MAP_ANONYMOUS,
  MAP_HUGETLB,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  O_CREAT,
  PROT_READ,
  PROT_WRITE,
  type Process,
  SHM_HUGETLB,
  isErrno,
} from "../src/index.ts";
import { findSegment } from "../src/shm.ts";
import {
  HugetlbReference,
  type ReferenceFile,
  type ReferenceMapping,
  type ReferenceMount,
} from "./hugetlb-reference.ts";
import { type Pair, allSchemes, boot, expectAllFree, expectClean, ok } from "./small-guest.ts";

const HUGEPAGE = 2 ** 21;
const PAGES = 512;
/** The most pages that a program asks for, what the balloon takes and the kernel's own fit into it. */
const MEMORY_MIB = 48;
/** Hugepages that the balloon has at most. */
const BALLOON_UNITS = 3;

interface Mount {
  readonly real: HugetlbfsMount;
  readonly counted: ReferenceMount;
}

interface File {
  readonly real: HugetlbFile;
  readonly counted: ReferenceFile;
  /** Its segment, or nothing for one that was opened. */
  readonly shmid: number | undefined;
}

/** The same program in the guest and in the reference. Each step compares what it returned. */
class World {
  readonly guest: Guest;
  readonly counted = new HugetlbReference();
  readonly processes: Process[] = [];
  readonly mounts: Mount[] = [];
  files: File[] = [];
  /** Mount of everything without a name. */
  readonly internal: ReferenceMount;
  /** What happened, to see that programs do anything. */
  readonly seen: Map<string, number>;

  constructor(guest: Guest, seen: Map<string, number>) {
    this.guest = guest;
    this.seen = seen;
    const internal = this.counted.addMount(undefined, 0);
    if (internal === undefined) throw new Error("a mount without a minimum needs nothing");
    this.internal = internal;
  }

  note(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }

  compare(step: string, real: number | string | undefined, counted: string): void {
    const outcome = typeof real === "number" ? (isErrno(real) ? (real === -12 ? "ENOMEM" : `${real}`) : "ok") : real;
    expect(outcome ?? "ok", step).toBe(counted);
    this.note(`${step} ${counted}`);
  }

  compareCounters(): void {
    this.comparePool();
    for (const mount of this.mounts) {
      const { bfree } = this.guest.hugetlbfs.statfs(mount.real);
      const { size } = mount.counted;
      expect(bfree).toBe(size === undefined ? 0 : size - this.counted.used(mount.counted));
    }
  }

  /** The part of the counters that is looked at from outside: while the guest is suspended it answers nobody. */
  comparePool(): void {
    const { total, free, reserved, surplus } = this.guest.pool();
    const { counted } = this;
    expect({ total, free, reserved, surplus }).toEqual({
      total: counted.total,
      free: counted.free,
      reserved: counted.reserved,
      surplus: counted.surplus,
    });
    expect(0 <= reserved && reserved <= free && free <= total && surplus <= total).toBe(true);
  }

  pick<T>(list: readonly T[], which: number): T | undefined {
    return list[which % Math.max(1, list.length)];
  }

  mapping(which: number): { process: Process; mapping: ReferenceMapping } | undefined {
    const mapping = this.pick(this.counted.mappings, which);
    const process = this.processes.find(({ pid }) => pid === mapping?.process);
    return mapping === undefined || process === undefined ? undefined : { process, mapping };
  }

  map(
    process: Process,
    counted: ReferenceFile,
    real: HugetlbFile | undefined,
    from: number,
    to: number,
    how: number,
  ): void {
    const shared = (how & 1) !== 0;
    const noReserve = (how & 6) === 6;
    const writable = (how & 24) !== 8;
    const flags = (shared ? MAP_SHARED : MAP_PRIVATE) | (noReserve ? MAP_NORESERVE : 0);
    const prot = PROT_READ | (writable ? PROT_WRITE : 0);
    const length = (to - from) * HUGEPAGE;
    const address = this.guest.mmap(
      process,
      real === undefined
        ? { length, prot, flags: flags | MAP_ANONYMOUS | MAP_HUGETLB }
        : { length, prot, flags, file: real, offset: from * HUGEPAGE },
    );
    const mapping: ReferenceMapping = {
      process: process.pid,
      file: counted,
      from,
      to,
      address,
      shared,
      writable,
      owner: false,
      consumed: new Set(),
      entries: new Map(),
      torn: false,
    };
    const outcome = this.counted.map(mapping, noReserve);
    this.compare(shared ? "map shared" : "map private", address, outcome);
  }
}

type Step = (world: World, a: number, b: number) => void;

const steps: Readonly<Record<string, Step>> = {
  spawn: (world) => {
    if (world.processes.length < 4) world.processes.push(ok(world.guest.spawn()));
  },
  fork: (world, a) => {
    const parent = world.pick(world.processes, a);
    if (parent === undefined || world.processes.length >= 4) return;
    const child = ok(world.guest.fork(parent));
    world.counted.fork(parent.pid, child.pid);
    world.processes.push(child);
  },
  exit: (world, a) => {
    const process = world.pick(world.processes, a);
    if (process === undefined) return;
    world.guest.exit(process);
    world.counted.exit(process.pid);
    world.processes.splice(world.processes.indexOf(process), 1);
  },
  mapAnonymous: (world, a, b) => {
    const process = world.pick(world.processes, a);
    if (process === undefined) return;
    const pages = 1 + (b % 3);
    const file = world.counted.addFile(world.internal, pages);
    world.map(process, file, undefined, 0, pages, a >> 3);
    world.counted.unlink(file);
  },
  mapFile: (world, a, b) => {
    const process = world.pick(world.processes, a);
    const file = world.pick(world.files, b);
    if (process === undefined || file === undefined) return;
    const from = (b >> 4) % 2;
    world.map(process, file.counted, file.real, from, from + 1 + ((b >> 5) % 3), a >> 3);
  },
  open: (world, a) => {
    const mount = world.pick(world.mounts, a);
    if (mount === undefined || world.files.length >= 4) return;
    const real = ok(world.guest.hugetlbfs.open(mount.real, `f${world.seen.size}-${a}`, O_CREAT));
    if (world.files.some((file) => file.real === real)) return world.guest.hugetlbfs.close(real);
    const counted = world.counted.addFile(mount.counted, 0);
    counted.opens = 1;
    world.files.push({ real, counted, shmid: undefined });
  },
  close: (world, a) => {
    const file = world.pick(world.files, a);
    if (file === undefined || file.real.opens === 0) return;
    world.guest.hugetlbfs.close(file.real);
    world.counted.close(file.counted);
    if (!file.real.linked) world.files = world.files.filter((each) => each !== file);
  },
  unlink: (world, a) => {
    const file = world.pick(world.files, a);
    if (file === undefined || !file.real.linked) return;
    if (file.shmid === undefined) {
      expect(world.guest.hugetlbfs.unlink(file.real.mount, file.real.name ?? "")).toBe(0);
    } else {
      expect(world.guest.shm.rmid(file.shmid)).toBe(0);
    }
    world.counted.unlink(file.counted);
    if (file.real.opens === 0) world.files = world.files.filter((each) => each !== file);
  },
  segment: (world, a) => {
    if (world.files.length >= 4) return;
    const pages = 1 + (a % 3);
    const shmid = world.guest.shm.get({ size: pages * HUGEPAGE - 1, flags: SHM_HUGETLB });
    const counted = world.counted.addFile(world.internal, pages);
    const outcome = world.counted.reserveFile(counted);
    world.compare("segment", shmid, outcome);
    const real = findSegment(world.guest.kernel, shmid)?.file;
    if (real?.kind === "hugetlb") world.files.push({ real, counted, shmid });
    else world.counted.unlink(counted);
  },
  truncate: (world, a, b) => {
    const file = world.pick(world.files, a);
    if (file === undefined || file.shmid !== undefined) return;
    expect(world.guest.hugetlbfs.ftruncate(file.real, (b % 4) * HUGEPAGE)).toBe(0);
    world.counted.truncate(file.counted, b % 4);
  },
  touch: (world, a, b) => touch(world, a, b, true),
  read: (world, a, b) => touch(world, a, b, false),
  touchAll: (world, a) => {
    const found = world.mapping(a);
    if (found === undefined) return;
    for (let index = found.mapping.from; index < found.mapping.to; index++) touch(world, a, index, true);
  },
  munmap: (world, a) => {
    const found = world.mapping(a);
    if (found === undefined) return;
    const { process, mapping } = found;
    expect(world.guest.munmap(process, mapping.address)).toBe(0);
    world.counted.unmap(mapping, mapping.from, mapping.to);
  },
  munmapPart: (world, a, b) => {
    const found = world.mapping(a);
    if (found === undefined) return;
    const { process, mapping } = found;
    const from = mapping.from + (b % (mapping.to - mapping.from));
    const to = from + 1 + ((b >> 2) % (mapping.to - from));
    const start = mapping.address + (from - mapping.from) * HUGEPAGE;
    expect(world.guest.munmap(process, start, (to - from) * HUGEPAGE)).toBe(0);
    world.counted.unmap(mapping, from, to);
    world.note("munmap part");
  },
  mprotect: (world, a, b) => {
    const found = world.mapping(a);
    if (found === undefined) return;
    const { process, mapping } = found;
    const writable = b % 3 > 0;
    const prot = PROT_READ | (writable ? PROT_WRITE : 0);
    expect(world.guest.mprotect(process, mapping.address, (mapping.to - mapping.from) * HUGEPAGE, prot)).toBe(0);
    world.counted.protect(mapping, writable);
    world.note("mprotect");
  },
  exec: (world, a) => {
    const process = world.pick(world.processes, a);
    if (process === undefined) return;
    expect(world.guest.exec(process)).toBe(0);
    world.counted.exit(process.pid);
  },
  resize: (world, a) => {
    world.guest.setNrHugepages(a % 9);
    world.counted.resize(a % 9);
    world.note("resize");
  },
  overcommit: (world, a) => {
    expect(world.guest.setNrOvercommitHugepages(a % 4)).toBe(0);
    world.counted.overcommit = a % 4;
  },
  snapshot,
  // Memory goes and comes in whole hugepages, so that the pool can still grow: the counters must not notice.
  balloon: (world, a) => {
    const { guest } = world;
    const out = (guest.frames - guest.balloonTotals().currentPages) / PAGES;
    const asked = a % (BALLOON_UNITS + 1);
    if (asked > out) guest.decreaseReservation((asked - out) * PAGES);
    else guest.increaseReservation((out - asked) * PAGES);
    expect(guest.frames - guest.balloonTotals().currentPages).toBe(asked * PAGES);
    world.note(asked > out ? "balloon out" : asked < out ? "balloon in" : "balloon still");
  },
  suspend: (world) => {
    expect(world.guest.suspend()).toBe(0);
    world.comparePool();
    expect(world.guest.resume()).toBe(0);
    world.note("suspend");
  },
  mount: (world, a) => {
    if (world.mounts.length >= 2) return;
    const size = a % 3 === 0 ? undefined : 2 + (a % 4);
    const minimum = Math.min((a >> 2) % 3, size ?? 9);
    const options = `${size === undefined ? "" : `size=${size * 2}M,`}min_size=${minimum * 2}M`;
    const real = world.guest.hugetlbfs.mount(options);
    const counted = world.counted.addMount(size, minimum);
    world.compare("mount", isErrno(real) ? real : 0, counted === undefined ? "ENOMEM" : "ok");
    if (!isErrno(real) && counted !== undefined) world.mounts.push({ real, counted });
  },
  umount: (world) => {
    const mount = world.mounts.find(({ real }) => world.guest.hugetlbfs.umount(real) === 0);
    if (mount === undefined) return;
    world.counted.removeMount(mount.counted);
    world.mounts.splice(world.mounts.indexOf(mount), 1);
    world.files = world.files.filter((file) => file.counted.mount !== mount.counted);
    world.note("umount");
  },
};

/** A parent whose pool has no page left writes what it shares with its child: the child's pages are torn away. */
function snapshot(world: World, a: number): void {
  const { process, mapping } = world.mapping(a) ?? {};
  if (process === undefined || mapping === undefined) return;
  for (const [name, n] of [
    ["touchAll", a],
    ["overcommit", 0],
    ["resize", 0],
    ["fork", world.processes.indexOf(process)],
    ["touchAll", a],
  ] as const) {
    steps[name]?.(world, n, 0);
  }
  for (const [at, { process: pid }] of world.counted.mappings.entries()) {
    if (pid === world.processes.at(-1)?.pid) touch(world, at, 0, false);
  }
}

function touch(world: World, a: number, b: number, write: boolean): void {
  const found = world.mapping(a);
  if (found === undefined) return;
  const { process, mapping } = found;
  const index = mapping.from + (b % (mapping.to - mapping.from));
  const address = mapping.address + (index - mapping.from) * HUGEPAGE + ((b * 4096) % HUGEPAGE);
  const signal = world.guest.touch(process, address, write);
  world.compare(write ? "write" : "read", signal, world.counted.touch(mapping, index, write));
}

/** Steps that make and use mappings come more often. */
const names = [
  ...Object.keys(steps),
  ..."touch touch touch touchAll read read mapFile mapFile mapAnonymous fork segment snapshot umount".split(" "),
];
const program = fc.array(fc.tuple(fc.constantFrom(...names), fc.nat(1000), fc.nat(1000)), {
  minLength: 10,
  maxLength: 60,
  size: "max",
});

/** Every program begins with a pool, a mount and a process that has a private mapping, so that there is what to do. */
const prelude: readonly (readonly [string, number, number])[] = [
  ["resize", 6, 0],
  ["spawn", 0, 0],
  ["mount", 4, 0],
  ["open", 0, 0],
  ["mapAnonymous", 0, 2],
  ["touch", 0, 0],
];

function endAll({ guest, files, mounts, processes }: World): void {
  for (const process of processes) guest.exit(process);
  for (const { real, shmid } of files) {
    if (shmid !== undefined) guest.shm.rmid(shmid);
    while (real.opens > 0) guest.hugetlbfs.close(real);
  }
  for (const mount of mounts) expect(guest.hugetlbfs.umount(mount.real)).toBe(0);
  guest.setNrHugepages(0);
  guest.increaseReservation(guest.frames - guest.balloonTotals().currentPages);
}

/** Outcomes that the programs of one scheme must have met together, or they would show little. */
const witnessed = [
  "map shared ok",
  "map shared ENOMEM",
  "map private ok",
  "map private ENOMEM",
  "segment ok",
  "segment ENOMEM",
  "write ok",
  "write SIGBUS",
  "write SIGSEGV",
  "read ok",
  "munmap part",
  "mprotect",
  "umount",
  "balloon out",
  "balloon in",
  "suspend",
  "torn",
];

function run(
  pair: Pair,
  instructions: readonly (readonly [string, number, number])[],
  seen: Map<string, number>,
): void {
  const { guest, host } = pair;
  const free = guest.freePages();
  const world = new World(guest, seen);
  for (const [name, a, b] of [...prelude, ...instructions]) {
    steps[name]?.(world, a, b);
    world.compareCounters();
    expectClean(host);
  }
  if (guest.log.some((line) => line.endsWith("killed due to inadequate hugepage pool"))) world.note("torn");
  endAll(world);
  expect(guest.pool()).toMatchObject({ total: 0, free: 0, reserved: 0, surplus: 0, marked: 0 });
  expect(guest.freePages()).toBe(free);
  expect(guest.events().multicallFailures).toBe(0);
  expect(guest.shutdown()).toBe(0);
  expectAllFree(host, host.frames - 512);
}

/** One variant of the RFC refuses to unmark what the direct map maps, so a guest that shrinks its pool must not mark. */
function marks(scheme: SchemeName): boolean {
  return scheme !== "rfc-busy-over-1";
}

describe.each(allSchemes)("hugetlb accounting under %s", (scheme) => {
  it("agrees with counting by hand after each step, and gives everything back", () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(program, (instructions) => {
        run(boot(scheme, MEMORY_MIB, { markHugepages: marks(scheme), balloonHugepages: true }), instructions, seen);
      }),
      { numRuns: 14, seed: 6 },
    );
    expect(witnessed.filter((outcome) => !seen.has(outcome))).toEqual([]);
  });
});
