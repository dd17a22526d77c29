import { describe, expect, it } from "vitest";
import {
  MAP_ANONYMOUS,
  MAP_HUGETLB,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  O_CREAT,
  PROT_READ,
  PROT_WRITE,
  type Process,
  type PvOps,
} from "../src/index.ts";
import { type Pair, boot, expectClean, measure, ok } from "./small-guest.ts";

const HUGEPAGE = 2 ** 21;
const GiB = 2 ** 30;
/** Not where the kernel puts mappings by itself, and not a multiple of 1 GiB. */
const UNALIGNED = 0x4000_0000_0000 + HUGEPAGE;

interface Mapped extends Pair {
  readonly process: Process;
  readonly address: number;
}

/** A process with 2 GiB of hugepages of which it touched the first two of each GiB; nothing is reserved for the rest. */
function mapped(pvOps: PvOps, sharing: number, address = 0): Mapped {
  const pair = boot("sealed", 32, { pvOps });
  const { guest } = pair;
  expect(guest.setNrHugepages(8)).toBe(8);
  const process = ok(guest.spawn());
  const flags = sharing | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE;
  const start = ok(guest.mmap(process, { length: 2 * GiB, flags, address }));
  for (const offset of [0, HUGEPAGE, GiB, GiB + HUGEPAGE]) {
    expect(guest.touch(process, start + offset)).toBeUndefined();
  }
  return { ...pair, process, address: start };
}

const pageTables = ({ guest }: Pair): number[] => guest.processes().map(({ pageTablePages }) => pageTablePages);

describe("fork of shared hugepages", () => {
  it.each([
    { pvOps: "native", source: "S L39 huge_pmd_share", plainPuds: 2, plainPmds: 0 },
    { pvOps: "xen", source: "S UEK, off under PV", plainPuds: 2, plainPmds: 4 },
  ] as const)("is $plainPuds PUD and $plainPmds PMD writes if $pvOps [$source]", ({ pvOps, plainPuds, plainPmds }) => {
    const pair = mapped(pvOps, MAP_SHARED);
    const free = pair.guest.freePages();
    const { events } = measure(pair, () => ok(pair.guest.fork(pair.process)));
    expect(events).toMatchObject({ plainPuds, plainPmds, plainPgds: 2, pgdPins: pvOps === "xen" ? 1 : 0 });
    // Two roots, a PUD page, and under Xen PMD pages of its own.
    expect(pair.guest.freePages()).toBe(free - (pvOps === "xen" ? 5 : 3));
    expectClean(pair.host);
  });

  it.each([
    ["a private mapping", MAP_PRIVATE, 0, "S L39: VM_MAYSHARE only"],
    ["a span that is not 1 GiB, aligned and whole", MAP_SHARED, UNALIGNED, "S L39 vma_shareable"],
  ])("copies the PMD entries of %s", (_, sharing, address) => {
    const pair = mapped("native", sharing, address);
    const { events } = measure(pair, () => ok(pair.guest.fork(pair.process)));
    // Unaligned, the GiB in the middle is whole: it has two of the entries, and is shared.
    expect(events.plainPmds).toBe(address === UNALIGNED ? 2 : 4 + 4);
    expectClean(pair.host);
  });
});

describe("a shared PMD page", () => {
  it("shows what one process touches to the other, without a fault", () => {
    const { guest, process, address } = mapped("native", MAP_SHARED);
    const child = ok(guest.fork(process));
    const faults = guest.events().hugepageFaults;
    expect(guest.touch(child, address + 2 * HUGEPAGE)).toBeUndefined();
    expect(guest.touch(process, address + 2 * HUGEPAGE)).toBeUndefined();
    expect(guest.events().hugepageFaults).toBe(faults + 1);
  });

  it("is found by a first touch, in whatever process maps the file alike", () => {
    const pair = boot("sealed", 32, { pvOps: "native" });
    const { guest } = pair;
    expect(guest.setNrHugepages(3)).toBe(3);
    const mount = ok(guest.hugetlbfs.mount());
    const file = ok(guest.hugetlbfs.open(mount, "sga", O_CREAT));
    const [first, second] = [ok(guest.spawn()), ok(guest.spawn())];
    const request = { length: GiB, flags: MAP_SHARED | MAP_NORESERVE, file };
    const [here, there] = [ok(guest.mmap(first, request)), ok(guest.mmap(second, request))];
    expect(guest.touch(first, here)).toBeUndefined();
    const { events } = measure(pair, () => expect(guest.touch(second, there + HUGEPAGE)).toBeUndefined());
    expect(events).toMatchObject({ plainPuds: 1, plainPmds: 1, hugepageFaults: 1 });
    expect(guest.touch(second, there)).toBeUndefined();
    expect(guest.events().hugepageFaults).toBe(2);
  });

  it.each([
    ["munmap of a hugepage", (m: Mapped) => m.guest.munmap(m.process, m.address, HUGEPAGE)],
    ["mprotect of a hugepage", (m: Mapped) => m.guest.mprotect(m.process, m.address, HUGEPAGE, PROT_READ)],
  ])("is let go by %s, and the other process keeps it [S L39 huge_pmd_unshare]", (_, change) => {
    const pair = mapped("native", MAP_SHARED);
    const { guest, process, address } = pair;
    const child = ok(guest.fork(process));
    expect(pageTables(pair)).toEqual([5, 5]);
    const { events } = measure(pair, () => expect(change(pair)).toBe(0));
    expect(events).toMatchObject({ plainPuds: 1, plainPmds: 0 });
    expect(pageTables(pair)).toEqual([4, 5]);
    expect(guest.touch(child, address)).toBeUndefined();
    // What else was in it comes back by a fault, into a table of its own: its mapping is a whole GiB no more.
    const faults = guest.events().hugepageFaults;
    expect(guest.touch(process, address + HUGEPAGE)).toBeUndefined();
    expect(guest.events().hugepageFaults).toBe(faults + 1);
    expect(pageTables(pair)).toEqual([5, 5]);
    expect(guest.pool()).toMatchObject({ total: 8, free: 4 });
  });

  it("is let go by truncate in all processes, and freed with the last that maps it", () => {
    const pair = boot("sealed", 32, { pvOps: "native" });
    const { guest } = pair;
    expect(guest.setNrHugepages(3)).toBe(3);
    const free = guest.freePages();
    const mount = ok(guest.hugetlbfs.mount());
    const file = ok(guest.hugetlbfs.open(mount, "sga", O_CREAT));
    const process = ok(guest.spawn());
    const address = ok(guest.mmap(process, { length: GiB, flags: MAP_SHARED | MAP_NORESERVE, file }));
    expect(guest.touch(process, address)).toBeUndefined();
    const child = ok(guest.fork(process));
    expect(guest.hugetlbfs.ftruncate(file, 0)).toBe(0);
    expect(guest.pool()).toMatchObject({ free: 3 });
    expect(guest.touch(child, address)).toBe("SIGBUS");
    expect(guest.touch(process, address)).toBe("SIGBUS");
    guest.exit(process);
    guest.exit(child);
    expect(guest.freePages()).toBe(free);
  });

  it("is found by a fork even where the parent has one of its own, and no user is counted twice [M copy_hugetlb_page_range since 2018]", () => {
    const pair = boot("sealed", 32, { pvOps: "native" });
    const { guest } = pair;
    expect(guest.setNrHugepages(3)).toBe(3);
    const file = ok(guest.hugetlbFile(HUGEPAGE));
    const [first, second] = [ok(guest.spawn()), ok(guest.spawn())];
    const request = { length: GiB, flags: MAP_SHARED | MAP_NORESERVE, file };
    const here = ok(guest.mmap(first, request));
    const there = ok(guest.mmap(second, { ...request, prot: PROT_READ }));
    expect(guest.touch(first, here)).toBeUndefined();
    expect(guest.touch(second, there, false)).toBeUndefined();
    expect(guest.mprotect(second, there, GiB, PROT_READ | PROT_WRITE)).toBe(0);
    const child = ok(guest.fork(second));
    expect(guest.touch(child, there)).toBeUndefined();
    for (const each of [first, second, child]) guest.exit(each);
    guest.unlink(file);
    expect(guest.pool()).toMatchObject({ total: 3, free: 3, reserved: 0 });
    expectClean(pair.host);
  });

  it("ends with its processes, in any order", () => {
    const pair = mapped("native", MAP_SHARED);
    const { guest, process } = pair;
    const [second, third] = [ok(guest.fork(process)), ok(guest.fork(process))];
    for (const each of [second, process, third]) guest.exit(each);
    expect(guest.pool()).toMatchObject({ total: 8, free: 8 });
    expect(guest.setNrHugepages(0)).toBe(0);
    expect(guest.freePages()).toBe(boot("sealed", 32).guest.freePages());
    expectClean(pair.host);
  });
});
