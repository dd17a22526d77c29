import type { Kernel } from "./kernel.ts";
import type { Mm } from "./mm.ts";
import { enterLazy, leaveLazy } from "./multicall-buffer.ts";
import { xenWriteCr3 } from "./pv-mmu.ts";

/** A process with one thread: `struct task_struct`. */
export interface Process {
  readonly pid: number;
  readonly ppid: number;
  comm: string;
  /** Replaced by exec; undefined after exit. */
  mm: Mm | undefined;
  /** Child of vfork that runs in its mm: until it execs or exits this process waits. */
  vforkChild: Process | undefined;
  /** Who waits for this process: `vfork_done`. */
  vforkParent: Process | undefined;
}

/** A process leaves its mm, in exec or exit: who waits for it since vfork goes on. `mm_release`. */
export function mmRelease(process: Process): void {
  if (process.vforkParent === undefined) return;
  process.vforkParent.vforkChild = undefined;
  process.vforkParent = undefined;
}

/**
 * Loads an address space if it is not loaded: `switch_mm`, between the start and the end of a context switch. In these
 * Linux is in its lazy CPU mode; both roots go to Xen in one hypercall.
 */
export function switchMm(kernel: Kernel, mm: Mm): void {
  if (kernel.activeMm === mm) return;
  enterLazy(kernel.mc, "cpu");
  xenWriteCr3(kernel, mm);
  leaveLazy(kernel.mc, "cpu");
  kernel.events.contextSwitches++;
}
