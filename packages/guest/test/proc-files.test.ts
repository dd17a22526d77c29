import { describe, expect, test } from "vitest";
import { MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, O_CREAT, PROT_READ, SHM_HUGETLB, errnoOf } from "../src/index.ts";
import { type Pair, boot, expectClean, mmapHugetlb, mmapShared, ok } from "./small-guest.ts";

const hugepage = 2 ** 21;
const sysfs = "/sys/kernel/mm/hugepages/hugepages-2048kB";
const balloon = "/sys/devices/system/xen_memory/xen_memory0";

/** Lines of a file that can be read. */
function lines({ guest }: Pair, path: string): readonly string[] {
  const text = guest.readFile(path);
  if (typeof text === "number") throw new Error(`${path}: ${errnoOf(text)}`);
  expect(text.endsWith("\n")).toBe(true);
  return text.slice(0, -1).split("\n");
}

/** One number in a file, with or without a name before it. */
function number(pair: Pair, path: string, name = ""): number {
  const line = lines(pair, path).find((candidate) => candidate.startsWith(name));
  return Number(/\d+/.exec((line ?? "").slice(name.length))?.[0]);
}

/** A guest with a pool, and a process that maps hugepages and 4 KiB pages, a few of them touched. */
function busyGuest(options: Parameters<typeof boot>[2] = {}): Pair {
  const pair = boot("sealed", 64, options);
  const { guest } = pair;
  expect(guest.writeFile("/proc/sys/vm/nr_hugepages", "8\n")).toBe(0);
  const process = ok(guest.spawn("db"));
  const huge = ok(mmapHugetlb(guest, process, 4 * hugepage));
  const small = ok(mmapShared(guest, process, 16 * 4096));
  for (const address of [huge, small, small + 4096]) expect(guest.touch(process, address)).toBeUndefined();
  const child = ok(guest.fork(process));
  expect(guest.touch(child, small)).toBeUndefined();
  guest.switchTo(process);
  return pair;
}

describe("text of the files", () => {
  test("of a 64-bit guest's memory", () => {
    const pair = busyGuest();
    // In use are 8 hugepages, 2 pages, and for each of the two processes 2 roots and 3 page tables.
    expect(lines(pair, "/proc/meminfo")).toEqual([
      "MemTotal:          65392 kB",
      "MemFree:           48960 kB",
      "PageTables:            8 kB",
      "HugePages_Total:       8",
      "HugePages_Free:        7",
      "HugePages_Rsvd:        3",
      "HugePages_Surp:        0",
      "Hugepagesize:       2048 kB",
      "DirectMap4k:       65536 kB",
      "DirectMap2M:           0 kB",
    ]);
    expect(lines(pair, "/proc/buddyinfo")).toEqual([
      "Node 0, zone      DMA      0      0      1      1      1      0      1      1      1      1      3 ",
      "Node 0, zone    DMA32      0      0      1      0      1      1      1      1      1      1      7 ",
    ]);
  });

  test("of a 32-bit guest's memory: hugepages come from highmem, page tables from lowmem", () => {
    const pair = busyGuest({ style: "32-bit", lowmemFrames: 8192 });
    expect(lines(pair, "/proc/meminfo")).toEqual([
      "MemTotal:          65440 kB",
      "MemFree:           49008 kB",
      "HighTotal:         32768 kB",
      "HighFree:          16376 kB",
      "LowTotal:          32672 kB",
      "LowFree:           32632 kB",
      "PageTables:            8 kB",
      "HugePages_Total:       8",
      "HugePages_Free:        7",
      "HugePages_Rsvd:        3",
      "HugePages_Surp:        0",
      "Hugepagesize:       2048 kB",
      "DirectMap4k:       32768 kB",
      "DirectMap2M:           0 kB",
    ]);
    expect(lines(pair, "/proc/buddyinfo").map((line) => line.slice(0, 21))).toEqual([
      "Node 0, zone      DMA",
      "Node 0, zone   Normal",
      "Node 0, zone  HighMem",
    ]);
  });

  test("of a process's mappings", () => {
    const pair = busyGuest();
    expect(lines(pair, "/proc/1/maps")).toEqual([
      "2aaac0000000-2aaac0800000 rw-s 00000000 00:00 0                          /anon_hugepage (deleted)",
      "2aaac0800000-2aaac0810000 rw-s 00000000 00:00 0                          /dev/zero (deleted)",
    ]);
    const [hugetlb, shmem] = [lines(pair, "/proc/1/smaps").slice(0, 15), lines(pair, "/proc/1/smaps").slice(15)];
    // Two pages were touched, one of them by the child as well.
    expect(hugetlb.concat(shmem).map((line) => line.trim())).toEqual([
      lines(pair, "/proc/1/maps")[0],
      "Size:               8192 kB",
      "Rss:                   0 kB",
      "Pss:                   0 kB",
      "Shared_Clean:          0 kB",
      "Shared_Dirty:          0 kB",
      "Private_Clean:         0 kB",
      "Private_Dirty:         0 kB",
      "Referenced:            0 kB",
      "Anonymous:             0 kB",
      "AnonHugePages:         0 kB",
      "Swap:                  0 kB",
      "KernelPageSize:     2048 kB",
      "MMUPageSize:        2048 kB",
      "Locked:                0 kB",
      lines(pair, "/proc/1/maps")[1],
      "Size:                 64 kB",
      "Rss:                   8 kB",
      "Pss:                   6 kB",
      "Shared_Clean:          0 kB",
      "Shared_Dirty:          4 kB",
      "Private_Clean:         0 kB",
      "Private_Dirty:         4 kB",
      "Referenced:            8 kB",
      "Anonymous:             0 kB",
      "AnonHugePages:         0 kB",
      "Swap:                  0 kB",
      "KernelPageSize:        4 kB",
      "MMUPageSize:           4 kB",
      "Locked:                0 kB",
    ]);
    expect(lines(pair, "/proc/2/status")).toEqual([
      "Name:\tdb",
      "State:\tS (sleeping)",
      "Tgid:\t2",
      "Pid:\t2",
      "PPid:\t1",
      "VmSize:\t    8256 kB",
      "VmPTE:\t       4 kB",
      "Threads:\t1",
    ]);
    expect(lines(pair, "/proc/1/status")[1]).toBe("State:\tR (running)");
  });

  test("of a 32-bit guest's mappings have the name where such a kernel puts it", () => {
    const pair = busyGuest({ style: "32-bit", lowmemFrames: 8192 });
    for (const line of lines(pair, "/proc/1/maps")) expect(line.indexOf("/")).toBe(49);
  });

  test("of vmstat and of the multicall buffer agree with what the kernel counts", () => {
    const pair = busyGuest();
    const { guest } = pair;
    expect(number(pair, "/proc/vmstat", "nr_free_pages")).toBe(guest.freePages());
    expect(number(pair, "/proc/vmstat", "nr_page_table_pages")).toBe(2);
    const { batches, batchEntries } = guest.events();
    const multicalls = "/sys/kernel/debug/xen/multicalls";
    expect(number(pair, `${multicalls}/batches`)).toBe(batches);
    expect(number(pair, `${multicalls}/hypercalls`)).toBe(batchEntries);
    const histogram = lines(pair, `${multicalls}/batch_histo`)[0]?.split(" ").map(Number) ?? [];
    // Linux leaves out the last bucket, of full batches.
    expect(histogram.length).toBe(32);
    const full = batches - histogram.reduce((sum, count) => sum + count, 0);
    expect(histogram.reduce((sum, count, entries) => sum + count * entries, 32 * full)).toBe(batchEntries);
  });

  test("of the MMU tell calls from requests that joined one: the entries of a child's PTE page are one call", () => {
    const pair = boot("sealed", 64);
    const { guest } = pair;
    const process = ok(guest.spawn("db"));
    const address = ok(guest.mmap(process, { length: 8 * 4096, flags: MAP_PRIVATE | MAP_ANONYMOUS }));
    expect(guest.touchAll(process, address)).toBeUndefined();
    const mmu = (): number[] =>
      ["mmu_update", "mmu_update_extended"].map((name) => number(pair, `/sys/kernel/debug/xen/mmu/${name}`));
    const [calls = 0, joined = 0] = mmu();
    const queued = guest.events().queuedPteWrites;
    expect(calls + joined).toBe(queued);
    ok(guest.fork(process));
    const [after = 0, joinedAfter = 0] = mmu();
    expect(after + joinedAfter).toBe(guest.events().queuedPteWrites);
    expect([after - calls, joinedAfter - joined]).toEqual([1, 7]);
  });

  test("of private memory: shared after a fork until it is written, and zeroes are nobody's", () => {
    const pair = boot("sealed", 64);
    const { guest } = pair;
    const process = ok(guest.spawn("db"));
    const address = ok(guest.mmap(process, { length: 4 * 4096, flags: MAP_PRIVATE | MAP_ANONYMOUS }));
    for (const page of [0, 1]) guest.touch(process, address + page * 4096);
    guest.touch(process, address + 2 * 4096, false);
    const child = guest.vfork(process);
    expect(lines(pair, "/proc/1/status")[1]).toBe("State:\tD (disk sleep)");
    guest.exit(child);
    const shown = (pid: number, name: string): number => number(pair, `/proc/${pid}/smaps`, `${name}:`);
    expect(["Rss", "Private_Dirty", "Anonymous"].map((name) => shown(1, name))).toEqual([8, 8, 8]);
    ok(guest.fork(process));
    expect(["Rss", "Pss", "Shared_Dirty"].map((name) => shown(1, name))).toEqual([8, 4, 8]);
    guest.touch(process, address);
    expect(["Rss", "Pss", "Shared_Dirty", "Private_Dirty"].map((name) => shown(1, name))).toEqual([8, 6, 4, 4]);
    expect(["Rss", "Pss", "Shared_Dirty", "Private_Dirty"].map((name) => shown(3, name))).toEqual([8, 6, 4, 4]);
  });

  test("of mapped files tell what they are", () => {
    const pair = boot("sealed", 64);
    const { guest } = pair;
    guest.writeFile("/proc/sys/vm/nr_hugepages", "8\n");
    const process = ok(guest.spawn("db"));
    const mount = ok(guest.hugetlbfs.mount());
    const file = ok(guest.hugetlbfs.open(mount, "sga", O_CREAT));
    guest.shm.get({ size: 4096, flags: 0 });
    const id = ok(guest.shm.get({ size: hugepage, flags: SHM_HUGETLB }));
    ok(guest.shm.at(process, id));
    ok(guest.mmap(process, { length: 2 * hugepage, offset: hugepage, flags: MAP_SHARED, file, prot: PROT_READ }));
    const names = (): readonly string[] => lines(pair, "/proc/1/maps").map((line) => line.slice(26).replace(/ +/, " "));
    expect(names()).toEqual([
      "rw-s 00000000 00:00 1                          /SYSV00000000 (deleted)",
      "r--s 00200000 00:00 0                          /sga",
    ]);
    guest.hugetlbfs.unlink(mount, "sga");
    expect(names()[1]).toMatch(/\/sga \(deleted\)$/);
  });

  test("of a guest without hugepages do not speak of them", () => {
    const pair = boot("sealed", 64, { pse: false });
    const { guest } = pair;
    expect(lines(pair, "/proc/meminfo").filter((line) => line.startsWith("Huge"))).toEqual([]);
    expect(guest.listFiles("/sys/kernel")).toEqual(["debug/"]);
    expect(errnoOf(guest.writeFile("/proc/sys/vm/nr_hugepages", "4\n"))).toBe("EOPNOTSUPP");
    expect(guest.readFile("/proc/sys/vm/nr_overcommit_hugepages")).toBe(-95);
  });

  test("of a process goes with it", () => {
    const pair = busyGuest();
    const child = pair.guest.process(2);
    expect(child?.ppid).toBe(1);
    if (child !== undefined) pair.guest.exit(child);
    expect(pair.guest.readFile("/proc/2/maps")).toBe(-2);
    expect(pair.guest.listFiles("/proc")).not.toContain("2/");
  });
});

describe("directories", () => {
  const { guest } = busyGuest();

  test.each([
    ["/", ["proc/", "sys/"]],
    ["/proc", ["1/", "2/", "buddyinfo", "meminfo", "sys/", "vmstat"]],
    ["/proc/1/", ["maps", "smaps", "status"]],
    ["//proc/./sys/../sys/vm", ["hugetlb_shm_group", "nr_hugepages", "nr_overcommit_hugepages"]],
    [sysfs, ["free_hugepages", "nr_hugepages", "nr_overcommit_hugepages", "resv_hugepages", "surplus_hugepages"]],
    [balloon, ["info/", "target", "target_kb"]],
    [`${balloon}/info`, ["current_kb", "high_kb", "low_kb"]],
  ])("%s lists %j", (path, names) => {
    expect(guest.listFiles(path)).toEqual(names);
  });

  test.each([
    ["/proc/9", "ENOENT"],
    ["/proc/meminfo", "ENOTDIR"],
    ["/proc/meminfo/", "ENOTDIR"],
    ["/proc/meminfo/x", "ENOTDIR"],
    ["/tmp", "ENOENT"],
  ])("%s cannot be listed: %s", (path, errno) => {
    const rc = guest.listFiles(path);
    expect(typeof rc === "number" ? errnoOf(rc) : rc).toBe(errno);
  });

  test.each([
    ["/proc", "EISDIR"],
    ["/", "EISDIR"],
    ["/proc/1", "EISDIR"],
    ["/proc/meminfo/", "ENOTDIR"],
    ["/proc/memory", "ENOENT"],
    ["/proc/meminfo/total", "ENOTDIR"],
  ])("%s can neither be read nor written: %s", (path, errno) => {
    const rc = guest.readFile(path);
    expect(typeof rc === "number" ? errnoOf(rc) : rc).toBe(errno);
    expect(errnoOf(guest.writeFile(path, "1\n"))).toBe(errno);
  });
});

// [S Linux 3.0 fs/proc/inode.c, fs/sysfs/file.c, lib/kstrtox.c; S later kernel/sysctl.c proc_get_long; M vfs_write]
describe("what root writes", () => {
  test("the group that may use SHM_HUGETLB is what shmget asks for", () => {
    const { guest } = boot("sealed", 64, { hugepages: 2 });
    const member = { uid: 1, groups: [7], capIpcLock: false, memlock: 0 };
    expect(guest.shm.get({ size: hugepage, flags: SHM_HUGETLB }, member)).toBe(-1);
    expect(guest.writeFile("/proc/sys/vm/hugetlb_shm_group", "7\n")).toBe(0);
    expect(guest.readFile("/proc/sys/vm/hugetlb_shm_group")).toBe("7\n");
    expect(guest.shm.get({ size: hugepage, flags: SHM_HUGETLB }, member)).toBe(0);
    expect(guest.writeFile("/proc/sys/vm/hugetlb_shm_group", "-1\n")).toBe(0);
    expect(guest.readFile("/proc/sys/vm/hugetlb_shm_group")).toBe("-1\n");
    expect(guest.writeFile("/proc/sys/vm/hugetlb_shm_group", "wheel\n")).toBe(-22);
  });

  const pool = ["/proc/sys/vm/nr_hugepages", `${sysfs}/nr_hugepages`] as const;
  const overcommit = ["/proc/sys/vm/nr_overcommit_hugepages", `${sysfs}/nr_overcommit_hugepages`] as const;

  test.each([
    ["5\n", 5, 5],
    ["5", 5, 5],
    ["0\n", 0, 0],
    ["0x5\n", 5, "EINVAL"],
    ["010\n", 8, 10],
    [" \t5 6\n", 5, "EINVAL"],
    ["5 pages\n", 5, "EINVAL"],
    ["-5\n", "keep", "EINVAL"],
    ["+5\n", "EINVAL", 5],
    ["+-5\n", "EINVAL", "EINVAL"],
    ["00000000000000000005\n", 5, 5],
    ["000000000000000000005\n", "EINVAL", 5],
    ["09\n", "EINVAL", 9],
    ["five\n", "EINVAL", "EINVAL"],
    ["5pages\n", "EINVAL", "EINVAL"],
    ["\n", "EINVAL", "EINVAL"],
    ["", "keep", "EINVAL"],
  ] as const)("%j sets a number of /proc/sys to %j and one of sysfs to %j", (text, ...expected) => {
    for (const files of [pool, overcommit]) {
      for (const [at, path] of files.entries()) {
        const pair = boot("sealed", 64);
        expect(pair.guest.writeFile(path, "3\n")).toBe(0);
        const rc = pair.guest.writeFile(path, text);
        const want = expected[at];
        expect(rc === 0 ? 0 : errnoOf(rc)).toBe(want === "EINVAL" ? "EINVAL" : 0);
        for (const other of files) expect(number(pair, other)).toBe(typeof want === "number" ? want : 3);
      }
    }
  });

  test("a number that does not fit is cut off in /proc/sys, and −ERANGE in sysfs", () => {
    const { guest } = boot("sealed", 64);
    // 2^64 and 4096, in 20 characters.
    expect(guest.writeFile(overcommit[0], "0x010000000000001000\n")).toBe(0);
    expect(guest.readFile(overcommit[0])).toBe("4096\n");
    expect(errnoOf(guest.writeFile(overcommit[1], "18446744073709551616\n"))).toBe("ERANGE");
    expect(guest.readFile(overcommit[1])).toBe("4096\n");
    expect(guest.writeFile(`${balloon}/target`, "0x1000000000000000000000000\n")).toBe(0);
    expect(guest.readFile(`${balloon}/target`)).toBe("0\n");
  });

  test("a pool that gets only a part of what was asked for is no error", () => {
    const pair = boot("sealed", 64);
    expect(pair.guest.writeFile("/proc/sys/vm/nr_hugepages", "1000\n")).toBe(0);
    const got = number(pair, `${sysfs}/free_hugepages`);
    expect(got).toBeGreaterThan(20);
    expect(got).toBeLessThan(32);
    expect(number(pair, "/proc/meminfo", "HugePages_Total:")).toBe(got);
    expectClean(pair.host);
  });

  test("a pool that shrinks below its reservations keeps surplus pages, which only sysfs and meminfo count", () => {
    const pair = busyGuest();
    expect(pair.guest.writeFile("/proc/sys/vm/nr_hugepages", "1\n")).toBe(0);
    expect(number(pair, "/proc/sys/vm/nr_hugepages")).toBe(1);
    expect(number(pair, `${sysfs}/nr_hugepages`)).toBe(4);
    expect(number(pair, `${sysfs}/surplus_hugepages`)).toBe(3);
    expect(number(pair, "/proc/meminfo", "HugePages_Surp:")).toBe(3);
    expect(number(pair, `${sysfs}/resv_hugepages`)).toBe(3);
    expectClean(pair.host);
  });

  test.each([
    ["/proc/meminfo", "EIO"],
    ["/proc/buddyinfo", "EIO"],
    ["/proc/vmstat", "EIO"],
    ["/proc/1/maps", "EINVAL"],
    ["/proc/1/smaps", "EINVAL"],
    ["/proc/1/status", "EINVAL"],
    [`${sysfs}/free_hugepages`, "EACCES"],
    [`${sysfs}/resv_hugepages`, "EACCES"],
    [`${sysfs}/surplus_hugepages`, "EACCES"],
    [`${balloon}/info/current_kb`, "EACCES"],
    ["/sys/kernel/debug/xen/multicalls/batches", "EACCES"],
    ["/sys/kernel/debug/xen/multicalls/batch_histo", "EINVAL"],
  ])("%s takes nothing: %s", (path, errno) => {
    const pair = busyGuest();
    const before = lines(pair, path);
    expect(errnoOf(pair.guest.writeFile(path, "1\n"))).toBe(errno);
    expect(lines(pair, path)).toEqual(before);
  });

  // [S Linux 3.1 drivers/xen/xen-balloon.c store_target_kb, store_target]
  test.each([
    [`${balloon}/target_kb`, "40960\n", 40960],
    [`${balloon}/target_kb`, "0xa000\n", 40960],
    [`${balloon}/target_kb`, "40963\n", 40960],
    [`${balloon}/target`, "41943040\n", 40960],
    [`${balloon}/target`, "40960K\n", 40960],
    [`${balloon}/target`, "40m\n", 40960],
  ])("%s takes %j as a target of %i kB, and reaches it", (path, text, kB) => {
    const pair = boot("sealed", 64);
    const total = number(pair, "/proc/meminfo", "MemTotal:");
    expect(pair.guest.writeFile(path, text)).toBe(0);
    expect(number(pair, `${balloon}/target_kb`)).toBe(kB);
    expect(number(pair, `${balloon}/target`)).toBe(kB * 1024);
    expect(number(pair, `${balloon}/info/current_kb`)).toBe(kB);
    expect(number(pair, `${balloon}/info/low_kb`)).toBe(65536 - kB);
    expect(number(pair, "/proc/meminfo", "MemTotal:")).toBe(total - (65536 - kB));
    expect(pair.guest.writeFile(path, path.endsWith("kb") ? "65536\n" : "64M\n")).toBe(0);
    expect(number(pair, "/proc/meminfo", "MemTotal:")).toBe(total);
    expectClean(pair.host);
  });

  test("text that is no number is a target of 0, and the guest gives away all that is free", () => {
    const pair = boot("sealed", 16, { style: "32-bit", lowmemFrames: 2048 });
    expect(pair.guest.writeFile(`${balloon}/target_kb`, "plenty\n")).toBe(0);
    expect(number(pair, `${balloon}/target_kb`)).toBe(0);
    expect(number(pair, "/proc/meminfo", "MemFree:")).toBe(0);
    expect(number(pair, "/proc/meminfo", "HighTotal:")).toBe(0);
    expect(number(pair, `${balloon}/info/high_kb`)).toBe(8192);
    expectClean(pair.host);
  });
});
