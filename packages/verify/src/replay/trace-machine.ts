import type { Domain, Host, Vcpu } from "@xsp/hypervisor";
import type { FrameNames } from "../trace/frame-names.ts";
import type { TraceHeader } from "../trace/trace-header.ts";
import type { Word64 } from "../trace/word64.ts";

/** One guest of a {@link TraceMachine}. */
export interface TraceGuest {
  readonly domain: Domain;
  /** The vCPU that issues the operations. */
  readonly vcpu: Vcpu;
  /** The frame of the guest's own descriptor table, which `gdt` always names first. */
  readonly gdtFrame: number;
  /** The same guest as its second vCPU sees it, if it has one. */
  readonly second?: TraceGuest;
}

/** What happens when a preempted hypercall is about to go on: set while an operation is played. */
export interface Interruption {
  run: (() => void) | undefined;
}

/** A host in the state from which a trace starts. */
export interface TraceMachine {
  readonly host: Host;
  readonly header: TraceHeader;
  readonly names: FrameNames;
  /** In the order in which operations name them by `by`. */
  readonly guests: readonly TraceGuest[];
  /** Not there where nothing is ever preempted. */
  readonly interruption?: Interruption;
  /** Frames in a superpage. */
  readonly superpageFrames: number;
  /** Entries in a page table. */
  readonly tableEntries: number;
  /** Address that the entries of `tl2` translate from slot 0 on. */
  readonly testBase: Word64;
  /** Address of the guest's own 4 KiB mapping of the first frame of s3; the others follow. */
  readonly lowmemBase: Word64;
}
