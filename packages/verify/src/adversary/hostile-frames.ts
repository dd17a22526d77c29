import type { TraceMachine } from "../replay/trace-machine.ts";
import { formatWord64, word64 } from "../trace/word64.ts";
import { adversaryLayout } from "./adversary-machine.ts";
import { type Chance, oneOf } from "./chance.ts";

/** What a hostile guest may name as a frame, by how much sense it makes for it. */
interface FrameChoices {
  /** Its own tables and pool. */
  readonly tables: readonly string[];
  /** Heads of its own superpages. */
  readonly heads: readonly string[];
  /** All it owned at the start. */
  readonly own: readonly string[];
}

/** Frame numbers that no guest should get through with: not RAM, beyond the host, and wide ones. */
const strange: readonly string[] = [
  "0x0",
  "0x1",
  "0xfee00",
  "0x100000",
  "0x7fffffff",
  "0x80000000",
  "0xffffffff",
  "0x100000000",
  "0xfffffffff",
  "0xffffffffff",
  "0x10000000000",
  "0x8000000000000",
  "0xfffffffffffffe00",
  "0xffffffffffffffff",
];

/** Picks frames for hostile operations: mostly the guest's own, sometimes another's, Xen's, or none at all. */
export class HostileFrames {
  private readonly chance: Chance;
  private readonly guests: readonly FrameChoices[];
  private readonly all: readonly string[];
  private readonly outside: readonly string[];

  constructor(machine: TraceMachine, chance: Chance) {
    this.chance = chance;
    const options = machine.header.machine;
    if (options === undefined) throw new RangeError("the machine of a recorded trace has no room for an adversary");
    const { guestStarts, guestFrames, frames, superpageFrames } = adversaryLayout(options);
    const name = (frame: number): string => machine.names.nameOf(frame, superpageFrames);
    const names = (from: number, count: number): string[] =>
      Array.from({ length: count }, (_, index) => name(from + index));
    this.guests = guestStarts.map((start) => {
      const singles = start + options.superpages * superpageFrames;
      return {
        tables: names(singles, 12),
        heads: Array.from({ length: options.superpages }, (_, index) => name(start + index * superpageFrames)),
        own: names(start, guestFrames),
      };
    });
    this.all = names(0, frames);
    this.outside = [...strange, ...[0, 1, superpageFrames].map((beyond) => formatWord64(word64(frames + beyond)))];
  }

  /** A frame to be a page table. */
  table(guest: number): string {
    const { chance } = this;
    const { tables, own } = this.choices(guest);
    const way = chance.below(32);
    if (way < 26) return oneOf(chance, tables);
    return way < 30 ? oneOf(chance, own) : this.any();
  }

  /**
   * A frame that a sensible guest would use as a table of this level: g4, tl3, tl2, tl2b, tl1 and p0, p1, … in turn.
   *
   * @param place - 0 for the guest's first tables, the ones that it starts with.
   */
  tableOfLevel(guest: number, level: number, place: number): string {
    const { tables } = this.choices(guest);
    if (place === 0) return tables[[4, 2, 1, 0][level - 1] ?? 0] as string;
    const pool = 6 + ((level - 1) & 3) + (place & 1 ? 0 : 4);
    return tables[pool < tables.length ? pool : 3] as string;
  }

  /** The first frame of a superpage. */
  head(guest: number): string {
    const { chance } = this;
    const way = chance.below(32);
    if (way < 26) return oneOf(chance, this.choices(guest).heads);
    return way < 30 ? oneOf(chance, oneOf(chance, this.guests).heads) : this.any();
  }

  /** A frame to be mapped. */
  data(guest: number): string {
    const { chance } = this;
    const way = chance.below(32);
    const { tables, heads, own } = this.choices(guest);
    if (way < 10) return oneOf(chance, tables);
    if (way < 16) return oneOf(chance, heads);
    return way < 28 ? oneOf(chance, own) : this.any();
  }

  /** Any frame of the host, or none. */
  any(): string {
    return this.chance.below(4) === 0 ? oneOf(this.chance, this.outside) : oneOf(this.chance, this.all);
  }

  private choices(guest: number): FrameChoices {
    return this.guests[guest] as FrameChoices;
  }
}
