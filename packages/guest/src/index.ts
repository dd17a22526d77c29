export { Guest, bootGuest, type BalloonTotals, type PoolTotals } from "./guest.ts";
export type { GuestOptions, KernelVersion } from "./boot.ts";
export type { Populate } from "./domain-builder.ts";
export type { GuestStyle, Zone, ZoneName } from "./zone.ts";
export { GuestEvents, eventDifference, type GuestEventName } from "./guest-events.ts";
export { errnoOf } from "./errno-name.ts";
export { isErrno, type Signal } from "./errno.ts";
export type { Process } from "./process.ts";
export type { ProcessInfo, VmaInfo } from "./process-list.ts";
export type { HugetlbFile } from "./hugetlb-file.ts";
export type { HugetlbfsMount, HugetlbfsStatfs } from "./hugetlbfs-mount.ts";
export { type HugetlbfsSyscalls, O_CREAT, O_EXCL } from "./hugetlbfs-syscalls.ts";
export {
  IPC_CREAT,
  IPC_EXCL,
  IPC_PRIVATE,
  type IpcCredentials,
  ROOT_CREDENTIALS,
  SHM_HUGETLB,
  SHM_NORESERVE,
  type ShmRequest,
} from "./shm.ts";
export type { ShmSyscalls } from "./shm-syscalls.ts";
export type { ShmemFile } from "./shmem-file.ts";
export type { Mm } from "./mm.ts";
export type { MmapRequest } from "./mmap.ts";
export {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_HUGETLB,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  MADV_DOFORK,
  MADV_DONTFORK,
  PROT_EXEC,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from "./mmap-flags.ts";
export { VM_DONTCOPY, VM_EXEC, VM_HUGETLB, VM_NORESERVE, VM_READ, VM_SHARED, VM_WRITE, type Vma } from "./vma.ts";
export { type GfpFlags, type Kernel, type PvOps, allocPages, freePages, nrFreePages, pageHighMem } from "./kernel.ts";
export { type Highmem, kmap, kmapAtomic, kmapFlushUnused, kunmap, kunmapAtomic } from "./highmem.ts";
export { clearHighpage, copyHighpage } from "./highpage-contents.ts";
export { createContiguousRegion, destroyContiguousRegion } from "./contiguous-region.ts";
export type { Hstate } from "./hstate.ts";
export { type MemMap, NO_PAGE } from "./mem-map.ts";
export type { MulticallBuffer } from "./multicall-buffer.ts";
export { FL_ARGS, FL_CALLBACKS, FL_SLOTS, type MulticallStatistics } from "./multicall-statistics.ts";
export { cleanPath } from "./path.ts";
export type { PhysToMachine } from "./phys-to-machine.ts";
