import { type Domain, type Host, destroyDomain } from "@xsp/hypervisor";
import { HPAGE_SIZE } from "./address-layout.ts";
import { type Balloon, makeBalloon, setBalloonTarget } from "./balloon.ts";
import { type GuestOptions, bootKernel } from "./boot.ts";
import { EOPNOTSUPP } from "./errno.ts";
import { GuestEvents } from "./guest-events.ts";
import type { HugetlbFile } from "./hugetlb-file.ts";
import { setMaxHugePages } from "./hugetlb-pool.ts";
import { HugetlbfsSyscalls } from "./hugetlbfs-syscalls.ts";
import { hugetlbFileSetup } from "./hugetlbfs.ts";
import { type Kernel, nrFreePages } from "./kernel.ts";
import { unlinkFile } from "./mmap.ts";
import { ProcessSyscalls } from "./process-syscalls.ts";
import { listPseudoFiles, readPseudoFile, writePseudoFile } from "./proc/file-tree.ts";
import type { SystemState } from "./proc/pseudo-file.ts";
import type { ShmemFile } from "./shmem-file.ts";
import { shmemFileSetup } from "./shmem.ts";
import { ShmSyscalls } from "./shm-syscalls.ts";
import type { GuestStyle } from "./zone.ts";

/** State of the hugepage pool, in hugepages of 2 MiB: the HugePages_… lines of /proc/meminfo. */
export interface PoolTotals {
  readonly total: number;
  readonly free: number;
  /** Free ones that are promised to a mapping, a segment or a mount. */
  readonly reserved: number;
  /** Those beyond what nr_hugepages asked for. */
  readonly surplus: number;
  /** How many surplus ones may be taken from the buddy: nr_overcommit_hugepages. */
  readonly overcommit: number;
  /** How many carry a mark that Xen accepted. */
  readonly marked: number;
  /** All of them, in bytes. */
  readonly bytes: number;
}

/** The balloon in pages of 4 KiB: what stands under /sys/devices/system/xen_memory/xen_memory0. */
export interface BalloonTotals {
  readonly currentPages: number;
  /** What was asked for; the guest may have more or less. */
  readonly targetPages: number;
  /** Given back to Xen, by where they were. */
  readonly lowPages: number;
  readonly highPages: number;
}

/**
 * A Linux-like PV guest on a simulated host: its system calls and its devices, for whoever drives it.
 *
 * It reaches the hypervisor through hypercalls and stores of its CPU only. What user space does wrong comes back as a
 * negated errno or a signal; a wrong argument of the driver throws a `RangeError`, as does any call that the guest itself
 * would have to serve while it is suspended or after it was shut down. What is only looked at from outside can still be:
 * {@link Guest.events}, {@link Guest.pool}, {@link Guest.balloonTotals}, {@link Guest.log}, the list of processes.
 */
export class Guest extends ProcessSyscalls {
  readonly domain: Domain;
  readonly style: GuestStyle;
  /** Memory in 4 KiB pages. */
  readonly frames: number;
  /** Mounts and files of hugetlbfs. */
  readonly hugetlbfs: HugetlbfsSyscalls;
  /** System V shared memory: shmget and its kin. */
  readonly shm: ShmSyscalls;
  private readonly balloon: Balloon;

  /** Use {@link bootGuest}. */
  constructor(kernel: Kernel, balloonHugepages: boolean) {
    super(kernel);
    this.balloon = makeBalloon(kernel.memMap.nrPages, balloonHugepages);
    this.domain = kernel.domain;
    this.style = kernel.style;
    this.frames = kernel.memMap.nrPages;
    this.hugetlbfs = new HugetlbfsSyscalls(kernel, () => this.checkRunning());
    this.shm = new ShmSyscalls(
      kernel,
      (process) => this.run(process),
      () => this.checkRunning(),
    );
  }

  /** The kernel's log, in Linux's words. */
  get log(): readonly string[] {
    return this.kernel.log;
  }

  /** Copies the guest's counters. */
  events(): GuestEvents {
    return Object.assign(new GuestEvents(), this.kernel.events);
  }

  /** Pages of 4 KiB in the buddy allocator. */
  freePages(): number {
    return nrFreePages(this.kernel);
  }

  /**
   * Asks for a pool of so many hugepages, as a write to nr_hugepages does: it gets as far as it gets.
   *
   * @returns how many hugepages the pool has now, surplus ones among them; −EOPNOTSUPP when the guest has no hugepages.
   */
  setNrHugepages(count: number): number {
    checkCount("nr_hugepages", count);
    this.checkRunning();
    if (this.kernel.hugetlbfs.internalMount === undefined) return -EOPNOTSUPP;
    return setMaxHugePages(this.kernel, count);
  }

  /**
   * Lets the pool take so many surplus hugepages from the buddy: a write to nr_overcommit_hugepages. Surplus pages that
   * there are stay.
   *
   * @returns 0, or −EOPNOTSUPP when the guest has no hugepages.
   */
  setNrOvercommitHugepages(count: number): number {
    checkCount("nr_overcommit_hugepages", count);
    this.checkRunning();
    if (this.kernel.hugetlbfs.internalMount === undefined) return -EOPNOTSUPP;
    this.kernel.hstate.nrOvercommitHugePages = count;
    return 0;
  }

  /** The pool as /proc/meminfo shows it. */
  pool(): PoolTotals {
    const { nrHugePages, freeHugePages, resvHugePages, surplusHugePages, marked } = this.kernel.hstate;
    return {
      total: nrHugePages,
      free: freeHugePages,
      reserved: resvHugePages,
      surplus: surplusHugePages,
      overcommit: this.kernel.hstate.nrOvercommitHugePages,
      marked,
      bytes: nrHugePages * HPAGE_SIZE,
    };
  }

  /** Text of a file under /proc or /sys, or a negated errno: what `cat` shows. See `proc/file-tree.ts`. */
  readFile(path: string): string | number {
    return readPseudoFile(this.system(), path);
  }

  /** Writes to a file under /proc or /sys as root, in one `write`. Returns 0 or a negated errno. */
  writeFile(path: string, text: string): number {
    return writePseudoFile(this.system(), path, text);
  }

  /** Names in a directory under /proc or /sys, those of directories with a slash at their end, or a negated errno. */
  listFiles(path: string): string[] | number {
    return listPseudoFiles(this.system(), path);
  }

  /** Makes a shared file of hugepages without a name and reserves them, as SHM_HUGETLB does. −EINVAL or −ENOMEM else. */
  hugetlbFile(bytes: number): HugetlbFile | number {
    this.checkRunning();
    return hugetlbFileSetup(this.kernel, bytes);
  }

  /** Makes a shared object of 4 KiB pages without a name: −EINVAL for a wrong size. */
  shmemFile(bytes: number): ShmemFile | number {
    this.checkRunning();
    return shmemFileSetup(bytes);
  }

  /** Drops the name of a segment; its pages go when no process maps it: `unlink`, IPC_RMID. */
  unlink(file: HugetlbFile | ShmemFile): void {
    this.checkRunning();
    if (!file.linked) throw new RangeError("file: its name is gone already");
    unlinkFile(this.kernel, file);
  }

  /**
   * Gives pages to Xen, or takes pages from it, until the guest has as many as asked for or no more can be done: a write
   * to target_kb, or the toolstack's memory/target.
   *
   * @param pages - of 4 KiB; with `balloonHugepages` rounded down to whole hugepages.
   * @returns how many it has now.
   * @throws RangeError for what is no number of pages.
   */
  setBalloonTarget(pages: number): number {
    if (!Number.isInteger(pages) || pages < 0) {
      throw new RangeError(`target: ${pages} given, expected a whole number of 4 KiB pages`);
    }
    this.checkRunning();
    const unit = 2 ** this.balloon.order;
    setBalloonTarget(this.kernel, this.balloon, Math.floor(pages / unit));
    return this.balloon.currentPages * unit;
  }

  /** The balloon as sysfs shows it. */
  balloonTotals(): BalloonTotals {
    const { order, currentPages, targetPages, pages } = this.balloon;
    const unit = 2 ** order;
    return {
      currentPages: currentPages * unit,
      targetPages: targetPages * unit,
      lowPages: pages.low * unit,
      highPages: pages.high * unit,
    };
  }

  /** Gives 4 KiB pages back to Xen: a target that much below what the guest has. Returns how many went. */
  decreaseReservation(pages: number): number {
    const { currentPages } = this.balloonTotals();
    return currentPages - this.setBalloonTarget(Math.max(0, currentPages - pages));
  }

  /** Takes 4 KiB pages back from Xen: a target that much above what the guest has. Returns how many came. */
  increaseReservation(pages: number): number {
    const { currentPages } = this.balloonTotals();
    return this.setBalloonTarget(currentPages + pages) - currentPages;
  }

  /** Destroys the domain from outside, whatever runs in it. Returns 0; any other call throws from then on. */
  shutdown(): number {
    this.stopForGood();
    return destroyDomain(this.domain);
  }

  /** What files of /proc and /sys are made up from, by the guest itself. */
  private system(): SystemState {
    this.checkRunning();
    return { kernel: this.kernel, tasks: this.tasks, balloon: this.balloon };
  }
}

/**
 * Boots a guest on a host.
 *
 * @throws RangeError when an option is wrong or the host has too little memory.
 */
export function bootGuest(host: Host, options: GuestOptions): Guest {
  return new Guest(bootKernel(host, options), options.balloonHugepages ?? false);
}

function checkCount(name: string, count: number): void {
  if (!Number.isInteger(count) || count < 0) {
    throw new RangeError(`${name}: ${count} given, expected a whole number from 0`);
  }
}
