import { PAGE_SIZE } from "./address-layout.ts";
import { EINVAL } from "./errno.ts";
import type { Kernel } from "./kernel.ts";
import type { Mm } from "./mm.ts";
import { MAP_SHARED, PROT_READ, PROT_WRITE } from "./mmap-flags.ts";
import { doMmap } from "./mmap.ts";
import { unmapRegion } from "./munmap.ts";
import type { Process } from "./process.ts";
import { type IpcCredentials, ROOT_CREDENTIALS, type ShmRequest, findSegment, shmRmid, shmget } from "./shm.ts";

/** System V shared memory: `guest.shm`. [L39 ipc/shm.c] */
export class ShmSyscalls {
  private readonly kernel: Kernel;
  private readonly run: (process: Process) => Mm;
  private readonly checkRunning: () => void;

  /**
   * @param kernel - whose segments these are.
   * @param run - lets a process run and tells its address space.
   * @param checkRunning - throws when the guest can run nothing.
   */
  constructor(kernel: Kernel, run: (process: Process) => Mm, checkRunning: () => void) {
    this.kernel = kernel;
    this.run = run;
    this.checkRunning = checkRunning;
  }

  /**
   * Finds or makes a segment: its id, or −EINVAL, −ENOENT, −EEXIST, −EPERM, −ENOMEM, −ENOSPC. See `shm.ts`.
   *
   * @param cred - who asks; root if left out.
   */
  get(request: ShmRequest, cred: IpcCredentials = ROOT_CREDENTIALS): number {
    this.checkRunning();
    return shmget(this.kernel, request, cred);
  }

  /** Maps a whole segment: its address, −EINVAL for an unknown id, or what `mmap` says. */
  at(process: Process, id: number, readOnly = false): number {
    const mm = this.run(process);
    const segment = findSegment(this.kernel, id);
    if (segment === undefined) return -EINVAL;
    const { file } = segment;
    const length = file.kind === "hugetlb" ? file.size : file.nrPages * PAGE_SIZE;
    return doMmap(this.kernel, mm, { length, file, flags: MAP_SHARED, prot: PROT_READ | (readOnly ? 0 : PROT_WRITE) });
  }

  /** Unmaps the segment that was attached at an address: 0, or −EINVAL when none was. */
  dt(process: Process, address: number): number {
    const mm = this.run(process);
    const files = new Set([...this.kernel.shm.segments.values()].map(({ file }) => file));
    const parts = mm.vmas.filter(
      ({ file, start, offset }) => file !== undefined && files.has(file) && start - offset === address,
    );
    for (const vma of parts) unmapRegion(this.kernel, mm, vma);
    return parts.length > 0 ? 0 : -EINVAL;
  }

  /** Destroys a segment when its last process detaches, IPC_RMID: 0, or −EINVAL for an unknown id. */
  rmid(id: number): number {
    this.checkRunning();
    return shmRmid(this.kernel, id);
  }

  /** Lets members of a group use SHM_HUGETLB without CAP_IPC_LOCK: a write to /proc/sys/vm/hugetlb_shm_group. */
  setHugetlbShmGroup(gid: number): void {
    if (!Number.isInteger(gid) || gid < 0) throw new RangeError(`gid: ${gid} given, expected a whole number from 0`);
    this.checkRunning();
    this.kernel.shm.hugetlbShmGroup = gid;
  }
}
