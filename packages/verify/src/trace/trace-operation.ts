/**
 * The operations of a trace, with the very field names of the files. Frames are symbolic (`"s0+17"`, `"p3"`, `"g4"`) or
 * literal (`"0x1ffe0"`); `null` is frame number 0 of an empty entry. 64-bit numbers are hexadecimal text.
 */

/** `[type, type count, flags, general count, linear count]`; flags are some of `vpxaf` in this order. */
export type FrameTuple = readonly [type: string, typeCount: number, flags: string, count: number, linear: number];

/** `[state, use count, least and greatest type count of the frames]`. */
export type SuperpageTuple = readonly [state: string, count: number, least: number, greatest: number];

/** What every operation line has. */
interface Recorded {
  readonly i: number;
  /** What the hypercall returned. */
  readonly rc: number;
  /** Which domain issued it, counted from 0. Only in traces of the adversary; there are several guests there. */
  readonly by?: number;
  /**
   * What others did while this operation was preempted, one at each continuation: the guest's own second vCPU, or another
   * guest. Only in traces of the adversary. Those for which no continuation is left are not done.
   */
  readonly meanwhile?: readonly TraceOperation[];
  /** What the hypervisor threw in place of an answer. Only in traces of the adversary, in the last operation. */
  readonly throws?: string;
  /** Frames whose tuple changed. */
  readonly st?: Readonly<Record<string, FrameTuple>>;
  /** Superpages whose tuple changed. */
  readonly sp?: Readonly<Record<string, SuperpageTuple>>;
}

interface Entry {
  readonly t: string;
  readonly idx: number;
  readonly v: string | null;
  readonly fl: string;
}

interface OnFrame extends Recorded {
  readonly op: "mark" | "unmark" | "unpin" | "ubase" | "base" | "clear" | "free" | "cloneroot";
  readonly f: string;
}

interface Pin extends Recorded {
  readonly op: "pin";
  readonly lvl: number;
  readonly f: string;
}

interface Copy extends Recorded {
  readonly op: "copy";
  readonly f: string;
  readonly src: string;
}

interface Flush extends Recorded {
  readonly op: "flush";
}

interface Mmu extends Recorded, Entry {
  readonly op: "mmu";
  readonly cmd?: number;
}

interface UpdateVa extends Recorded, Entry {
  readonly op: "uva";
}

interface ReadEntry extends Recorded, Entry {
  readonly op: "rd";
}

interface DirectMap extends Recorded {
  readonly op: "dm";
  readonly f: string;
  readonly fl: string;
}

interface UpdateVaRaw extends Recorded {
  readonly op: "uvaraw";
  readonly va: string;
  readonly v: string | null;
  readonly fl: string;
}

interface Batch extends Recorded {
  readonly op: "batch";
  readonly u: readonly Entry[];
  readonly done: number;
}

interface ExtBatch extends Recorded {
  readonly op: "extbatch";
  readonly u: readonly { readonly cmd: number; readonly f: string }[];
  readonly done: number;
}

interface Ext extends Recorded {
  readonly op: "ext";
  readonly cmd: number;
  readonly f: string;
  readonly a2: string;
  readonly dom: string;
}

interface MmuRaw extends Recorded {
  readonly op: "mmuraw";
  readonly pf: string;
  readonly plow: string;
  readonly vf: string;
  readonly vfl: string;
  readonly dom: string;
}

interface Flag extends Recorded {
  readonly op: "flag";
  readonly t: string;
  readonly idx: number;
  readonly v: string;
  readonly bit: number;
}

interface L2Flag extends Recorded {
  readonly op: "l2flag";
  readonly bit: number;
}

interface SetGdt extends Recorded {
  readonly op: "gdt";
  readonly f: string | null;
}

interface SetLdt extends Recorded {
  readonly op: "ldt";
  readonly la: string;
  readonly n: number;
}

interface Touch extends Recorded {
  readonly op: "touch";
  readonly slot: number;
  readonly frame: number;
  readonly val: string;
  readonly ok: number;
}

/** A hypercall with its arguments word for word: only in traces of the adversary. */
export interface RawCall extends Recorded {
  readonly op: "call";
  /** One of `mmu_update`, `mmuext_op`, `update_va_mapping`, `set_gdt`, `memory_op`, `multicall`, `store`. */
  readonly call: string;
  readonly args: readonly RawArgument[];
}

/** An argument word for word: a number, or a list of them (words of guest memory), or a list of calls. */
export type RawArgument = number | string | null | readonly RawArgument[];

/** One operation line of a trace. */
export type TraceOperation =
  | OnFrame
  | Pin
  | Copy
  | Flush
  | Mmu
  | UpdateVa
  | ReadEntry
  | DirectMap
  | UpdateVaRaw
  | Batch
  | ExtBatch
  | Ext
  | MmuRaw
  | Flag
  | L2Flag
  | SetGdt
  | SetLdt
  | Touch
  | RawCall;
