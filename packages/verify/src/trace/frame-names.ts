import type { TraceHeader } from "./trace-header.ts";
import { formatWord64, parseWord64, word64, type Word64, ZERO } from "./word64.ts";

/** Translates the symbolic frame names of a trace into machine frames, and back. */
export class FrameNames {
  private readonly header: TraceHeader;
  private readonly known = new Map<string, Word64>();
  private readonly names = new Map<number, string>();

  constructor(header: TraceHeader) {
    this.header = header;
    for (const [name, frame] of Object.entries(header.tables)) this.define(name, frame);
    for (const [index, frame] of header.pool.entries()) this.define(`p${index}`, frame);
  }

  private define(name: string, frame: number): void {
    this.known.set(name, word64(frame));
    if (!this.names.has(frame)) this.names.set(frame, name);
  }

  /**
   * The frame that a name stands for; `null` stands for frame 0.
   *
   * @throws RangeError when the header does not define the name.
   */
  resolve(name: string | null): Word64 {
    if (name === null) return ZERO;
    return this.known.get(name) ?? this.learn(name);
  }

  /** Like {@link FrameNames.resolve} for a frame of this machine, whose number is small. */
  frame(name: string): number {
    return this.resolve(name).lo;
  }

  private learn(name: string): Word64 {
    const word = parseWord64(name) ?? this.inSuperpage(name);
    if (word === undefined) throw new RangeError(`frame "${name}": the header defines no such name`);
    this.known.set(name, word);
    return word;
  }

  private inSuperpage(name: string): Word64 | undefined {
    const parts = /^s(\d+)\+(\d+)$/.exec(name);
    const first = parts === null ? undefined : this.header.superpages[Number(parts[1])];
    return first === undefined ? undefined : word64(first + Number(parts?.[2]));
  }

  /** Names a machine frame: by its symbol where it has one, otherwise by its number. */
  nameOf(frame: number, superpageFrames: number): string {
    const name = this.names.get(frame);
    if (name !== undefined) return name;
    const index = this.header.superpages.findIndex((first) => frame >= first && frame < first + superpageFrames);
    if (index >= 0) return `s${index}+${frame - (this.header.superpages[index] as number)}`;
    return formatWord64(word64(frame));
  }
}
