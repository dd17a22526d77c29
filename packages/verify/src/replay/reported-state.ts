import { type Host, mfn, ownerOf, readCount, readType, superpageState } from "@xsp/hypervisor";
import type { FrameTuple, SuperpageTuple } from "../trace/trace-operation.ts";

/** Short names of the types in the traces. */
const typeNames: ReadonlyMap<string, string> = new Map([
  ["writable", "wr"],
  ["shared", "shr"],
]);
const stateNames: ReadonlyMap<string, string> = new Map([["dynamic", "dyn"]]);

/** What a type word tells: there are few different ones in a run, so each is decoded once. */
interface DecodedType {
  readonly name: string;
  readonly count: number;
  readonly flags: string;
}

/** Reads the tuples that the probe of the recorded runs reports. */
export class ReportedState {
  private readonly host: Host;
  /** Domid of the guest that is probed. */
  private readonly guest: number;
  private readonly types = new Map<number, DecodedType>();

  constructor(host: Host, guest: number) {
    this.host = host;
    this.guest = guest;
  }

  /** A frame's tuple. */
  frame(frame: number): FrameTuple {
    const { host, guest } = this;
    const type = this.type(frame);
    const { count, allocated } = readCount(host, mfn(frame));
    const owner = ownerOf(host, mfn(frame));
    let { flags } = type;
    if (allocated) flags += "a";
    // A frame of Xen's own counts 0 references in the recorded runs and has no owner: no `f` there.
    if (count > 0 ? owner !== guest : owner !== undefined && owner !== guest) flags += "f";
    return [type.name, type.count, flags, count, this.linear(frame)];
  }

  private type(frame: number): DecodedType {
    const word = this.host.type.load(frame);
    let decoded = this.types.get(word);
    if (decoded === undefined) {
      const { typeName, typeCount, validated, pinned, partial } = readType(this.host, mfn(frame));
      const flags = `${validated ? "v" : ""}${pinned ? "p" : ""}${partial ? "x" : ""}`;
      decoded = { name: typeNames.get(typeName) ?? typeName, count: typeCount, flags };
      this.types.set(word, decoded);
    }
    return decoded;
  }

  /** Linear references: kept in the note of page tables, which is 0 for nearly every frame. */
  private linear(frame: number): number {
    return this.host.memory.loadNote(frame) === 0 ? 0 : readType(this.host, mfn(frame)).linear;
  }

  /** A superpage's tuple: its word, and the least and greatest type count of its frames. */
  superpage(first: number, frames: number): SuperpageTuple {
    const { host } = this;
    const { type, count } = superpageState(host, mfn(first));
    let least = Infinity;
    let greatest = 0;
    let last = -1;
    for (let frame = first; frame < first + frames; frame++) {
      // Neighbours mostly have the same word.
      const word = host.type.load(frame);
      if (word === last) continue;
      last = word;
      const typeCount = this.type(frame).count;
      if (typeCount < least) least = typeCount;
      if (typeCount > greatest) greatest = typeCount;
    }
    return [stateNames.get(type) ?? type, count, least, greatest];
  }
}
