import type { TraceMachine } from "../replay/trace-machine.ts";
import type { TraceOperation } from "../trace/trace-operation.ts";
import { addWord64, formatWord64, word64, type Word64 } from "../trace/word64.ts";
import { type Chance, oneOf } from "./chance.ts";
import { HostileFrames } from "./hostile-frames.ts";
import { hostileRawCall } from "./hostile-raw-call.ts";

/** An operation before it was run: what it will answer is not known yet. */
export type HostileOperation = TraceOperation & { rc: number; done?: number };

/** Flag words of entries that a guest would write, and those that it had better not. */
const tableFlags = ["0x7", "0x7", "0x7", "0x5", "0x67", "0x1", "0x3", "0x87", "0x107", "0x17", "0x8000000000000007"];
const pageFlags = ["0x7", "0x7", "0x5", "0x5", "0x3", "0x67", "0x107", "0x6", "0x10000000000003", "0x8000000000000005"];
const superpageFlags = ["0x87", "0x87", "0x87", "0x85", "0x85", "0xe7", "0x8000000000000087", "0x187", "0x86"];
const domids = [
  "0x7ff0",
  "0x7ff0",
  "0x7ff0",
  "0x7ff0",
  "0x7ff0",
  "0x7ff1",
  "0x7ff2",
  "0x7ff3",
  "0x7ff4",
  "0x7fff",
  "0x0",
  "0x1",
  "0x2",
  "0x17ff0",
];
const commands = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 100, 2147483647, -1];
const addresses = ["0x0", "0xfff", "0x800000000000", "0xffff800000000000", "0xffff880000000000", "0xffffffffffffffff"];

/** An operation's own fields; sequence number, guest and answer are added to them. */
type Fields = Record<string, unknown>;

/**
 * Makes up what hostile guests do: every operation of the trace format with any argument, weighted so that page tables
 * do come about, and raw hypercalls with garbage in every register.
 */
export class HostileOperations {
  private readonly machine: TraceMachine;
  private readonly chance: Chance;
  private readonly frames: HostileFrames;

  constructor(machine: TraceMachine, chance: Chance) {
    this.machine = machine;
    this.chance = chance;
    this.frames = new HostileFrames(machine, chance);
  }

  /** The next operation, as number `i` of a trace. */
  next(i: number): HostileOperation {
    const by = this.chance.below(this.machine.guests.length);
    const fields = this.fields(by);
    fields["i"] = i;
    fields["by"] = by;
    fields["rc"] = 0;
    if (this.machine.guests[by]?.second !== undefined) {
      const meanwhile = this.meanwhile(i, by);
      if (meanwhile.length > 0) fields["meanwhile"] = meanwhile;
    }
    return fields as unknown as HostileOperation;
  }

  /** What others do if this operation is preempted: mostly the guest's own second vCPU. */
  private meanwhile(i: number, preempted: number): Fields[] {
    const { chance, machine } = this;
    return Array.from({ length: Math.max(0, chance.below(6) - 2) }, () => {
      const by = chance.below(4) > 0 ? preempted : chance.below(machine.guests.length);
      return { i, by, rc: 0, ...this.fields(by) };
    });
  }

  private fields(by: number): Fields {
    const { chance, frames } = this;
    const way = chance.below(100);
    if (way < 26) return { op: "mmu", ...this.entry(by), ...this.updateCommand() };
    if (way < 36) return { op: "uvaraw", va: this.address(), v: frames.data(by), fl: oneOf(chance, pageFlags) };
    if (way < 40) return { op: "uvaraw", va: this.address(), v: null, fl: "0x0" };
    if (way < 47) return { op: "mmu", t: frames.table(by), idx: this.index(), v: null, fl: "0x0" };
    if (way < 56) return this.pin(by);
    if (way < 63) return { op: "unpin", f: frames.table(by) };
    if (way < 68) return { op: "mark", f: frames.head(by) };
    if (way < 72) return { op: "unmark", f: frames.head(by) };
    if (way < 75) return { op: oneOf(chance, ["ubase", "base"]), f: frames.table(by) };
    if (way < 78) return { op: "clear", f: frames.data(by) };
    if (way < 80) return { op: "copy", f: frames.data(by), src: frames.data(by) };
    return this.rarer(by, way - 80);
  }

  private rarer(by: number, way: number): Fields {
    const { chance, frames } = this;
    if (way < 3) return this.batch(by);
    if (way < 5) return this.extbatch(by);
    if (way < 7) return { op: "gdt", f: chance.below(2) === 0 ? null : frames.data(by) };
    if (way < 8) return { op: "ldt", la: this.address(), n: oneOf(chance, [0, 1, 8192, 8193, -1]) };
    if (way < 10) return { op: "free", f: frames.data(by) };
    if (way < 11) return chance.below(4) === 0 ? { op: "flush" } : this.repair(by);
    if (way < 13) {
      const dom = oneOf(chance, domids);
      return { op: "ext", cmd: oneOf(chance, commands), f: frames.any(), a2: frames.any(), dom };
    }
    if (way < 15) return this.mmuraw(by);
    const [call, args] = hostileRawCall(this.machine, chance, by, this.mappedAddress());
    return { op: "call", call, args };
  }

  private pin(by: number): Fields {
    const { chance, frames } = this;
    const lvl = 1 + chance.below(4);
    return {
      op: "pin",
      lvl,
      f: chance.below(2) === 0 ? frames.table(by) : frames.tableOfLevel(by, lvl, chance.below(3)),
    };
  }

  /** Puts back a link of the chain that leads to tl1: without it no address is mapped any more. */
  private repair(by: number): Fields {
    const { chance, frames, machine } = this;
    const last = machine.tableEntries - 1;
    const link = (level: number, idx: number): Fields => ({
      op: "mmu",
      t: frames.tableOfLevel(by, level, 0),
      idx,
      v: frames.tableOfLevel(by, level - 1, 0),
      fl: "0x7",
    });
    switch (chance.below(4)) {
      case 0:
        return { op: "base", f: frames.tableOfLevel(by, 4, 0) };
      case 1:
        return link(4, 1);
      case 2:
        return link(3, 0);
      default:
        return link(2, last);
    }
  }

  /** An entry of a table where one of the level below, or a page, belongs. */
  private sensibleEntry(by: number): Fields {
    const { chance, frames } = this;
    const level = 1 + chance.below(4);
    const t = frames.tableOfLevel(by, level, chance.below(3));
    const idx = this.index();
    if (level === 1) return { t, idx, v: frames.data(by), fl: oneOf(chance, pageFlags) };
    if (level === 2 && chance.below(2) === 0) return { t, idx, v: frames.head(by), fl: oneOf(chance, superpageFlags) };
    return { t, idx, v: frames.tableOfLevel(by, level - 1, chance.below(3)), fl: oneOf(chance, tableFlags) };
  }

  private entry(by: number): Fields {
    const { chance, frames } = this;
    if (chance.below(2) === 0) return this.sensibleEntry(by);
    const t = frames.table(by);
    const idx = this.index();
    const way = chance.below(8);
    if (way < 3) return { t, idx, v: frames.head(by), fl: oneOf(chance, superpageFlags) };
    if (way < 6) return { t, idx, v: frames.table(by), fl: oneOf(chance, tableFlags) };
    return { t, idx, v: frames.data(by), fl: oneOf(chance, pageFlags) };
  }

  private updateCommand(): Fields {
    const way = this.chance.below(16);
    return way < 12 ? {} : { cmd: way < 14 ? 2 : this.chance.below(8) };
  }

  /** Few entries are used, so that operations meet one another; some of those that mean something to Xen. */
  private index(): number {
    const { tableEntries } = this.machine;
    if (tableEntries <= 8) return this.chance.below(tableEntries);
    return oneOf(this.chance, [0, 0, 1, 1, 2, 3, 255, 256, 258, 271, 272, tableEntries - 1, tableEntries - 1]);
  }

  /** An address in the pages that tl1 maps, or somewhere else. */
  private address(): string {
    const { chance } = this;
    if (chance.below(16) === 0) return oneOf(chance, addresses);
    return formatWord64(this.mappedAddress());
  }

  private mappedAddress(): Word64 {
    const { chance, machine } = this;
    const { tableEntries } = machine;
    const slot = chance.below(4) === 0 ? this.index() : tableEntries - 1;
    return addWord64(machine.testBase, word64((slot * tableEntries + this.index()) * 4096));
  }

  private batch(by: number): Fields {
    const u = Array.from({ length: this.chance.below(5) }, () => this.entry(by));
    return { op: "batch", u, done: 0 };
  }

  private extbatch(by: number): Fields {
    const { chance, frames } = this;
    const u = Array.from({ length: chance.below(5) }, () => ({
      cmd: oneOf(chance, [0, 1, 2, 3, 4, 4, 4, 15, 16, 19, 20]),
      f: frames.table(by),
    }));
    return { op: "extbatch", u, done: 0 };
  }

  private mmuraw(by: number): Fields {
    const { chance, frames } = this;
    const plow = formatWord64(word64(this.index() * 8 + chance.below(8)));
    const vfl = oneOf(chance, [...tableFlags, ...superpageFlags]);
    return { op: "mmuraw", pf: frames.table(by), plow, vf: frames.data(by), vfl, dom: oneOf(chance, domids) };
  }
}
