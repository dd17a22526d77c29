import { HPAGE_SIZE } from "./address-layout.ts";
import { EBUSY, EEXIST, EINVAL, ENAMETOOLONG, ENODEV, ENOENT, ENOMEM } from "./errno.ts";
import type { HugetlbFile } from "./hugetlb-file.ts";
import { hugetlbAcctMemory } from "./hugetlb-pool.ts";
import { type HugetlbfsMount, type HugetlbfsStatfs, NAME_MAX, hugetlbfsStatfs, makeMount } from "./hugetlbfs-mount.ts";
import { hugetlbfsParseOptions } from "./hugetlbfs-options.ts";
import { hugetlbfsGetInode, truncateHugepages, unlinkHugetlbFile, hugetlbEvictInode } from "./hugetlbfs.ts";
import type { Kernel } from "./kernel.ts";
import { isReleased } from "./mmap.ts";

/** How a file is opened. [L39 include/asm-generic/fcntl.h] */
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;

/**
 * System calls on mounts and files of hugetlbfs: `guest.hugetlbfs`. [L39 fs/hugetlbfs/inode.c; linux-facts §2.2]
 *
 * A file is mapped with {@link Guest.mmap}. Simplified: a file descriptor is the file itself, so it is closed as often as
 * it was opened; a process that ends closes nothing; names have a longest length and paths have none. Permissions are
 * remembered, and nobody is kept out.
 */
export class HugetlbfsSyscalls {
  private readonly kernel: Kernel;
  private readonly checkRunning: () => void;

  /**
   * @param kernel - whose mounts these are.
   * @param checkRunning - throws when the guest can run nothing.
   */
  constructor(kernel: Kernel, checkRunning: () => void) {
    this.kernel = kernel;
    this.checkRunning = checkRunning;
  }

  /**
   * Mounts a hugetlbfs.
   *
   * @param options - as for `mount -o`: uid, gid, mode, size, min_size, nr_inodes, pagesize.
   * @returns −EINVAL for an unknown option or a bad value, −ENOMEM when the pool cannot reserve min_size or nr_inodes
   * leaves none for the root, −ENODEV when the guest has no hugetlbfs.
   */
  mount(options = ""): HugetlbfsMount | number {
    this.checkRunning();
    if (this.kernel.hugetlbfs.internalMount === undefined) return -ENODEV;
    const config = hugetlbfsParseOptions(this.kernel, options);
    if (typeof config === "number") return config;
    if (config.maxInodes === 0 || !hugetlbAcctMemory(this.kernel, config.minHpages)) return -ENOMEM;
    return makeMount(config);
  }

  /** Takes a mount away with all its files. −EBUSY while one of them is open or mapped. */
  umount(mount: HugetlbfsMount): number {
    this.check(mount);
    for (const { opens, mappings } of mount.inodes) if (opens > 0 || mappings.size > 0) return -EBUSY;
    for (const file of mount.inodes) unlinkHugetlbFile(this.kernel, file);
    hugetlbAcctMemory(this.kernel, -mount.minHpages);
    mount.mounted = false;
    return 0;
  }

  /**
   * Opens a file by name in the root directory; a new one has 0 bytes.
   *
   * @param flags - O_CREAT, O_EXCL.
   * @returns −ENAMETOOLONG, −ENOENT, −EEXIST, or −ENOSPC when nr_inodes allows no more.
   */
  open(mount: HugetlbfsMount, name: string, flags: number): HugetlbFile | number {
    this.check(mount);
    if (name === "" || name.includes("/")) {
      throw new RangeError(`name: "${name}" given, expected the name of a file in the root of the mount`);
    }
    if (bytesInUtf8(name) > NAME_MAX) return -ENAMETOOLONG;
    const known = mount.names.get(name);
    if (known !== undefined && (flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) return -EEXIST;
    if (known === undefined && (flags & O_CREAT) === 0) return -ENOENT;
    const file = known ?? hugetlbfsGetInode(mount, 0, name);
    if (typeof file !== "number") file.opens++;
    return file;
  }

  /** Closes a file; the last close of one without a name lets its pages go, unless it is mapped. */
  close(file: HugetlbFile): void {
    this.checkRunning();
    if (file.opens === 0) throw new RangeError("file: closed more often than it was opened");
    file.opens--;
    hugetlbEvictInode(this.kernel, file);
  }

  /**
   * Reads from a file: zeroes where no page is. Simplified: the contents of hugepages are not simulated.
   *
   * @returns how many bytes there are to read.
   */
  read(file: HugetlbFile, position: number, length: number): number {
    this.checkRunning();
    wholeNumber("position", position);
    wholeNumber("length", length);
    return Math.min(length, Math.max(0, file.size - position));
  }

  /** Writes to a file: −EINVAL, there is no such operation. Files are filled through mappings. */
  write(_file: HugetlbFile, _position: number, length: number): number {
    this.checkRunning();
    wholeNumber("length", length);
    return -EINVAL;
  }

  /** Sets the size of a file: 0, or −EINVAL when it is not a multiple of 2 MiB. */
  ftruncate(file: HugetlbFile, bytes: number): number {
    this.checkRunning();
    if (!Number.isInteger(bytes)) throw new RangeError(`bytes: ${bytes} given, expected a whole number`);
    if (isReleased(file)) throw new RangeError("file: it is gone, expected one that has a name, is open or is mapped");
    if (bytes < 0 || bytes % HPAGE_SIZE !== 0) return -EINVAL;
    truncateHugepages(this.kernel, file, bytes);
    return 0;
  }

  /** Drops a name: 0, −ENOENT or −ENAMETOOLONG. The pages go when the file is neither open nor mapped. */
  unlink(mount: HugetlbfsMount, name: string): number {
    this.check(mount);
    if (bytesInUtf8(name) > NAME_MAX) return -ENAMETOOLONG;
    const file = mount.names.get(name);
    if (file === undefined) return -ENOENT;
    unlinkHugetlbFile(this.kernel, file);
    return 0;
  }

  /** Room of a mount, in blocks of 2 MiB. */
  statfs(mount: HugetlbfsMount): HugetlbfsStatfs {
    this.check(mount);
    return hugetlbfsStatfs(mount);
  }

  private check(mount: HugetlbfsMount): void {
    this.checkRunning();
    if (!mount.mounted) throw new RangeError("mount: it was taken away, expected one that is mounted");
  }
}

function wholeNumber(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 0) {
    throw new RangeError(`${name}: ${value} given, expected a whole number from 0`);
  }
}

/** How long a name is to a file system. There is no TextEncoder where neither a browser nor Node is presumed. */
function bytesInUtf8(name: string): number {
  let bytes = 0;
  for (const character of name) {
    const code = character.codePointAt(0) as number;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}
