import type { FrameTuple, SuperpageTuple, TraceOperation } from "../trace/trace-operation.ts";
import type { Difference } from "./mismatch.ts";
import { ReportedState } from "./reported-state.ts";
import type { TraceMachine } from "./trace-machine.ts";

/** A superpage's tuple costs a look at each of its frames: unreported changes are looked for after each so many steps. */
const FULL_SUPERPAGE_CHECK = 16;

interface Watched<Tuple> {
  readonly name: string;
  readonly frame: number;
  expected: Tuple;
  /** The frame's words when it was last compared: unchanged words need no second look. */
  type: number;
  count: number;
  note: number;
}

/** Told about every tuple that is not as recorded. */
type Report = (difference: Difference) => void;

/**
 * Compares the tuples that a trace reports with those of the model.
 *
 * A trace reports a tuple only when it changed, so a frame once reported is compared after every later operation too:
 * a change that the recording does not have is found as well. Left out is what `FORMAT.md` calls meaningless: a frame
 * that was given back by `free` and has no reference left, and the range of type counts over a superpage with such a
 * frame.
 */
export class StateComparison {
  /** Tuples that the trace reported. */
  reported = 0;
  /** Those of them that agree. */
  agreed = 0;
  private readonly machine: TraceMachine;
  private readonly state: ReportedState;
  private readonly frames: Watched<FrameTuple>[] = [];
  private readonly superpages: Watched<SuperpageTuple>[] = [];
  /** Where a name stands in these lists. */
  private readonly places = new Map<string, number>();
  private readonly freed = new Set<number>();

  constructor(machine: TraceMachine) {
    this.machine = machine;
    this.state = new ReportedState(machine.host, machine.guests[0]?.domain.domid ?? 0);
  }

  /** Compares after an operation was run. */
  compare(operation: TraceOperation, report: Report): void {
    if (operation.op === "free") this.freed.add(this.machine.names.frame(operation.f));
    const { st, sp } = operation;
    if (st !== undefined) for (const name in st) this.expectFrame(name, st[name] as FrameTuple);
    if (sp !== undefined) for (const name in sp) this.expectSuperpage(name, sp[name] as SuperpageTuple);
    for (const watched of this.frames) this.compareFrame(watched, st, report);
    const full = operation.i % FULL_SUPERPAGE_CHECK === 0;
    for (const watched of this.superpages) {
      const isReported = sp !== undefined && watched.name in sp;
      if (isReported || full) this.compareSuperpage(watched, isReported, report);
    }
  }

  private expectFrame(name: string, expected: FrameTuple): void {
    this.expect(this.frames, name, name, expected);
  }

  private expectSuperpage(name: string, expected: SuperpageTuple): void {
    this.expect(this.superpages, name, `${name}+0`, expected);
  }

  private expect<Tuple>(list: Watched<Tuple>[], name: string, first: string, expected: Tuple): void {
    const place = this.places.get(name);
    if (place !== undefined) {
      (list[place] as Watched<Tuple>).expected = expected;
      return;
    }
    this.places.set(name, list.length);
    list.push({ name, frame: this.machine.names.frame(first), expected, type: 0, count: 0, note: 0 });
  }

  private compareFrame(watched: Watched<FrameTuple>, st: TraceOperation["st"], report: Report): void {
    const isReported = st !== undefined && watched.name in st;
    const { host } = this.machine;
    const type = host.type.load(watched.frame);
    const count = host.count.load(watched.frame);
    const note = host.memory.loadNote(watched.frame);
    if (!isReported && type === watched.type && count === watched.count && note === watched.note) return;
    watched.type = type;
    watched.count = count;
    watched.note = note;
    const { expected } = watched;
    const found = this.state.frame(watched.frame);
    const same =
      found[0] === expected[0] &&
      found[1] === expected[1] &&
      found[2] === expected[2] &&
      found[3] === expected[3] &&
      found[4] === expected[4];
    const gone = this.freed.has(watched.frame) && found[3] === 0;
    this.settle(watched, found, same || gone, isReported, "frame", report);
  }

  private compareSuperpage(watched: Watched<SuperpageTuple>, isReported: boolean, report: Report): void {
    const { machine } = this;
    const { expected } = watched;
    const found = this.state.superpage(watched.frame, machine.superpageFrames);
    const rangeIsMeaningless = [...this.freed].some(
      (frame) => frame >= watched.frame && frame < watched.frame + machine.superpageFrames,
    );
    const same =
      found[0] === expected[0] &&
      found[1] === expected[1] &&
      (rangeIsMeaningless || (found[2] === expected[2] && found[3] === expected[3]));
    this.settle(watched, found, same, isReported, "superpage", report);
  }

  private settle<Tuple extends FrameTuple | SuperpageTuple>(
    watched: Watched<Tuple>,
    found: Tuple,
    same: boolean,
    isReported: boolean,
    what: "frame" | "superpage",
    report: Report,
  ): void {
    if (isReported || !same) this.reported++;
    if (same) {
      if (isReported) this.agreed++;
      return;
    }
    const told = isReported ? "" : " (unchanged)";
    report({
      what,
      subject: watched.name,
      expected: `${JSON.stringify(watched.expected)}${told}`,
      found: JSON.stringify(found),
    });
    // Told once: from here on only a further change counts.
    watched.expected = found;
  }
}
