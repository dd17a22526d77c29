import type { WordsAllocator } from "@xsp/words";
import type { Vcpu } from "./host.ts";
import type { Advisory } from "./advisory.ts";
import type { Scheme } from "./scheme.ts";
import type { XenVersion } from "./version.ts";

/** One stretch of machine memory. */
export interface MemoryRange {
  /** First frame. */
  readonly start: number;
  /** How many frames. */
  readonly frames: number;
  /** `ram` goes to the heap, `xen` belongs to Xen, `io` is memory-mapped I/O that has a frame-table entry. */
  readonly kind: "ram" | "xen" | "io";
}

/** How a host is built. */
export interface HostOptions {
  /** Machine frames, 4 KiB each, counted from 0. */
  readonly frames: number;
  /** How superpage entries are accounted. */
  readonly scheme: Scheme;
  /** Whose answers are given. Default `xen-4.9`. */
  readonly version?: XenVersion;
  /** The boot option `allowsuperpage`. Default true. */
  readonly superpagesAllowed?: boolean;
  /** Frames in a superpage, log2. Default 9. */
  readonly superpageOrder?: number;
  /** Entries in a page table, log2. Default 9; small ones are for exhaustive checks. */
  readonly tableOrder?: number;
  /** Virtual CPUs of all domains together, at most 31. Default 4. */
  readonly maxVcpus?: number;
  /** Frames at the bottom of memory that Xen keeps. Default: one superpage. */
  readonly xenFrames?: number;
  /** Bits of a physical address, as the CPU says. Default 40. */
  readonly physicalAddressBits?: number;
  /**
   * What memory there is, in place of `xenFrames` at the bottom and RAM above. Ranges do not overlap; frames in no range are
   * Xen's.
   */
  readonly memoryMap?: readonly MemoryRange[];
  /** Makes the words of all shared state. Default: plain words of one thread. */
  readonly allocate?: WordsAllocator;
  /** Give every frame its contents at once: for hosts whose runs are replayed by a checker. Default false. */
  readonly residentMemory?: boolean;
  /** Fixes that are taken out. Default: none. */
  readonly unfixed?: readonly Advisory[];
  /**
   * Keep, for each CPU, which frames it may still write through a cached translation. For small hosts only: at most 31
   * frames. Default false.
   */
  readonly modelTlb?: boolean;
  /** Whether Xen is a debug build: refuses L1 entries with bit 62 set. Default false. */
  readonly debugBuild?: boolean;
  /** Asked where Xen asks `hypercall_preempt_check()`. Default: never preempted. */
  readonly preempt?: (vcpu: Vcpu) => boolean;
  /** Told before a preempted hypercall goes on; other vCPUs may run meanwhile. */
  readonly continued?: (vcpu: Vcpu) => void;
}
