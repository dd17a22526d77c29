import { HPAGE_SIZE, PAGE_SIZE } from "./address-layout.ts";
import { EEXIST, EINVAL, ENOENT, ENOSPC, EPERM } from "./errno.ts";
import type { HugetlbFile } from "./hugetlb-file.ts";
import { hugetlbFileSetup } from "./hugetlbfs.ts";
import { type Kernel, printk } from "./kernel.ts";
import { unlinkFile } from "./mmap.ts";
import type { ShmemFile } from "./shmem-file.ts";
import { shmemFileSetup } from "./shmem.ts";
import { VM_NORESERVE } from "./vma.ts";

/** [L39 include/linux/ipc.h, shm.h] */
export const IPC_PRIVATE = 0;
export const IPC_CREAT = 0o1000;
export const IPC_EXCL = 0o2000;
export const SHM_HUGETLB = 0o4000;
/** Nothing is reserved at shmget. */
export const SHM_NORESERVE = 0o10000;

/** Segments there can be: SHMMNI. */
const SHMMNI = 4096;

/** Who asks for a segment. Simplified: processes have no credentials, so they come with the call. */
export interface IpcCredentials {
  readonly uid: number;
  /** All groups, the effective one among them. */
  readonly groups: readonly number[];
  readonly capIpcLock: boolean;
  /** RLIMIT_MEMLOCK in bytes; `Infinity` for unlimited. */
  readonly memlock: number;
}

/** Root, who may do everything. */
export const ROOT_CREDENTIALS: IpcCredentials = { uid: 0, groups: [0], capIpcLock: true, memlock: 65_536 };

/** A System V segment: `struct shmid_kernel`. */
export interface ShmSegment {
  readonly id: number;
  /** IPC_PRIVATE once it is marked for destruction. */
  key: number;
  /** What was asked for, in bytes. */
  readonly size: number;
  readonly file: HugetlbFile | ShmemFile;
  /** User to whose locked memory it counts: it was made by the memlock limit alone. */
  readonly mlockUser: number | undefined;
}

/** Segments of a guest, and the settings about them. */
export interface ShmNamespace {
  readonly segments: Map<number, ShmSegment>;
  nextId: number;
  /** Members of this group may use SHM_HUGETLB: /proc/sys/vm/hugetlb_shm_group. */
  hugetlbShmGroup: number;
  /** Whether the warning about memlock limits was printed: WARN_ONCE. */
  warned: boolean;
}

/** No segments, and the group that a kernel boots with. */
export function makeShmNamespace(): ShmNamespace {
  return { segments: new Map(), nextId: 0, hugetlbShmGroup: 0, warned: false };
}

/** What is asked for: the arguments of `shmget`. */
export interface ShmRequest {
  readonly size: number;
  /** IPC_… and SHM_… bits. */
  readonly flags: number;
  /** Default: IPC_PRIVATE. */
  readonly key?: number;
}

/**
 * Finds or makes a segment: `shmget`, `newseg`. [L39 ipc/shm.c; linux-facts §2.2]
 *
 * With SHM_HUGETLB the whole segment is reserved, for the inode as a shared mapping would. Its length is rounded up to
 * hugepages: L39 reserved one too few for others, which could then not be attached.
 * Simplified: no SHMMAX and SHMALL, which an administrator raises for a database anyway.
 *
 * @returns its id; −EINVAL for a wrong size, which a size that no `size_t` can hold is before all else, −ENOENT, −EEXIST, −EPERM without the right to lock memory, −ENOMEM when the
 * pool cannot reserve it, −ENOSPC when there are too many segments.
 */
export function shmget(kernel: Kernel, request: ShmRequest, cred: IpcCredentials): number {
  const { segments } = kernel.shm;
  const { key = IPC_PRIVATE, flags, size } = request;
  if (!Number.isSafeInteger(size) || size < 0) return -EINVAL;
  const known = key === IPC_PRIVATE ? undefined : findKey(kernel, key);
  if (known !== undefined) {
    if ((flags & (IPC_CREAT | IPC_EXCL)) === (IPC_CREAT | IPC_EXCL)) return -EEXIST;
    return size > known.size ? -EINVAL : known.id;
  }
  if (key !== IPC_PRIVATE && (flags & IPC_CREAT) === 0) return -ENOENT;
  if (size === 0) return -EINVAL;
  const huge = (flags & SHM_HUGETLB) !== 0;
  const made = huge ? newHugetlbFile(kernel, request, cred) : shmemFileSetup(size);
  if (typeof made === "number") return made;
  forgetDestroyed(kernel);
  if (segments.size >= SHMMNI) {
    unlinkFile(kernel, made);
    return -ENOSPC;
  }
  const id = kernel.shm.nextId++;
  const mlockUser = huge && !canDoHugetlbShm(kernel, cred) ? cred.uid : undefined;
  segments.set(id, { id, key, size, file: made, mlockUser });
  return id;
}

function newHugetlbFile(kernel: Kernel, { size, flags }: ShmRequest, cred: IpcCredentials): HugetlbFile | number {
  if (kernel.hugetlbfs.internalMount === undefined) return -ENOENT;
  if (!canDoHugetlbShm(kernel, cred)) {
    if (!userShmLock(kernel, size, cred)) return -EPERM;
    if (!kernel.shm.warned) printk(kernel, "Using mlock ulimits for SHM_HUGETLB deprecated");
    kernel.shm.warned = true;
  }
  const bytes = Math.ceil(size / HPAGE_SIZE) * HPAGE_SIZE;
  return hugetlbFileSetup(kernel, bytes, (flags & SHM_NORESERVE) !== 0 ? VM_NORESERVE : 0);
}

function canDoHugetlbShm(kernel: Kernel, cred: IpcCredentials): boolean {
  return cred.capIpcLock || cred.groups.includes(kernel.shm.hugetlbShmGroup);
}

/** Whether a user's segments stay within the memlock limit with one more: `user_shm_lock`. */
function userShmLock(kernel: Kernel, size: number, { uid, memlock }: IpcCredentials): boolean {
  forgetDestroyed(kernel);
  let locked = pagesOf(size);
  for (const segment of kernel.shm.segments.values()) {
    if (segment.mlockUser === uid) locked += pagesOf(segment.size);
  }
  return locked <= memlock / PAGE_SIZE;
}

function pagesOf(bytes: number): number {
  return Math.ceil(bytes / PAGE_SIZE);
}

/** Segment of an id: undefined when there is none, or it was destroyed with its last detach. */
export function findSegment(kernel: Kernel, id: number): ShmSegment | undefined {
  forgetDestroyed(kernel);
  return kernel.shm.segments.get(id);
}

function findKey(kernel: Kernel, key: number): ShmSegment | undefined {
  for (const segment of kernel.shm.segments.values()) if (segment.key === key) return segment;
  return undefined;
}

/** Marks a segment for destruction, IPC_RMID: it goes with its last detach. 0, or −EINVAL when there is none. */
export function shmRmid(kernel: Kernel, id: number): number {
  const segment = findSegment(kernel, id);
  if (segment === undefined) return -EINVAL;
  segment.key = IPC_PRIVATE;
  if (segment.file.linked) unlinkFile(kernel, segment.file);
  return 0;
}

/** Drops segments whose file is gone: `shm_destroy`, which Linux does at the last detach. */
function forgetDestroyed(kernel: Kernel): void {
  for (const [id, { file }] of kernel.shm.segments) {
    if (!file.linked && file.mappings.size === 0) kernel.shm.segments.delete(id);
  }
}
