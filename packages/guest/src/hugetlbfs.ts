import { HPAGE_SIZE } from "./address-layout.ts";
import { assert } from "./assert.ts";
import { EINVAL, ENOENT, ENOMEM, ENOSPC } from "./errno.ts";
import type { HugetlbFile } from "./hugetlb-file.ts";
import { putHugePage } from "./hugetlb-pool.ts";
import { hugepageIndex, hugetlbFileOf, hugetlbReservePages, hugetlbUnreservePages } from "./hugetlb-reservation.ts";
import { unmapHugepageRange } from "./hugetlb.ts";
import { type HugetlbfsMount, freeInodes } from "./hugetlbfs-mount.ts";
import type { Kernel } from "./kernel.ts";
import { RegionList } from "./region-list.ts";
import { VM_WRITE, type Vma } from "./vma.ts";

/**
 * Inodes of hugetlbfs. [L39 fs/hugetlbfs/inode.c; linux-facts §2.2, §2.5]
 *
 * ```text
 *   open(O_CREAT)                    0 bytes, a name
 *   SHM_HUGETLB                      its size, whole length reserved, named by its id
 *   MAP_ANONYMOUS | MAP_HUGETLB      its size, no name
 *        │
 *        ▼
 *   mmap ──► reserved; i_size grows to cover a writable mapping        ftruncate, unlink: truncateHugepages
 *        └── name gone, last close, last unmap ──► hugetlbEvictInode: everything back to pool and mount
 * ```
 */

/** Makes an inode: `hugetlbfs_get_inode`. −ENOSPC when the mount may have no more. */
export function hugetlbfsGetInode(mount: HugetlbfsMount, bytes: number, name?: string): HugetlbFile | number {
  if (freeInodes(mount) === 0) return -ENOSPC;
  const file: HugetlbFile = {
    kind: "hugetlb",
    mount,
    name,
    size: bytes,
    pages: new Map(),
    regions: new RegionList(),
    mappings: new Set(),
    opens: 0,
    linked: true,
  };
  mount.inodes.add(file);
  if (name !== undefined) mount.names.set(name, file);
  return file;
}

/**
 * Makes a file on the kernel's own mount: `hugetlb_file_setup`.
 *
 * @param bytes - a multiple of 2 MiB.
 * @param vmFlags - VM_NORESERVE: nothing is reserved now. That is how MAP_ANONYMOUS begins, which reserves when the
 * mapping is made, and SHM_NORESERVE. Else the whole length is, for the file.
 * @returns −EINVAL for another length, −ENOMEM when the pool has too few pages that are free and not reserved, −ENOENT
 * when the guest has no hugetlbfs.
 */
export function hugetlbFileSetup(kernel: Kernel, bytes: number, vmFlags = 0): HugetlbFile | number {
  const { internalMount } = kernel.hugetlbfs;
  if (internalMount === undefined) return -ENOENT;
  if (bytes <= 0 || bytes % HPAGE_SIZE !== 0) return -EINVAL;
  const file = hugetlbfsGetInode(internalMount, bytes);
  assert(typeof file !== "number", "the kernel's own mount has no limit of inodes");
  if (hugetlbReservePages(kernel, file, 0, bytes / HPAGE_SIZE, undefined, vmFlags) === 0) return file;
  unlinkHugetlbFile(kernel, file);
  return -ENOMEM;
}

/**
 * Makes a mapping of hugepages ready: the checks of `hugetlb_get_unmapped_area`, then `hugetlbfs_file_mmap`.
 *
 * Reserves what the mapping needs, and lets the file grow to cover it if it is writable.
 *
 * @param vma - new; its start, end, flags, offset and file are final. Its map of reservations is set here.
 * @returns 0; −EINVAL when length, offset or address are not multiples of 2 MiB; −ENOMEM when pool or mount have no room.
 */
export function hugetlbFileMmap(kernel: Kernel, vma: Vma): number {
  const file = hugetlbFileOf(vma);
  const { start, end, offset, flags } = vma;
  if ((end - start) % HPAGE_SIZE !== 0 || offset % HPAGE_SIZE !== 0 || start % HPAGE_SIZE !== 0) return -EINVAL;
  const from = hugepageIndex(vma, start);
  const to = hugepageIndex(vma, end);
  // Which of the two had no room is lost: hugetlbfs_file_mmap knows one errno.
  if (hugetlbReservePages(kernel, file, from, to, vma, flags) !== 0) return -ENOMEM;
  if ((flags & VM_WRITE) !== 0) file.size = Math.max(file.size, to * HPAGE_SIZE);
  return 0;
}

/**
 * Sets the size of a file: `hugetlb_vmtruncate`. The tail is torn from every mapping, dropped from the page cache and no
 * longer reserved.
 *
 * @param toBytes - a multiple of 2 MiB.
 */
export function truncateHugepages(kernel: Kernel, file: HugetlbFile, toBytes: number): void {
  assert(toBytes % HPAGE_SIZE === 0, "a file of hugepages ends with a whole one");
  file.size = toBytes;
  for (const vma of file.mappings) {
    const start = Math.max(vma.start, vma.start + toBytes - vma.offset);
    if (start < vma.end) unmapHugepageRange(kernel, vma, start, vma.end);
  }
  const tail = [...file.pages].filter(([index]) => index >= toBytes / HPAGE_SIZE).sort(([one], [other]) => one - other);
  for (const [index, page] of tail) {
    file.pages.delete(index);
    putHugePage(kernel, page);
  }
  hugetlbUnreservePages(kernel, file, toBytes / HPAGE_SIZE, tail.length);
}

/** Drops a file's name: `hugetlbfs_unlink`, IPC_RMID. */
export function unlinkHugetlbFile(kernel: Kernel, file: HugetlbFile): void {
  assert(file.linked, "a name is dropped once");
  if (file.name !== undefined) file.mount.names.delete(file.name);
  file.linked = false;
  hugetlbEvictInode(kernel, file);
}

/** Ends an inode, if nothing names, opens or maps it any more: `iput`, `hugetlbfs_evict_inode`. */
export function hugetlbEvictInode(kernel: Kernel, file: HugetlbFile): void {
  if (file.linked || file.opens > 0 || file.mappings.size > 0) return;
  truncateHugepages(kernel, file, 0);
  file.mount.inodes.delete(file);
}
