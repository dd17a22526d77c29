import { HPAGE_SIZE, PAGE_SIZE } from "./address-layout.ts";
import { EINVAL, ENOMEM, type Signal } from "./errno.ts";
import { execMmap, newPinnedMm } from "./exec.ts";
import { mmput } from "./exit.ts";
import { dupMm } from "./fork.ts";
import type { Kernel } from "./kernel.ts";
import { doMadvise } from "./madvise.ts";
import { type Mm, findVma } from "./mm.ts";
import { MAP_ANONYMOUS } from "./mmap-flags.ts";
import { type MmapRequest, doMmap, isReleased } from "./mmap.ts";
import { doMprotect } from "./mprotect.ts";
import { doMremap } from "./mremap.ts";
import { doMunmap } from "./munmap.ts";
import { type ProcessInfo, describeProcess } from "./process-list.ts";
import { type Process, mmRelease, switchMm } from "./process.ts";
import { xenMmPinAll, xenMmUnpinAll } from "./suspend.ts";
import { accessUser } from "./user-access.ts";
import { VM_HUGETLB } from "./vma.ts";

/** System calls about processes and what they map, and their accesses to it. Each lets the process run first. */
export class ProcessSyscalls {
  /** The inside of the kernel: for tests and for tools that look into it. */
  readonly kernel: Kernel;
  /** Processes that have not ended, by pid. */
  protected readonly tasks: Map<number, Process> = new Map();
  private nextPid = 1;
  private state: "running" | "suspended" | "shut down" = "running";

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** Starts a process with an empty address space, and runs it. Returns −ENOMEM when memory is short. */
  spawn(comm = "init"): Process | number {
    this.checkRunning();
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

  /**
   * Lets a child run in its parent's address space: `vfork`. Nothing is copied and nothing pinned; the parent cannot run
   * until the child execs or exits.
   */
  vfork(parent: Process): Process {
    const mm = this.run(parent);
    mm.users++;
    const child = this.addTask(parent.pid, parent.comm, mm);
    child.vforkParent = parent;
    parent.vforkChild = child;
    return child;
  }

  /** Gives a process an empty address space and another name: `execve`. Returns 0 or −ENOMEM. */
  exec(process: Process, comm: string = process.comm): number {
    this.run(process);
    const rc = execMmap(this.kernel, process);
    if (rc !== 0) return rc;
    mmRelease(process);
    process.comm = comm;
    return 0;
  }

  /** Ends a process. Simplified: nobody waits for it. */
  exit(process: Process): void {
    const mm = this.mmOf(process);
    process.mm = undefined;
    this.tasks.delete(process.pid);
    mmRelease(process);
    mmput(this.kernel, mm);
  }

  /** Lets a process run: a context switch, unless it runs already. */
  switchTo(process: Process): void {
    this.run(process);
  }

  /** The process with a pid, unless it has ended or never was. */
  process(pid: number): Process | undefined {
    return this.tasks.get(pid);
  }

  /** All processes that have not ended, by pid. */
  processes(): readonly ProcessInfo[] {
    return [...this.tasks.values()].map((process) => describeProcess(this.kernel, process));
  }

  /** Makes a mapping: `mmap`. Returns its address or a negated errno. */
  mmap(process: Process, request: MmapRequest): number {
    for (const bytes of [request.length, request.offset ?? 0, request.address ?? 0]) wholeBytes(bytes);
    if ((request.flags & MAP_ANONYMOUS) === 0 && request.file !== undefined && isReleased(request.file)) {
      throw new RangeError("file: it is gone, expected one that has a name, is open or is mapped");
    }
    return doMmap(this.kernel, this.run(process), request);
  }

  /**
   * Takes a range out of a process, whatever is mapped there: `munmap`.
   *
   * @param length - in bytes. Left out: to the end of the mapping that the address is in.
   * @returns 0; −EINVAL when the start is no page's, the length 0, the range outside user space, or one end of it inside a
   * hugepage; without a length also when nothing is mapped there.
   */
  munmap(process: Process, address: number, length?: number): number {
    const mm = this.run(process);
    const end = length === undefined ? findVma(mm, address)?.end : address + length;
    return end === undefined ? -EINVAL : doMunmap(this.kernel, mm, wholeBytes(address), wholeBytes(end - address));
  }

  /**
   * Changes what may be done with a range: `mprotect`.
   *
   * @param prot - PROT_… bits.
   * @returns 0; −EINVAL when the start is no page's, for other bits, or when one end is inside a hugepage; −ENOMEM where
   * nothing is mapped.
   */
  mprotect(process: Process, address: number, length: number, prot: number): number {
    return doMprotect(this.kernel, this.run(process), wholeBytes(address), wholeBytes(length), prot);
  }

  /**
   * Says whether fork copies a range: `madvise`.
   *
   * @param advice - MADV_DONTFORK or MADV_DOFORK.
   * @returns 0; −EINVAL for other advice, when the start is no page's, or when one end is inside a hugepage; −ENOMEM when
   * part of the range is not mapped.
   */
  madvise(process: Process, address: number, length: number, advice: number): number {
    return doMadvise(this.run(process), wholeBytes(address), wholeBytes(length), advice);
  }

  /**
   * Makes a mapping shorter or longer where it is: `mremap`.
   *
   * @returns its address; −EINVAL when that is no page's, for a new length of 0, and to let hugepages grow; −EFAULT when
   * less is mapped there than the old length; −ENOMEM when something is in the way, or the mapping does not end there.
   */
  mremap(process: Process, address: number, oldLength: number, newLength: number): number {
    return doMremap(this.kernel, this.run(process), wholeBytes(address), wholeBytes(oldLength), wholeBytes(newLength));
  }

  /**
   * An access of a process to one address. A page fault is served and the access repeated.
   *
   * @returns the signal that ends it when the fault cannot be served; SIGKILL also stands for a fault that comes back
   * for ever because Xen refused the entry.
   */
  touch(process: Process, address: number, write = true): Signal | undefined {
    return accessUser(this.kernel, this.run(process), address, write);
  }

  /** Writes to, or reads, every page or hugepage from an address to the end of the mapping that it is in. */
  touchAll(process: Process, address: number, write = true): Signal | undefined {
    const mm = this.run(process);
    const vma = findVma(mm, address);
    if (vma === undefined) return "SIGSEGV";
    const { end } = vma;
    const step = (vma.flags & VM_HUGETLB) !== 0 ? HPAGE_SIZE : PAGE_SIZE;
    for (let at = address; at < end; at += step) {
      const signal = accessUser(this.kernel, mm, at, write);
      if (signal !== undefined) return signal;
    }
    return undefined;
  }

  /**
   * Gets ready to be saved: pins every address space that is not pinned. No process runs until {@link resume}.
   *
   * @returns how many were pinned: none, unless a system call was left half done.
   */
  suspend(): number {
    if (this.state === "suspended") throw new RangeError("guest: it is suspended already");
    this.checkRunning();
    this.state = "suspended";
    return xenMmPinAll(this.kernel);
  }

  /** Goes on after a suspend: undoes it. Returns how many address spaces were unpinned. */
  resume(): number {
    if (this.state !== "suspended") throw new RangeError(`guest: it is not suspended, it is ${this.state}`);
    this.state = "running";
    return xenMmUnpinAll(this.kernel);
  }

  /** Whether it is suspended: no process can run. */
  isSuspended(): boolean {
    return this.state === "suspended";
  }

  private addTask(ppid: number, comm: string, mm: Mm): Process {
    const process: Process = {
      pid: this.nextPid++,
      ppid,
      comm,
      mm,
      vforkChild: undefined,
      vforkParent: undefined,
    };
    this.tasks.set(process.pid, process);
    return process;
  }

  /** Address space of a process that can run. */
  private mmOf(process: Process): Mm {
    this.checkRunning();
    const { pid, comm, mm, vforkChild } = process;
    if (mm === undefined) throw new RangeError(`process: ${pid} (${comm}) has ended`);
    if (vforkChild !== undefined) {
      throw new RangeError(`process: ${pid} (${comm}) waits for its vfork child ${vforkChild.pid} to exec or exit`);
    }
    return mm;
  }

  /**
   * Whatever the guest itself would have to do begins with this: a system call, a worker of its kernel, a file of /proc.
   * Simplified: a real guest would answer once it runs again; here nobody can wait for that.
   *
   * @throws RangeError while the guest is suspended, and for good when it was shut down.
   */
  protected checkRunning(): void {
    if (this.state === "suspended") throw new RangeError("guest: it is suspended, resume it first");
    if (this.state === "shut down") throw new RangeError("guest: it was shut down, boot another");
  }

  /** From now on nothing runs in it any more. */
  protected stopForGood(): void {
    if (this.state === "shut down") throw new RangeError("guest: it was shut down already");
    this.state = "shut down";
  }

  /** Lets a process run and says where. */
  protected run(process: Process): Mm {
    const mm = this.mmOf(process);
    this.kernel.currentPid = process.pid;
    switchMm(this.kernel, mm);
    return mm;
  }
}

function wholeBytes(given: number): number {
  if (Number.isSafeInteger(given)) return given;
  throw new RangeError(`bytes: ${given} given, expected a whole number`);
}
