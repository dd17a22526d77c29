import { describe, expect, it } from "vitest";
import {
  type Guest,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_HUGETLB,
  MAP_PRIVATE,
  MAP_SHARED,
  type MmapRequest,
  O_CREAT,
  type Process,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  type Vma,
} from "../src/index.ts";
import { type Mm, findVma, getUnmappedArea, rangeIsMapped, vmaLink } from "../src/mm.ts";
import { boot, expectClean, ok, mmapHugetlb, mmapShared } from "./small-guest.ts";

const MiB = 2 ** 20;
const GiB = 2 ** 30;

function guestWithPool(hugepages: number): { guest: Guest; process: Process; clean: () => void } {
  const { guest, host } = boot("sealed", 48);
  expect(guest.setNrHugepages(hugepages)).toBe(hugepages);
  return { guest, process: ok(guest.spawn()), clean: () => expectClean(host) };
}

const emptyMm = (): Mm => ({ pgd: 1, userPgd: 2, vmas: [], pageTablePages: 0, nrPtes: 0, users: 1 }) as unknown as Mm;
const vma = (mm: Mm, start: number, end: number): Vma => ({
  mm,
  start,
  end,
  flags: VM_READ | VM_WRITE | VM_SHARED,
  offset: 0,
  file: undefined,
  anonVma: false,
  resv: undefined,
});

describe("addresses of mappings", () => {
  it("begin at a multiple of 1 GiB when they are that long, so that 64 GiB need 64 PMD pages", () => {
    expect(getUnmappedArea(emptyMm(), 64 * GiB, true) % GiB).toBe(0);
  });

  it("come one after the other, and fill a gap that is long enough", () => {
    const mm = emptyMm();
    const starts = [4, 2, 6].map((length) => {
      const start = getUnmappedArea(mm, length * MiB, true);
      vmaLink(mm, vma(mm, start, start + length * MiB));
      return start;
    });
    expect(starts.map((start) => start - (starts[0] ?? 0))).toEqual([0, 4 * MiB, 6 * MiB]);
    mm.vmas = mm.vmas.filter(({ start }) => start !== starts[1]);
    expect(getUnmappedArea(mm, 2 * MiB, true)).toBe(starts[1]);
    expect(getUnmappedArea(mm, 4 * MiB, true)).toBe((starts[2] ?? 0) + 6 * MiB);
  });

  it("run out", () => {
    expect(getUnmappedArea(emptyMm(), 2 ** 47, true)).toBe(-1);
  });

  it("are found by what they contain", () => {
    const mm = emptyMm();
    vmaLink(mm, vma(mm, 8192, 16384));
    expect([4096, 8191, 8192, 16383, 16384].map((at) => findVma(mm, at)?.start)).toEqual([
      undefined,
      undefined,
      8192,
      8192,
      undefined,
    ]);
    expect(rangeIsMapped(mm, 0, 8192)).toBe(false);
    expect(rangeIsMapped(mm, 16383, 2 ** 21)).toBe(true);
  });
});

describe("mappings", () => {
  it("of one segment in several processes show the same pages", () => {
    const { guest, process, clean } = guestWithPool(4);
    const segment = ok(guest.hugetlbFile(4 * MiB));
    const other = ok(guest.spawn("other"));
    for (const each of [process, other]) {
      expect(guest.touchAll(each, ok(mmapHugetlb(guest, each, 4 * MiB, segment)))).toBeUndefined();
    }
    expect(guest.pool()).toMatchObject({ total: 4, free: 2, reserved: 0 });
    guest.unlink(segment);
    guest.exit(process);
    expect(guest.pool()).toMatchObject({ free: 2 });
    clean();
    guest.exit(other);
    expect(guest.pool()).toMatchObject({ free: 4 });
    clean();
  });

  it("keep the page tables that a neighbour needs, and free them with the last", () => {
    const { guest, process, clean } = guestWithPool(4);
    const first = ok(mmapHugetlb(guest, process, 2 * MiB));
    const second = ok(mmapHugetlb(guest, process, 4 * MiB));
    const small = ok(mmapShared(guest, process, 8192));
    for (const address of [first, second, small]) expect(guest.touchAll(process, address)).toBeUndefined();
    const tables = (): number | undefined => guest.processes()[0]?.pageTablePages;
    expect(tables()).toBe(2 + 3);
    expect(guest.munmap(process, first)).toBe(0);
    expect(tables()).toBe(2 + 3);
    expect(guest.munmap(process, small)).toBe(0);
    expect(tables()).toBe(2 + 2);
    clean();
    expect(guest.touchAll(process, second)).toBeUndefined();
    expect(guest.munmap(process, second)).toBe(0);
    expect(tables()).toBe(2);
    clean();
  });

  it("of no length, or of a part of a hugepage, are EINVAL", () => {
    const { guest, process } = guestWithPool(4);
    const segment = ok(guest.hugetlbFile(4 * MiB));
    expect(mmapHugetlb(guest, process, MiB, segment)).toBe(-22);
    expect(mmapShared(guest, process, 0)).toBe(-22);
    expect(guest.munmap(process, 0x1000)).toBe(-22);
  });

  it("are all that a process can touch", () => {
    const { guest, process } = guestWithPool(1);
    const address = ok(mmapHugetlb(guest, process, 2 * MiB));
    expect(guest.touch(process, address - 1)).toBe("SIGSEGV");
    expect(guest.touch(process, address + 2 * MiB)).toBe("SIGSEGV");
    expect(guest.touch(process, address + 2 * MiB - 1)).toBeUndefined();
    expect(guest.touchAll(process, address - 1)).toBe("SIGSEGV");
    // The direct map is the kernel's.
    const page = -(2 ** 47) + 2 ** 43 + MiB;
    expect([guest.touch(process, page), guest.touch(process, page, false)]).toEqual(["SIGSEGV", "SIGSEGV"]);
  });

  it("end the process when there is no memory for their pages", () => {
    const { guest, process, clean } = guestWithPool(0);
    const address = ok(mmapShared(guest, process, 64 * MiB));
    expect(guest.touchAll(process, address)).toBe("SIGKILL");
    clean();
    guest.exit(process);
    expect(guest.freePages()).toBeGreaterThan(40 * 256);
    clean();
  });
});

describe("mmap", () => {
  const PAGE = 4096;
  const anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
  const huge = MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB;

  const requests: readonly (readonly [string, MmapRequest, number | undefined, string])[] = [
    ["of no length", { length: 0, flags: anonymous }, -22, "M do_mmap_pgoff"],
    ["of more than user space", { length: 2 ** 47 + PAGE, flags: anonymous }, -12, "M get_unmapped_area"],
    ["neither shared nor private", { length: PAGE, flags: MAP_ANONYMOUS }, -22, "M do_mmap_pgoff"],
    ["both shared and private", { length: PAGE, flags: anonymous | MAP_SHARED }, -22, "M do_mmap_pgoff"],
    ["of no file and not anonymous", { length: PAGE, flags: MAP_PRIVATE }, -9, "M sys_mmap_pgoff"],
    ["of no file and of no length", { length: 0, flags: MAP_SHARED }, -9, "M sys_mmap_pgoff"],
    ["of no file at an offset inside a page", { length: PAGE, flags: MAP_PRIVATE, offset: 1 }, -22, "M sys_mmap"],
    ["of hugepages and no file, not anonymous", { length: 2 * MiB, flags: MAP_SHARED | MAP_HUGETLB }, -9, "M sys_mmap"],
    ["at an offset inside a page", { length: PAGE, flags: anonymous, offset: 1 }, -22, "M sys_mmap"],
    ["fixed inside a page", { length: PAGE, flags: anonymous | MAP_FIXED, address: 1 }, -22, "M get_unmapped_area"],
    [
      "fixed beyond user space",
      { length: 2 * PAGE, flags: anonymous | MAP_FIXED, address: 2 ** 47 - PAGE },
      -12,
      "M get_unmapped_area",
    ],
    ["fixed inside a hugepage", { length: 2 * MiB, flags: huge | MAP_FIXED, address: MiB }, -22, "S L39 §2.2"],
    ["of hugepages that there are not", { length: 64 * MiB, flags: huge }, -12, "S L39 §2.2"],
    ["of one byte of a hugepage, rounded up", { length: 1, flags: huge }, undefined, "S L39 §2.2"],
    ["of one byte", { length: 1, flags: anonymous }, undefined, "M do_mmap_pgoff"],
  ];

  it.each(requests)("%s gives the errno of Linux: %o is %s [%s]", (_, request, errno) => {
    const { guest, process, clean } = guestWithPool(1);
    const result = guest.mmap(process, request);
    if (errno === undefined) expect(guest.touchAll(process, ok(result))).toBeUndefined();
    else expect(result).toBe(errno);
    clean();
  });

  it("with MAP_ANONYMOUS does not look at a file, not even at one that is gone [M sys_mmap_pgoff]", () => {
    const { guest, process, clean } = guestWithPool(1);
    const file = ok(guest.shmemFile(PAGE));
    guest.unlink(file);
    const address = ok(guest.mmap(process, { length: PAGE, flags: anonymous, file }));
    expect(guest.touch(process, address)).toBeUndefined();
    expect([file.mappings.size, file.pages.size]).toEqual([0, 0]);
    clean();
  });

  it("of a file of 4 KiB pages with MAP_HUGETLB is EINVAL [S L39 §2.2]", () => {
    const { guest, process } = guestWithPool(1);
    const file = ok(guest.shmemFile(2 * MiB));
    expect(guest.mmap(process, { length: 2 * MiB, flags: MAP_SHARED | MAP_HUGETLB, file })).toBe(-22);
  });

  it.each(["hugetlbFile", "shmemFile"] as const)(
    "of a %s at a negative offset is EINVAL [M mmap since 2018]",
    (make) => {
      const { guest, process, clean } = guestWithPool(2);
      const file = ok(guest[make](2 * MiB));
      expect(guest.mmap(process, { length: 4 * MiB, flags: MAP_SHARED, file, offset: -2 * MiB })).toBe(-22);
      expect(guest.pool()).toMatchObject({ free: 2, reserved: make === "hugetlbFile" ? 1 : 0 });
      clean();
    },
  );

  it("of a large file with holes has pages where it is touched only", () => {
    const { guest, process } = guestWithPool(1);
    const file = ok(guest.hugetlbfs.open(ok(guest.hugetlbfs.mount()), "sparse", O_CREAT));
    const offset = 2 ** 52;
    const address = ok(guest.mmap(process, { length: 2 * MiB, flags: MAP_SHARED, file, offset }));
    expect(guest.touch(process, address)).toBeUndefined();
    expect([...file.pages.keys()]).toEqual([offset / (2 * MiB)]);
    guest.munmap(process, address);
    expect(guest.pool()).toMatchObject({ free: 0 });
    expect(guest.hugetlbfs.ftruncate(file, 0)).toBe(0);
    expect(guest.pool()).toMatchObject({ free: 1, reserved: 0 });
  });

  it("takes an address that is free, and another one else", () => {
    const { guest, process } = guestWithPool(1);
    const address = 0x4000_0000_0000;
    expect(guest.mmap(process, { length: PAGE, flags: anonymous, address: address - 1 })).toBe(address);
    expect(guest.mmap(process, { length: PAGE, flags: anonymous, address })).not.toBe(address);
    expect(guest.mmap(process, { length: PAGE, flags: huge, address: address + PAGE })).toBe(address + 2 * MiB);
  });

  it("of private memory beside the same becomes one mapping with it, and a shared one does not", () => {
    const { guest, process } = guestWithPool(0);
    const first = ok(guest.mmap(process, { length: PAGE, flags: anonymous }));
    const second = ok(guest.mmap(process, { length: PAGE, flags: anonymous }));
    const shared = ok(mmapShared(guest, process, PAGE));
    expect(second).toBe(first + PAGE);
    expect(guest.processes()[0]?.vmas.map(({ start, end }) => [start, end])).toEqual([
      [first, second + PAGE],
      [shared, shared + PAGE],
    ]);
  });

  it("takes whole bytes only, which is the driver's to see to", () => {
    const { guest, process } = guestWithPool(0);
    expect(() => guest.mmap(process, { length: 0.5, flags: anonymous })).toThrow(RangeError);
    expect(() => guest.mprotect(process, NaN, PAGE, 0)).toThrow("expected a whole number");
  });
});

describe("a page table", () => {
  it("is empty at first, even in a page that was a root before, into which Xen had written its slots", () => {
    const { guest, process, clean } = guestWithPool(1);
    for (let round = 0; round < 5; round++) {
      const other = ok(guest.spawn("other"));
      expect(guest.exec(process)).toBe(0);
      const address = ok(mmapHugetlb(guest, process, 2 * MiB));
      expect(guest.touch(process, address)).toBeUndefined();
      guest.exit(other);
      expect(guest.munmap(process, address)).toBe(0);
      clean();
    }
    expect(guest.log).toEqual([]);
  });
});

describe("a process that has ended", () => {
  it("is refused, as a bug of whoever drives the guest", () => {
    const { guest, process } = guestWithPool(0);
    guest.exit(process);
    expect(() => guest.fork(process)).toThrow(RangeError);
    expect(() => guest.touch(process, 0)).toThrow("has ended");
  });
});
