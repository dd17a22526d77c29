import { HPAGE_SIZE } from "./address-layout.ts";
import { assert } from "./assert.ts";
import type { HugetlbFile } from "./hugetlb-file.ts";

/**
 * A mounted hugetlbfs: `struct hugetlbfs_sb_info` with its `struct hugepage_subpool`. [L39 fs/hugetlbfs/inode.c]
 *
 * `size` limits what its files may use or reserve. `min_size` reserves that many hugepages of the pool for them as long
 * as they use fewer: the mount claims max(used, minimum) hugepages, all in all.
 */
export interface HugetlbfsMount {
  readonly uid: number;
  readonly gid: number;
  /** Permissions of its root directory. */
  readonly mode: number;
  /** Hugepages its files may use or reserve together; undefined without a limit. */
  readonly maxHpages: number | undefined;
  readonly minHpages: number;
  /** Hugepages used or reserved; counted only where there is a limit or a minimum. */
  usedHpages: number;
  /** Inodes it may have, its root among them; undefined without a limit. */
  readonly maxInodes: number | undefined;
  /** Inodes that exist, linked or not, without the root. */
  readonly inodes: Set<HugetlbFile>;
  /** Names in its root directory. Simplified: no other directories. */
  readonly names: Map<string, HugetlbFile>;
  mounted: boolean;
}

/** What a mount is asked for; see {@link HugetlbfsMount}. */
export type HugetlbfsConfig = Pick<HugetlbfsMount, "uid" | "gid" | "mode" | "maxHpages" | "minHpages" | "maxInodes">;

/** Options of a mount that names none. [L39 hugetlbfs_fill_super] */
export const DEFAULT_CONFIG: HugetlbfsConfig = {
  uid: 0,
  gid: 0,
  mode: 0o755,
  maxHpages: undefined,
  minHpages: 0,
  maxInodes: undefined,
};

/** What the kernel knows of hugetlbfs. */
export interface HugetlbfsState {
  /** Mount for files without a name: `hugetlbfs_vfsmount`. Undefined when the guest has no hugepages at all. */
  readonly internalMount: HugetlbfsMount | undefined;
}

/** An empty hugetlbfs. */
export function makeMount(config: HugetlbfsConfig): HugetlbfsMount {
  return { ...config, usedHpages: 0, inodes: new Set(), names: new Map(), mounted: true };
}

/** Whether its use of hugepages is counted. */
export function hasSubpool(mount: HugetlbfsMount): boolean {
  return mount.maxHpages !== undefined || mount.minHpages > 0;
}

/**
 * Charges hugepages to a mount: `hugepage_subpool_get_pages`, before it `hugetlb_get_quota`.
 *
 * @returns how many of them the mount does not hold a reservation for yet; −1 when its size does not allow them.
 */
export function subpoolGetPages(mount: HugetlbfsMount, pages: number): number {
  if (!hasSubpool(mount)) return pages;
  const { maxHpages, minHpages, usedHpages } = mount;
  const used = usedHpages + pages;
  if (maxHpages !== undefined && used > maxHpages) return -1;
  mount.usedHpages = used;
  return Math.max(used, minHpages) - Math.max(usedHpages, minHpages);
}

/**
 * Takes a charge back: `hugepage_subpool_put_pages`, before it `hugetlb_put_quota`.
 *
 * @returns for how many of them the mount keeps no reservation.
 */
export function subpoolPutPages(mount: HugetlbfsMount, pages: number): number {
  if (!hasSubpool(mount)) return pages;
  const { minHpages, usedHpages } = mount;
  const used = usedHpages - pages;
  assert(used >= 0, "a mount uses as many hugepages as were charged to it");
  mount.usedHpages = used;
  return Math.max(usedHpages, minHpages) - Math.max(used, minHpages);
}

/** `f_type` of hugetlbfs. [L39 include/linux/magic.h] */
const HUGETLBFS_MAGIC = 0x958458f6;
/** Longest name of a file, in bytes. [L39 include/linux/limits.h] */
export const NAME_MAX = 255;
/** What stands for no limit of inodes. */
const NO_LIMIT = -1;

/** What `statfs` tells, in units of `bsize` bytes. A mount without a size tells nothing: all 0. */
export interface HugetlbfsStatfs {
  readonly type: number;
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
  readonly namelen: number;
}

/** Room of a mount: `hugetlbfs_statfs`. A block is a hugepage. */
export function hugetlbfsStatfs(mount: HugetlbfsMount): HugetlbfsStatfs {
  const { maxHpages, usedHpages, maxInodes } = mount;
  const limited = maxHpages !== undefined;
  const free = limited ? maxHpages - usedHpages : 0;
  return {
    type: HUGETLBFS_MAGIC,
    bsize: HPAGE_SIZE,
    blocks: maxHpages ?? 0,
    bfree: free,
    bavail: free,
    files: limited ? (maxInodes ?? NO_LIMIT) : 0,
    ffree: limited ? freeInodes(mount) : 0,
    namelen: NAME_MAX,
  };
}

/** Inodes that can still be made; the root directory is one. −1 without a limit. */
export function freeInodes({ inodes, maxInodes }: HugetlbfsMount): number {
  return maxInodes === undefined ? NO_LIMIT : maxInodes - 1 - inodes.size;
}
