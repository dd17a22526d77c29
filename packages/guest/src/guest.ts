import { type Domain, type Host, destroyDomain, touch } from "@xsp/hypervisor";
import { HPAGE_SIZE, PAGE_SIZE } from "./address-layout.ts";
import { assert } from "./assert.ts";
import { type Balloon, makeBalloon, setBalloonTarget } from "./balloon.ts";
import { type GuestOptions, bootKernel } from "./boot.ts";
import { EINVAL, ENOMEM, type Signal } from "./errno.ts";
import { execMmap, newPinnedMm } from "./exec.ts";
import { exitMm } from "./exit.ts";
import { dupMm } from "./fork.ts";
import { GuestEvents } from "./guest-events.ts";
import type { HugetlbFile } from "./hugetlb-file.ts";
import { setMaxHugePages } from "./hugetlb-pool.ts";
import { hugetlbFileSetup } from "./hugetlb.ts";
import { type Kernel, nrFreePages, printk } from "./kernel.ts";
import type { Mm } from "./mm.ts";
import { type MmapRequest, doMmap, handleMmFault, unlinkFile, unmapRegion } from "./mmap.ts";
import { type ProcessInfo, describeProcess } from "./process-list.ts";
import { type Process, switchMm } from "./process.ts";
import type { ShmemFile } from "./shmem-file.ts";
import { shmemFileSetup } from "./shmem.ts";
import { VM_HUGETLB } from "./vma.ts";
import type { GuestStyle } from "./zone.ts";

/** State of the hugepage pool, in hugepages of 2 MiB: the HugePages_… lines of /proc/meminfo. */
export interface PoolTotals {
  readonly total: number;
  readonly free: number;
  /** Promised to files and not yet touched. */
  readonly reserved: number;
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
 * negated errno or a signal; a wrong argument of the driver throws a `RangeError`.
 */
export class Guest {
  /** The inside of the kernel: for tests and for tools that look into it. */
  readonly kernel: Kernel;
  readonly domain: Domain;
  readonly style: GuestStyle;
  /** Memory in 4 KiB pages. */
  readonly frames: number;
  private readonly tasks = new Map<number, Process>();
  private readonly balloon: Balloon;
  private nextPid = 1;
  private running = true;

  /** Use {@link bootGuest}. */
  constructor(kernel: Kernel, balloonHugepages: boolean) {
    this.kernel = kernel;
    this.balloon = makeBalloon(kernel.memMap.nrPages, balloonHugepages);
    this.domain = kernel.domain;
    this.style = kernel.style;
    this.frames = kernel.memMap.nrPages;
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
   * @returns how many hugepages the pool has now.
   */
  setNrHugepages(count: number): number {
    if (!Number.isInteger(count) || count < 0) {
      throw new RangeError(`nr_hugepages: ${count} given, expected a whole number from 0`);
    }
    return setMaxHugePages(this.kernel, count);
  }

  /** The pool as /proc/meminfo shows it. */
  pool(): PoolTotals {
    const { nrHugePages, freeHugePages, resvHugePages, marked } = this.kernel.hstate;
    return {
      total: nrHugePages,
      free: freeHugePages,
      reserved: resvHugePages,
      marked,
      bytes: nrHugePages * HPAGE_SIZE,
    };
  }

  /** Starts a process with an empty address space, and runs it. Returns −ENOMEM when memory is short. */
  spawn(comm = "init"): Process | number {
    const mm = newPinnedMm(this.kernel);
    if (mm === undefined) return -ENOMEM;
    switchMm(this.kernel, mm);
    return this.addTask(0, comm, mm);
  }

  /**
   * Forks a process; the parent goes on running. See `fork.ts` for what it costs and where.
   *
   * @returns the child, or −ENOMEM with everything undone.
   */
  fork(parent: Process): Process | number {
    const mm = dupMm(this.kernel, this.run(parent));
    return typeof mm === "number" ? mm : this.addTask(parent.pid, parent.comm, mm);
  }

  /** Gives a process an empty address space and another name: `execve`. Returns 0 or −ENOMEM. */
  exec(process: Process, comm: string = process.comm): number {
    this.run(process);
    const rc = execMmap(this.kernel, process);
    if (rc === 0) process.comm = comm;
    return rc;
  }

  /** Ends a process. Simplified: nobody waits for it. */
  exit(process: Process): void {
    const mm = this.mmOf(process);
    process.mm = undefined;
    this.tasks.delete(process.pid);
    exitMm(this.kernel, mm);
  }

  /** Lets a process run: a context switch, unless it runs already. */
  switchTo(process: Process): void {
    this.run(process);
  }

  /** All processes that have not ended, by pid. */
  processes(): readonly ProcessInfo[] {
    return [...this.tasks.values()].map((process) => describeProcess(this.kernel, process, this.mmOf(process)));
  }

  /** Makes a shared segment of hugepages and reserves them: `shmget` with SHM_HUGETLB. −EINVAL or −ENOMEM else. */
  hugetlbFile(bytes: number): HugetlbFile | number {
    return hugetlbFileSetup(this.kernel, bytes);
  }

  /** Makes a shared object of 4 KiB pages without a name: −EINVAL for a wrong size. */
  shmemFile(bytes: number): ShmemFile | number {
    return shmemFileSetup(bytes);
  }

  /** Makes a mapping: `mmap`. Returns its address or a negated errno. */
  mmap(process: Process, request: MmapRequest): number {
    return doMmap(this.kernel, this.run(process), request);
  }

  /** Takes the whole mapping that begins at an address out of a process: 0, or −EINVAL when none begins there. */
  munmap(process: Process, address: number): number {
    const mm = this.run(process);
    const vma = mm.vmas.find(({ start }) => start === address);
    if (vma === undefined) return -EINVAL;
    unmapRegion(this.kernel, mm, vma);
    return 0;
  }

  /** Drops the name of a segment; its pages go when no process maps it: `unlink`, IPC_RMID. */
  unlink(file: HugetlbFile | ShmemFile): void {
    if (!file.linked) throw new RangeError("file: its name is gone already");
    unlinkFile(this.kernel, file);
  }

  /**
   * An access of a process to one address. A page fault is served and the access repeated.
   *
   * @returns the signal that ends it when the fault cannot be served; SIGKILL also stands for a fault that comes back
   * for ever because Xen refused the entry.
   */
  touch(process: Process, address: number, write = true): Signal | undefined {
    return touchAddress(this.kernel, this.run(process), address, write);
  }

  /** Writes to every page, or hugepage, of the mapping that begins at an address, first to last. */
  touchAll(process: Process, address: number): Signal | undefined {
    const mm = this.run(process);
    const vma = mm.vmas.find(({ start }) => start === address);
    if (vma === undefined) return "SIGSEGV";
    const step = (vma.flags & VM_HUGETLB) !== 0 ? HPAGE_SIZE : PAGE_SIZE;
    for (let at = vma.start; at < vma.end; at += step) {
      const signal = touchAddress(this.kernel, mm, at, true);
      if (signal !== undefined) return signal;
    }
    return undefined;
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

  /** Destroys the domain from outside, whatever runs in it. Returns 0; the guest cannot be used any more. */
  shutdown(): number {
    assert(this.running, "a guest is shut down once");
    this.running = false;
    return destroyDomain(this.domain);
  }

  private addTask(ppid: number, comm: string, mm: Mm): Process {
    const process: Process = { pid: this.nextPid++, ppid, comm, mm };
    this.tasks.set(process.pid, process);
    return process;
  }

  private mmOf(process: Process): Mm {
    if (process.mm === undefined) throw new RangeError(`process: ${process.pid} (${process.comm}) has ended`);
    return process.mm;
  }

  private run(process: Process): Mm {
    const mm = this.mmOf(process);
    switchMm(this.kernel, mm);
    return mm;
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

function touchAddress(kernel: Kernel, mm: Mm, address: number, write: boolean): Signal | undefined {
  const low = address | 0;
  const high = Math.floor(address / 2 ** 32);
  if (touch(kernel.vcpu, low, high, write)) return undefined;
  const signal = handleMmFault(kernel, mm, address, write);
  if (signal !== undefined) return signal;
  if (touch(kernel.vcpu, low, high, write)) return undefined;
  // Xen refused the entry or the tree it is in. The real kernel does not notice and takes the same fault for ever.
  printk(kernel, "BUG: soft lockup - CPU#0 stuck");
  return "SIGKILL";
}
