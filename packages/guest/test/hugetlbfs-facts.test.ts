import { describe, expect, it } from "vitest";
import {
  type HugetlbFile,
  type HugetlbfsMount,
  MAP_FIXED,
  MAP_HUGETLB,
  MAP_SHARED,
  O_CREAT,
  O_EXCL,
  PROT_READ,
} from "../src/index.ts";
import { type Bench, type Fact, HUGEPAGE, checkFacts } from "./hugetlb-facts.ts";
import { boot, ok } from "./small-guest.ts";

const MiB = 2 ** 20;

function open({ guest }: Bench, mount: HugetlbfsMount, name = "file"): HugetlbFile {
  return ok(guest.hugetlbfs.open(mount, name, O_CREAT));
}

const files: readonly Fact[] = [
  {
    source: "S L39 hugetlbfs_create",
    fact: "open with O_CREAT gives an inode of 0 bytes, and reserves nothing",
    holds: (bench) => {
      bench.guest.setNrHugepages(2);
      const { hugetlbfs } = bench.guest;
      const mount = ok(hugetlbfs.mount());
      expect(hugetlbfs.open(mount, "file", 0)).toBe(-2);
      const file = open(bench, mount);
      expect(file.size).toBe(0);
      expect(bench.counters).toEqual([2, 2, 0, 0]);
      expect(hugetlbfs.open(mount, "file", O_CREAT | O_EXCL)).toBe(-17);
      expect(hugetlbfs.open(mount, "file", 0)).toBe(file);
    },
  },
  {
    source: "S L39 hugetlbfs_file_operations",
    fact: "write(2) is EINVAL; read works as far as the file goes",
    holds: (bench) => {
      const { hugetlbfs } = bench.guest;
      const file = open(bench, ok(hugetlbfs.mount()));
      expect(hugetlbfs.write(file, 0, 4096)).toBe(-22);
      expect(hugetlbfs.read(file, 0, 4096)).toBe(0);
      expect(hugetlbfs.ftruncate(file, 4 * MiB)).toBe(0);
      expect(hugetlbfs.read(file, 0, 4096)).toBe(4096);
      expect(hugetlbfs.read(file, 4 * MiB - 1, 4096)).toBe(1);
      expect(hugetlbfs.read(file, 5 * MiB, 4096)).toBe(0);
    },
  },
  {
    source: "S L39 hugetlbfs_setattr",
    fact: "ftruncate to what is no multiple of the hugepage size is EINVAL",
    holds: (bench) => {
      const { hugetlbfs } = bench.guest;
      const file = open(bench, ok(hugetlbfs.mount()));
      expect([4096, MiB, 3 * MiB, -2 * MiB].map((bytes) => hugetlbfs.ftruncate(file, bytes))).toEqual([
        -22, -22, -22, -22,
      ]);
      expect(hugetlbfs.ftruncate(file, 6 * MiB)).toBe(0);
      expect(file.size).toBe(6 * MiB);
    },
  },
  {
    source: "S L39 hugetlbfs_file_mmap",
    fact: "mmap with PROT_WRITE extends i_size to cover the mapping; one without does not",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(6);
      const file = open(bench, ok(guest.hugetlbfs.mount()));
      const process = bench.spawn();
      const reader = ok(bench.mapFile(process, file, 2, { prot: PROT_READ }));
      expect(file.size).toBe(0);
      expect(bench.read(process, reader)).toBe("SIGBUS");
      ok(bench.mapFile(process, file, 1, { from: 2 }));
      expect(file.size).toBe(3 * HUGEPAGE);
      expect(bench.read(process, reader)).toBeUndefined();
      ok(bench.mapFile(process, file, 1, { shared: false }));
      expect(file.size).toBe(3 * HUGEPAGE);
    },
  },
  {
    source: "S L39 hugetlb_get_unmapped_area",
    fact: "mmap of a file with a length or an offset that is no multiple is EINVAL, and reserves nothing",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(4);
      const file = open(bench, ok(guest.hugetlbfs.mount()));
      const process = bench.spawn();
      const map = (length: number, offset: number): number => guest.mmap(process, { length, offset, flags: 1, file });
      expect([map(MiB, 0), map(3 * MiB, 0), map(2 * MiB, MiB), map(2 * MiB, 4096)]).toEqual([-22, -22, -22, -22]);
      expect(bench.counters).toEqual([4, 4, 0, 0]);
    },
  },
  {
    source: "S L39 prepare_hugepage_range",
    fact: "MAP_FIXED at an address that is no multiple is EINVAL",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(2);
      const file = open(bench, ok(guest.hugetlbfs.mount()));
      const process = bench.spawn();
      const map = (address: number): number =>
        guest.mmap(process, { length: HUGEPAGE, address, flags: MAP_SHARED | MAP_FIXED, file });
      expect([map(0x2aaac0001000), map(0x2aaac0100000)]).toEqual([-22, -22]);
      expect(bench.counters).toEqual([2, 2, 0, 0]);
      expect(map(0x2aaac0200000)).toBe(0x2aaac0200000);
    },
  },
  {
    source: "S L39 mm/mmap.c",
    fact: "MAP_HUGETLB with a file that is not on hugetlbfs is EINVAL",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(2);
      const process = bench.spawn();
      const file = ok(guest.shmemFile(2 * MiB));
      expect(guest.mmap(process, { length: 2 * MiB, flags: MAP_SHARED | MAP_HUGETLB, file })).toBe(-22);
      ok(guest.mmap(process, { length: 2 * MiB, flags: MAP_SHARED, file }));
    },
  },
  {
    source: "S L39 __split_vma",
    fact: "munmap of a part that begins or ends inside a hugepage is EINVAL",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(3);
      const process = bench.spawn();
      const address = ok(bench.map(process, { pages: 3 }));
      expect(guest.touchAll(process, address)).toBeUndefined();
      expect(guest.munmap(process, address + 4096, HUGEPAGE)).toBe(-22);
      expect(guest.munmap(process, address, 4096)).toBe(-22);
      expect(bench.counters).toEqual([3, 0, 0, 0]);
      expect(guest.munmap(process, address, HUGEPAGE)).toBe(0);
      expect(bench.counters).toEqual([3, 1, 0, 0]);
    },
  },
  {
    source: "S L39 vma_to_resize",
    fact: "mremap is EINVAL",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(3);
      const process = bench.spawn();
      const address = ok(bench.map(process, { pages: 1 }));
      expect(guest.mremap(process, address, HUGEPAGE, 2 * HUGEPAGE)).toBe(-22);
    },
  },
  {
    source: "S L39 hugetlbfs_file_mmap",
    fact: "mmap when the pool has not enough pages is ENOMEM",
    holds: (bench) => {
      bench.guest.setNrHugepages(2);
      const file = open(bench, ok(bench.guest.hugetlbfs.mount()));
      const process = bench.spawn();
      expect(bench.mapFile(process, file, 3)).toBe(-12);
      expect(bench.mapFile(process, file, 3, { shared: false })).toBe(-12);
      expect([bench.counters, file.size, file.mappings.size]).toEqual([[2, 2, 0, 0], 0, 0]);
    },
  },
  {
    source: "S L39 hugetlbfs_file_mmap",
    fact: "mmap beyond the size of the mount is ENOMEM too: the inner ENOSPC is folded",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(8);
      const mount = ok(guest.hugetlbfs.mount("size=4M"));
      const file = open(bench, mount);
      const process = bench.spawn();
      expect(bench.mapFile(process, file, 3)).toBe(-12);
      ok(bench.mapFile(process, file, 2));
      expect(bench.mapFile(process, file, 1, { shared: false })).toBe(-12);
      expect(bench.counters).toEqual([8, 8, 2, 0]);
    },
  },
  {
    source: "S L39 mm/mmap.c",
    fact: "MAP_ANONYMOUS | MAP_HUGETLB rounds the length up",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(4);
      const process = bench.spawn();
      const address = ok(guest.mmap(process, { length: 2 * MiB + 1, flags: 0x40022 }));
      expect(bench.counters).toEqual([4, 4, 2, 0]);
      expect(bench.write(process, address, 1)).toBeUndefined();
    },
  },
  {
    source: "S L39 hugetlbfs_unlink, evict_inode",
    fact: "unlink frees nothing until the last close and the last unmap",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(3);
      const mount = ok(guest.hugetlbfs.mount());
      const file = open(bench, mount);
      const process = bench.spawn();
      const address = ok(bench.mapFile(process, file, 2));
      bench.write(process, address);
      expect(guest.hugetlbfs.unlink(mount, "file")).toBe(0);
      expect(guest.hugetlbfs.unlink(mount, "file")).toBe(-2);
      expect(bench.counters).toEqual([3, 2, 1, 0]);
      guest.hugetlbfs.close(file);
      expect(bench.counters).toEqual([3, 2, 1, 0]);
      // The name is free for another file.
      expect(open(bench, mount)).not.toBe(file);
      guest.munmap(process, address);
      expect(bench.counters).toEqual([3, 3, 0, 0]);
    },
  },
];

const mounts: readonly Fact[] = [
  {
    source: "S L39 hugetlbfs_parse_options",
    fact: "a mount takes uid, gid, mode, size in bytes and nr_inodes",
    holds: ({ guest }) => {
      expect(guest.hugetlbfs.mount("uid=1000,gid=0x10,mode=1770,size=5M,nr_inodes=1k,pagesize=2M,,")).toMatchObject({
        uid: 1000,
        gid: 16,
        mode: 0o1770,
        maxHpages: 2,
        maxInodes: 1024,
      });
      expect(guest.hugetlbfs.mount()).toMatchObject({ uid: 0, gid: 0, mode: 0o755, maxHpages: undefined });
    },
  },
  {
    source: "S lib/vsprintf.c simple_strtoull",
    fact: "a number that begins with 0 is octal, and ends at the first 8 or 9",
    holds: ({ guest }) => {
      expect(guest.hugetlbfs.mount("uid=010,nr_inodes=017,size=010M")).toMatchObject({
        uid: 8,
        maxInodes: 15,
        maxHpages: 4,
      });
      // The 8 ends the number: what stands behind it, a unit or a percent sign, is not looked at any more.
      expect(guest.hugetlbfs.mount("nr_inodes=018,size=08M,min_size=09%")).toMatchObject({
        maxInodes: 1,
        maxHpages: 0,
        minHpages: 0,
      });
      // A mount without inodes has none for its root.
      expect(guest.hugetlbfs.mount("nr_inodes=08")).toBe(-12);
    },
  },
  {
    source: "S L39 hugetlbfs_parse_options",
    fact: "size in percent is of the persistent pool, as it is when mounted",
    holds: ({ guest }) => {
      guest.setNrHugepages(5);
      const mount = ok(guest.hugetlbfs.mount("size=50%"));
      guest.setNrHugepages(10);
      expect(mount.maxHpages).toBe(2);
      expect(guest.hugetlbfs.mount("size=50%")).toMatchObject({ maxHpages: 5 });
    },
  },
  {
    source: "S L39 hugetlbfs_statfs",
    fact: "statfs counts in hugepages: what a mount may use, and what is not used or reserved",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(8);
      const mount = ok(guest.hugetlbfs.mount("size=8M,nr_inodes=3"));
      expect(guest.hugetlbfs.statfs(mount)).toEqual({
        type: 0x958458f6,
        bsize: HUGEPAGE,
        blocks: 4,
        bfree: 4,
        bavail: 4,
        files: 3,
        ffree: 2,
        namelen: 255,
      });
      const process = bench.spawn();
      const file = open(bench, mount);
      const address = ok(bench.mapFile(process, file, 3));
      bench.write(process, address);
      expect(guest.hugetlbfs.statfs(mount)).toMatchObject({ blocks: 4, bfree: 1, ffree: 1 });
      // Without a size nothing is told.
      expect(guest.hugetlbfs.statfs(ok(guest.hugetlbfs.mount("nr_inodes=5")))).toMatchObject({ blocks: 0, files: 0 });
    },
  },
  {
    source: "S L39 hugetlbfs_alloc_inode",
    fact: "a file beyond nr_inodes is ENOSPC; the root directory is one of them",
    holds: (bench) => {
      const { hugetlbfs } = bench.guest;
      const mount = ok(hugetlbfs.mount("nr_inodes=2"));
      const file = open(bench, mount, "a");
      expect(hugetlbfs.open(mount, "b", O_CREAT)).toBe(-28);
      expect(hugetlbfs.unlink(mount, "a")).toBe(0);
      expect(hugetlbfs.open(mount, "b", O_CREAT)).toBe(-28);
      hugetlbfs.close(file);
      ok(hugetlbfs.open(mount, "b", O_CREAT));
      expect(hugetlbfs.mount("nr_inodes=0")).toBe(-12);
    },
  },
  {
    source: "S L39 hugetlb_get_quota",
    fact: "a mount that is full refuses a fault without reservation with SIGBUS, whatever the pool has",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(8);
      const file = open(bench, ok(guest.hugetlbfs.mount("size=4M")));
      const process = bench.spawn();
      const address = ok(bench.mapFile(process, file, 3, { noReserve: true }));
      expect([0, 1, 2].map((page) => bench.write(process, address, page))).toEqual([undefined, undefined, "SIGBUS"]);
      expect(bench.counters).toEqual([8, 6, 0, 0]);
    },
  },
  {
    source: "M 4.1 hugepage_new_subpool",
    fact: "min_size is reserved at mount, used by its files first, and kept when they let go",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(4);
      const mount = ok(guest.hugetlbfs.mount("min_size=6M"));
      expect(bench.counters).toEqual([4, 4, 3, 0]);
      expect(guest.hugetlbfs.mount("min_size=4M")).toBe(-12);
      const file = open(bench, mount);
      const process = bench.spawn();
      const address = ok(bench.mapFile(process, file, 4));
      expect(bench.counters).toEqual([4, 4, 4, 0]);
      guest.touchAll(process, address);
      expect(bench.counters).toEqual([4, 0, 0, 0]);
      guest.munmap(process, address);
      guest.hugetlbfs.ftruncate(file, 0);
      expect(bench.counters).toEqual([4, 4, 3, 0]);
      expect(guest.hugetlbfs.umount(mount)).toBe(-16);
      guest.hugetlbfs.close(file);
      expect(guest.hugetlbfs.umount(mount)).toBe(0);
      expect(bench.counters).toEqual([4, 4, 0, 0]);
    },
  },
  {
    source: "M 4.1 free_huge_page",
    fact: "a page that min_size keeps reserved stays in the pool, though there is surplus",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(1);
      const mount = ok(guest.hugetlbfs.mount("min_size=2M"));
      const file = open(bench, mount);
      const process = bench.spawn();
      bench.write(process, ok(bench.mapFile(process, file, 1)));
      guest.setNrHugepages(0);
      expect(bench.counters).toEqual([1, 0, 0, 1]);
      guest.hugetlbfs.ftruncate(file, 0);
      expect(bench.counters).toEqual([1, 1, 1, 1]);
    },
  },
  {
    source: "S L39 kill_litter_super",
    fact: "umount takes the files with it, unless one is open or mapped",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(2);
      const mount = ok(guest.hugetlbfs.mount());
      const file = open(bench, mount);
      const process = bench.spawn();
      const address = ok(bench.mapFile(process, file, 2));
      bench.write(process, address);
      guest.hugetlbfs.close(file);
      expect(guest.hugetlbfs.umount(mount)).toBe(-16);
      guest.munmap(process, address);
      expect(bench.counters).toEqual([2, 1, 1, 0]);
      expect(guest.hugetlbfs.umount(mount)).toBe(0);
      expect(bench.counters).toEqual([2, 2, 0, 0]);
    },
  },
];

describe("files of hugetlbfs are as linux-facts §2.2 says:", () => checkFacts(files));
describe("mounts of hugetlbfs are as linux-facts §2.2 says:", () => checkFacts(mounts));

describe("a mount is refused with EINVAL, and the log says why,", () => {
  it.each([
    ["sise=4M", 'hugetlbfs: Bad mount option: "sise=4M"'],
    ["constructor=1", 'hugetlbfs: Bad mount option: "constructor=1"'],
    ["__proto__", 'hugetlbfs: Bad mount option: "__proto__"'],
    ["size", 'hugetlbfs: Bad mount option: "size"'],
    ["size=", 'hugetlbfs: Bad mount option: "size="'],
    ["uid=root", 'hugetlbfs: Bad mount option: "uid=root"'],
    ["uid=08", 'hugetlbfs: Bad mount option: "uid=08"'],
    ["mode=8", 'hugetlbfs: Bad mount option: "mode=8"'],
    ["size=M", "hugetlbfs: Bad value 'M' for mount option 'size=M'"],
    ["nr_inodes=k", "hugetlbfs: Bad value 'k' for mount option 'nr_inodes=k'"],
    ["min_size=-1", "hugetlbfs: Bad value '-1' for mount option 'min_size=-1'"],
    ["pagesize=1G", "hugetlbfs: Unsupported page size 1024 MB"],
    ["pagesize=two", "hugetlbfs: Unsupported page size 0 MB"],
    ["size=2M,min_size=4M", "hugetlbfs: minimum size can not be greater than maximum size"],
  ])("for %s [S L39 hugetlbfs_parse_options]", (options, line) => {
    const { guest } = boot("sealed", 16);
    expect(guest.hugetlbfs.mount(options)).toBe(-22);
    expect(guest.log).toEqual([line]);
  });
});

describe("a name of a file", () => {
  it.each([
    ["255 bytes", "n".repeat(255), true],
    ["256 bytes", "n".repeat(256), false],
    ["255 bytes in 85 characters", "\u20ac".repeat(85), true],
    ["256 bytes in 128 characters", "\u00e9".repeat(128), false],
    ["256 bytes in 64 characters", "\u{1f600}".repeat(64), false],
  ])("of %s is %#: as long as NAME_MAX allows, or ENAMETOOLONG [S L39 simple_lookup]", (_bytes, name, fits) => {
    const { guest } = boot("sealed", 16);
    const mount = ok(guest.hugetlbfs.mount());
    expect(guest.hugetlbfs.unlink(mount, name)).toBe(fits ? -2 : -36);
    const file = guest.hugetlbfs.open(mount, name, O_CREAT);
    if (fits) expect(file).toMatchObject({ name });
    else expect(file).toBe(-36);
    expect(mount.names.size).toBe(fits ? 1 : 0);
  });
});

describe("who drives hugetlbfs wrongly is told so:", () => {
  const { guest } = boot("sealed", 16);
  const { hugetlbfs } = guest;
  const mount = ok(hugetlbfs.mount());
  const gone = ok(hugetlbfs.mount());
  hugetlbfs.umount(gone);
  const file = ok(hugetlbfs.open(mount, "file", O_CREAT));
  const closed = ok(hugetlbfs.open(mount, "closed", O_CREAT));
  hugetlbfs.close(closed);
  const taken = ok(hugetlbfs.mount());
  const released = ok(hugetlbfs.open(taken, "released", O_CREAT));
  hugetlbfs.close(released);
  hugetlbfs.umount(taken);
  const process = ok(guest.spawn());
  const object = ok(guest.shmemFile(4096));
  guest.unlink(object);

  it.each<readonly [string, () => unknown, string]>([
    ["a name with a slash", () => hugetlbfs.open(mount, "a/b", O_CREAT), 'name: "a/b" given'],
    ["a mount that is gone", () => hugetlbfs.open(gone, "a", O_CREAT), "mount: it was taken away"],
    ["statfs of one that is gone", () => hugetlbfs.statfs(gone), "mount: it was taken away"],
    ["a file that is closed", () => hugetlbfs.close(closed), "file: closed more often"],
    ["ftruncate of a file that is gone", () => hugetlbfs.ftruncate(released, 0), "file: it is gone"],
    [
      "mmap of a file that is gone",
      () => guest.mmap(process, { length: 2 ** 21, flags: MAP_SHARED, file: released }),
      "file: it is gone",
    ],
    [
      "mmap of an object that is gone",
      () => guest.mmap(process, { length: 4096, flags: MAP_SHARED, file: object }),
      "file: it is gone",
    ],
    ["half a byte", () => hugetlbfs.read(file, 0.5, 1), "position: 0.5 given"],
    ["a negative length", () => hugetlbfs.write(file, 0, -1), "length: -1 given"],
    ["a size that is no number", () => hugetlbfs.ftruncate(file, Number.NaN), "bytes: NaN given"],
    ["a limit that is no number", () => guest.setNrOvercommitHugepages(-1), "nr_overcommit_hugepages: -1 given"],
    ["a pool at boot", () => boot("sealed", 16, { hugepages: 1.5 }), "hugepages: 1.5 given"],
    ["a group", () => guest.shm.setHugetlbShmGroup(-3), "gid: -3 given"],
  ])("%s", (_name, call, message) => {
    expect(call).toThrow(RangeError);
    expect(call).toThrow(message);
  });
});
