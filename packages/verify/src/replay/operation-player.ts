import {
  doMemoryOp,
  doMmuextOp,
  doMmuUpdate,
  DOMID_SELF,
  doSetGdt,
  loadFromFrameHigh,
  loadFromFrameLow,
  type Mfn,
  mfn,
  MMUEXT_CLEAR_PAGE,
  MMUEXT_COPY_PAGE,
  MMUEXT_MARK_SUPER,
  MMUEXT_NEW_BASEPTR,
  MMUEXT_NEW_USER_BASEPTR,
  MMUEXT_SET_LDT,
  MMUEXT_TLB_FLUSH_LOCAL,
  MMUEXT_UNMARK_SUPER,
  MMUEXT_UNPIN_TABLE,
  touch,
  type Vcpu,
  XENMEM_decrease_reservation,
} from "@xsp/hypervisor";
import type { TraceOperation } from "../trace/trace-operation.ts";
import {
  addWord64,
  bitWord64,
  composeEntry,
  formatWord64,
  frameAddress,
  parseWord64,
  word64,
  type Word64,
  ZERO,
} from "../trace/word64.ts";
import { interruptWith } from "./interruption.ts";
import { playRawCall } from "./raw-call.ts";
import type { TraceGuest, TraceMachine } from "./trace-machine.ts";
import { WordHypercalls } from "./word-hypercalls.ts";

/** What an operation answered. */
export interface Answer {
  rc: number;
  /** Requests done, for operations that report it. */
  done: number | undefined;
  /** The entry that `rd` read, or whether `touch` succeeded, as the trace writes them. */
  value: string | undefined;
  /** What was answered to the operations that were done meanwhile. */
  meanwhile: readonly number[];
}

/** Slots of an L4 table that belong to Xen: `cloneroot` leaves them out. */
const FIRST_XEN_SLOT = 256;
const LAST_XEN_SLOT = 271;
/** Commands that take only a frame. */
const frameCommands = {
  mark: MMUEXT_MARK_SUPER,
  unmark: MMUEXT_UNMARK_SUPER,
  unpin: MMUEXT_UNPIN_TABLE,
  ubase: MMUEXT_NEW_USER_BASEPTR,
  base: MMUEXT_NEW_BASEPTR,
  clear: MMUEXT_CLEAR_PAGE,
} as const;

/**
 * Runs the operations of a trace on a machine, each through the hypercall that the recorded guest issued.
 *
 * Buffers and the answer are reused from call to call: replaying is meant to be fast.
 */
export class OperationPlayer {
  private readonly machine: TraceMachine;
  private readonly answer: Answer = { rc: 0, done: undefined, value: undefined, meanwhile: [] };
  private readonly hypercalls = new WordHypercalls();
  private other: OperationPlayer | undefined;
  private readonly words = new Map<string, Word64>();
  /** Address that tl1[0] translates: tl1 hangs in the last entry of tl2. */
  private readonly tl1Base: Word64;

  constructor(machine: TraceMachine) {
    this.machine = machine;
    this.tl1Base = addWord64(machine.testBase, word64((machine.tableEntries - 1) * machine.tableEntries * 4096));
  }

  /**
   * Runs one operation.
   *
   * @returns its answer; the object is overwritten by the next call.
   */
  play(operation: TraceOperation): Readonly<Answer> {
    const { answer } = this;
    answer.done = undefined;
    answer.value = undefined;
    const { machine } = this;
    const guest = machine.guests[operation.by ?? 0];
    if (guest === undefined) throw new RangeError(`operation ${operation.i}: "by" names no guest of this machine`);
    const { meanwhile = [] } = operation;
    answer.meanwhile = meanwhile.length === 0 ? [] : interruptWith(machine, guest, meanwhile, this.playAs);
    answer.rc = this.run(guest, operation);
    if (machine.interruption !== undefined) machine.interruption.run = undefined;
    return answer;
  }

  /** Plays what is done meanwhile, by a player of its own: the buffers of this one are in use then. */
  private readonly playAs = (guest: TraceGuest, operation: TraceOperation): number => {
    this.other ??= new OperationPlayer(this.machine);
    return this.other.run(guest, operation);
  };

  private run(guest: TraceGuest, operation: TraceOperation): number {
    const { vcpu } = guest;
    switch (operation.op) {
      case "mmu":
        return this.updateEntry(vcpu, operation, operation.cmd ?? 0);
      case "uva":
        return this.hypercalls.updateVa(vcpu, this.pageAddress(this.tl1Base, operation.idx), this.entry(operation));
      case "pin":
        return this.hypercalls.extended(vcpu, operation.lvl - 1, this.frame(operation.f), ZERO, DOMID_SELF);
      case "mark":
      case "unmark":
      case "unpin":
      case "ubase":
      case "base":
      case "clear":
        return this.hypercalls.extended(vcpu, frameCommands[operation.op], this.frame(operation.f), ZERO, DOMID_SELF);
      case "copy":
        return this.hypercalls.extended(
          vcpu,
          MMUEXT_COPY_PAGE,
          this.frame(operation.f),
          this.frame(operation.src),
          DOMID_SELF,
        );
      case "flush":
        return this.hypercalls.extended(vcpu, MMUEXT_TLB_FLUSH_LOCAL, ZERO, ZERO, DOMID_SELF);
      case "ldt":
        return this.hypercalls.extended(vcpu, MMUEXT_SET_LDT, this.word(operation.la), word64(operation.n), DOMID_SELF);
      case "ext":
        return this.hypercalls.extended(
          vcpu,
          operation.cmd,
          this.frame(operation.f),
          this.frame(operation.a2),
          this.word(operation.dom).lo,
        );
      case "extbatch":
        return this.extendedBatch(vcpu, operation.u);
      case "batch":
        return this.updateBatch(vcpu, operation.u);
      case "mmuraw":
        return this.hypercalls.update(
          vcpu,
          addWord64(frameAddress(this.frame(operation.pf)), this.word(operation.plow)),
          addWord64(frameAddress(this.frame(operation.vf)), this.word(operation.vfl)),
          this.word(operation.dom).lo,
        );
      case "flag":
        return this.updateFlags(vcpu, operation.t, operation.idx, operation.v, 1, operation.bit);
      case "l2flag":
        return this.updateFlags(vcpu, "tl2", 0, "s0+0", 0x81, operation.bit);
      case "uvaraw":
        return this.hypercalls.updateVa(vcpu, this.word(operation.va), this.entry(operation));
      case "dm":
        return this.updateLowmem(vcpu, operation.f, operation.fl);
      case "gdt":
        return this.setGdt(guest, operation.f);
      case "free":
        return this.release(vcpu, operation.f);
      case "rd":
        return this.readEntry(vcpu, operation.t, operation.idx);
      case "touch":
        return this.touchPage(vcpu, operation.slot, operation.frame, operation.val);
      case "cloneroot":
        return this.cloneRoot(vcpu, operation.f);
      case "call":
        return playRawCall(vcpu, operation, this.answer);
    }
  }

  private frame(name: string | null): Word64 {
    return this.machine.names.resolve(name);
  }

  private mfn(name: string): Mfn {
    return mfn(this.machine.names.frame(name));
  }

  private word(text: string): Word64 {
    let word = this.words.get(text);
    if (word === undefined) {
      word = parseWord64(text) ?? ZERO;
      this.words.set(text, word);
    }
    return word;
  }

  private entry({ v, fl }: { readonly v: string | null; readonly fl: string }): Word64 {
    return composeEntry(this.frame(v), this.word(fl));
  }

  private pageAddress(base: Word64, page: number): Word64 {
    return addWord64(base, word64(page * 4096));
  }

  private updateEntry(
    vcpu: Vcpu,
    operation: { readonly t: string; readonly idx: number; readonly v: string | null; readonly fl: string },
    cmd: number,
  ): number {
    const address = addWord64(frameAddress(this.frame(operation.t)), word64(operation.idx * 8 + cmd));
    return this.hypercalls.update(vcpu, address, this.entry(operation), DOMID_SELF);
  }

  private updateFlags(vcpu: Vcpu, table: string, idx: number, frame: string, flags: number, bit: number): number {
    const { lo, hi } = bitWord64(bit);
    const address = addWord64(frameAddress(this.frame(table)), word64(idx * 8));
    return this.hypercalls.update(vcpu, address, composeEntry(this.frame(frame), { lo: lo | flags, hi }), DOMID_SELF);
  }

  private updateBatch(
    vcpu: Vcpu,
    entries: readonly { readonly t: string; readonly idx: number; readonly v: string | null; readonly fl: string }[],
  ): number {
    const requests = new Int32Array(entries.length * 4);
    for (const [at, entry] of entries.entries()) {
      const address = addWord64(frameAddress(this.frame(entry.t)), word64(entry.idx * 8));
      const value = this.entry(entry);
      requests.set([address.lo, address.hi, value.lo, value.hi], at * 4);
    }
    const rc = doMmuUpdate(vcpu, requests, entries.length, DOMID_SELF);
    this.answer.done = vcpu.done;
    return rc;
  }

  private extendedBatch(vcpu: Vcpu, commands: readonly { readonly cmd: number; readonly f: string }[]): number {
    const words = new Int32Array(commands.length * 6);
    for (const [at, { cmd, f }] of commands.entries()) {
      const frame = this.frame(f);
      words.set([cmd, 0, frame.lo, frame.hi, 0, 0], at * 6);
    }
    const rc = doMmuextOp(vcpu, words, commands.length, DOMID_SELF);
    this.answer.done = vcpu.done;
    return rc;
  }

  private updateLowmem(vcpu: Vcpu, name: string, fl: string): number {
    const { header, lowmemBase } = this.machine;
    const frame = this.frame(name);
    const flags = this.word(fl);
    const va = this.pageAddress(lowmemBase, frame.lo - (header.superpages[3] ?? 0));
    return this.hypercalls.updateVa(vcpu, va, flags.lo === 0 && flags.hi === 0 ? ZERO : composeEntry(frame, flags));
  }

  private setGdt(guest: TraceGuest, name: string | null): number {
    if (name === null) return doSetGdt(guest.vcpu, Int32Array.of(guest.gdtFrame), 15);
    return doSetGdt(guest.vcpu, Int32Array.of(guest.gdtFrame, this.mfn(name)), 1024);
  }

  private release(vcpu: Vcpu, name: string): number {
    const extents = Int32Array.of(this.mfn(name));
    return doMemoryOp(vcpu, XENMEM_decrease_reservation, {
      extents,
      nrExtents: 1,
      extentOrder: 0,
      domid: DOMID_SELF,
    });
  }

  private readEntry(vcpu: Vcpu, name: string, idx: number): number {
    const table = this.mfn(name);
    this.answer.value = formatWord64({
      lo: loadFromFrameLow(vcpu, table, idx),
      hi: loadFromFrameHigh(vcpu, table, idx),
    });
    return 0;
  }

  private touchPage(vcpu: Vcpu, slot: number, page: number, text: string): number {
    const { testBase, tableEntries } = this.machine;
    const va = this.pageAddress(testBase, slot * tableEntries + page);
    const value = this.word(text);
    const written = touch(vcpu, va.lo, va.hi, true, value.lo, value.hi);
    this.answer.value = written ? "1" : "0";
    return 0;
  }

  /** The guest fills a frame through a mapping of its own; a store by `mmu_update` leaves the same words and counts. */
  private cloneRoot(vcpu: Vcpu, name: string): number {
    const root = mfn(this.machine.names.frame("g4"));
    const address = frameAddress(this.frame(name));
    for (let slot = 0; slot < this.machine.tableEntries; slot++) {
      const own = slot < FIRST_XEN_SLOT || slot > LAST_XEN_SLOT;
      const value = own ? { lo: loadFromFrameLow(vcpu, root, slot), hi: loadFromFrameHigh(vcpu, root, slot) } : ZERO;
      const rc = this.hypercalls.update(vcpu, addWord64(address, word64(slot * 8)), value, DOMID_SELF);
      if (rc !== 0) return rc;
    }
    return 0;
  }
}
