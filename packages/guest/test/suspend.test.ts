import { describe, expect, it } from "vitest";
import { MADV_DONTFORK, MAP_ANONYMOUS, MAP_PRIVATE, type Mm, O_CREAT, type Process } from "../src/index.ts";
import { copyPageRange } from "../src/copy-page-range.ts";
import { exitMmap } from "../src/exit.ts";
import { PG_pinned } from "../src/mem-map.ts";
import { vmaLink } from "../src/mm.ts";
import { pgdAlloc } from "../src/page-table-pages.ts";
import { xenPgdPin } from "../src/pgd-pin.ts";
import { type Pair, allSchemes, boot, expectClean, measure, ok } from "./small-guest.ts";

const PAGES = 20;

/** A fork that was preempted before its end: the child's tables are filled and not pinned. */
function halfForked(pair: Pair): { process: Process; child: Mm } {
  const { guest } = pair;
  const process = ok(guest.spawn());
  const address = ok(guest.mmap(process, { length: PAGES * 4096, flags: MAP_PRIVATE | MAP_ANONYMOUS }));
  expect(guest.touchAll(process, address)).toBeUndefined();
  const child = pgdAlloc(guest.kernel);
  const [vma] = process.mm?.vmas ?? [];
  if (child === undefined || vma === undefined) throw new Error("memory is short");
  const copy = { ...vma, mm: child };
  vmaLink(child, copy);
  expect(copyPageRange(guest.kernel, copy, vma)).toBe(0);
  return { process, child };
}

describe.each(allSchemes)("a suspend under %s", (scheme) => {
  it("finds every mm pinned between two system calls [D from linux-facts §1.4]", () => {
    const pair = boot(scheme, 16);
    const { guest, host } = pair;
    const process = ok(guest.spawn());
    const child = ok(guest.fork(process));
    const sharing = guest.vfork(child);
    const { perf } = measure(pair, () => {
      expect(guest.suspend()).toBe(0);
      expect(guest.resume()).toBe(0);
    });
    expect(perf.hypercalls).toBe(0);
    expect(guest.exec(sharing, "program")).toBe(0);
    expectClean(host);
  });

  it("pins the child of a fork that is not done, and a resume undoes it [S L39 xen_mm_pin_all]", () => {
    const pair = boot(scheme, 16);
    const { guest, host } = pair;
    const { kernel } = guest;
    const { child } = halfForked(pair);
    const pinned = (): boolean => kernel.memMap.hasFlag(child.pgd, PG_pinned);
    const suspend = measure(pair, () => expect(guest.suspend()).toBe(1));
    expect(pinned()).toBe(true);
    // PTE, PMD, PUD and two roots.
    expect(suspend.events).toMatchObject({ pgdPins: 1, pagesMadeReadOnly: 5 });
    expect(suspend.perf).toMatchObject({ validations: 5 });
    expectClean(host);
    const resume = measure(pair, () => expect(guest.resume()).toBe(1));
    expect(pinned()).toBe(false);
    expect(resume.events).toMatchObject({ pgdUnpins: 1, pagesMadeReadWrite: 5 });
    expect(resume.perf).toMatchObject({ invalidations: 5 });
    expectClean(host);
    xenPgdPin(kernel, child);
    expectClean(host);
    exitMmap(kernel, child);
    expectClean(host);
  });
});

describe("a guest that is suspended", () => {
  it("runs nothing until it is resumed, once", () => {
    const { guest } = boot("sealed", 16);
    const process = ok(guest.spawn());
    expect(() => guest.resume()).toThrow("not suspended");
    guest.suspend();
    expect(() => guest.suspend()).toThrow("suspended already");
    for (const call of [() => guest.fork(process), () => guest.spawn(), () => guest.touch(process, 0)]) {
      expect(call).toThrow("resume it first");
    }
    guest.resume();
    expect(guest.touch(process, 0)).toBe("SIGSEGV");
  });

  it("shows what it has, and serves nobody: no system call, no file, no worker", () => {
    const { calls, looks, guest, before } = guestWithEverything();
    guest.suspend();
    for (const [name, call] of calls) expect(call, name).toThrow("guest: it is suspended, resume it first");
    for (const look of looks) look();
    guest.resume();
    expect(before()).toEqual(before.first);
  });

  it("has nothing to pin if its kernel is native", () => {
    const { guest } = boot("sealed", 16, { pvOps: "native" });
    ok(guest.spawn());
    expect(guest.suspend()).toBe(0);
  });
});

describe("a guest that was shut down", () => {
  it("refuses every call, and its counters can still be looked at", () => {
    const { calls, looks, guest } = guestWithEverything();
    expect(guest.shutdown()).toBe(0);
    for (const [name, call] of calls) {
      expect(call, name).toThrow(RangeError);
      expect(call, name).toThrow("guest: it was shut down, boot another");
    }
    expect(() => guest.suspend()).toThrow("guest: it was shut down, boot another");
    expect(() => guest.resume()).toThrow("guest: it is not suspended, it is shut down");
    expect(() => guest.shutdown()).toThrow("guest: it was shut down already");
    expect(guest.isSuspended()).toBe(false);
    for (const look of looks) look();
  });

  it("can be shut down while it is suspended", () => {
    const { guest, host } = boot("sealed", 16);
    guest.suspend();
    expect(guest.shutdown()).toBe(0);
    expect(() => guest.resume()).toThrow("it is shut down");
    expectClean(host);
  });
});

/** A guest with a process, a mount, a file and a segment, and every call that it would have to serve itself. */
function guestWithEverything() {
  const { guest, host } = boot("sealed", 32);
  guest.setNrHugepages(2);
  const process = ok(guest.spawn());
  const { hugetlbfs, shm } = guest;
  const mount = ok(hugetlbfs.mount());
  const file = ok(hugetlbfs.open(mount, "file", O_CREAT));
  const segment = ok(shm.get({ size: 4096, flags: 0 }));
  const request = { length: 4096, flags: MAP_PRIVATE | MAP_ANONYMOUS };
  const address = ok(guest.mmap(process, request));
  const object = ok(guest.shmemFile(4096));
  const calls: readonly (readonly [string, () => unknown])[] = [
    ["spawn", () => guest.spawn()],
    ["fork", () => guest.fork(process)],
    ["vfork", () => guest.vfork(process)],
    ["exec", () => guest.exec(process)],
    ["exit", () => guest.exit(process)],
    ["switchTo", () => guest.switchTo(process)],
    ["mmap", () => guest.mmap(process, request)],
    ["munmap", () => guest.munmap(process, address)],
    ["mprotect", () => guest.mprotect(process, address, 4096, 0)],
    ["madvise", () => guest.madvise(process, address, 4096, MADV_DONTFORK)],
    ["mremap", () => guest.mremap(process, address, 4096, 8192)],
    ["touch", () => guest.touch(process, address)],
    ["touchAll", () => guest.touchAll(process, address)],
    ["setNrHugepages", () => guest.setNrHugepages(1)],
    ["setNrOvercommitHugepages", () => guest.setNrOvercommitHugepages(1)],
    ["readFile", () => guest.readFile("/proc/meminfo")],
    ["writeFile", () => guest.writeFile("/proc/sys/vm/nr_hugepages", "1")],
    ["listFiles", () => guest.listFiles("/proc")],
    ["hugetlbFile", () => guest.hugetlbFile(2 ** 21)],
    ["shmemFile", () => guest.shmemFile(4096)],
    ["unlink", () => guest.unlink(object)],
    ["setBalloonTarget", () => guest.setBalloonTarget(0)],
    ["decreaseReservation", () => guest.decreaseReservation(1)],
    ["increaseReservation", () => guest.increaseReservation(1)],
    ["hugetlbfs.mount", () => hugetlbfs.mount()],
    ["hugetlbfs.umount", () => hugetlbfs.umount(mount)],
    ["hugetlbfs.open", () => hugetlbfs.open(mount, "other", O_CREAT)],
    ["hugetlbfs.close", () => hugetlbfs.close(file)],
    ["hugetlbfs.read", () => hugetlbfs.read(file, 0, 1)],
    ["hugetlbfs.write", () => hugetlbfs.write(file, 0, 1)],
    ["hugetlbfs.ftruncate", () => hugetlbfs.ftruncate(file, 2 ** 21)],
    ["hugetlbfs.unlink", () => hugetlbfs.unlink(mount, "file")],
    ["hugetlbfs.statfs", () => hugetlbfs.statfs(mount)],
    ["shm.get", () => shm.get({ size: 1, flags: 0 })],
    ["shm.at", () => shm.at(process, segment)],
    ["shm.dt", () => shm.dt(process, address)],
    ["shm.rmid", () => shm.rmid(segment)],
    ["shm.setHugetlbShmGroup", () => shm.setHugetlbShmGroup(1)],
  ];
  const looks: readonly (() => unknown)[] = [
    () => guest.events(),
    () => guest.pool(),
    () => guest.balloonTotals(),
    () => guest.freePages(),
    () => guest.processes(),
    () => guest.process(process.pid),
    () => guest.log,
  ];
  const state = (): unknown => [...looks.map((look) => look()), [...mount.names.keys()], file.opens, object.linked];
  const before = Object.assign(state, { first: structuredClone(state()) });
  return { guest, host, calls, looks, before };
}
