import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { Witness } from "./check-result.ts";
import { allocateInts } from "./edge-arena.ts";
import { DECISION_LIMIT, type ExploreOptions, settleOptions } from "./explore-options.ts";
import { InternedModel } from "./interned-model.ts";
import type { Model, Move, Property, Schedule } from "./model.ts";
import { NodeFlag } from "./node-record.ts";
import { replay } from "./replay.ts";
import { encodeToken } from "./token.ts";

/** How to walk. */
export interface WalkOptions {
  /** The same seed walks the same ways. */
  readonly seed: number;
  readonly walks: number;
  /** Most steps of one walk. */
  readonly steps: number;
  /**
   * - `random`: any vCPU that can move, with the same chance.
   * - `pct`: vCPUs have random priorities, the highest that can move does, and at `changes` random steps the running one
   *   drops below all others. Finds a bug that needs `d` ordered events with a chance of at least `1 / (n × stepsᵈ⁻¹)` a
   *   walk, with `changes = d − 1` (Burckhardt et al., ASPLOS 2010).
   */
  readonly strategy: "random" | "pct";
  /** For `pct`. Default 2. */
  readonly changes?: number;
  /** As for an exploration. */
  readonly properties?: readonly string[];
  readonly signal?: ExploreOptions["signal"];
}

/** What walks found. */
export interface WalkResult {
  /** Never `holds`: a walk sees what it comes by. */
  readonly verdict: "violated" | "incomplete";
  readonly violation: { readonly property: string; readonly message: string } | undefined;
  readonly schedule: Schedule | undefined;
  readonly token: string | undefined;
  readonly walks: number;
  readonly steps: number;
  /** The `sometimes` properties that were come by, with the first walk that did. */
  readonly witnesses: readonly Witness[];
}

/**
 * Walks at random through a model that is too big to explore. Stops at the first violation; its schedule is as long as
 * the walk was, not the shortest.
 *
 * Cost: no memory but the trees; some ten array accesses a step, and the predicates whenever a step is made.
 *
 * @throws RangeError when an option is out of range.
 */
export function walk(model: Model, options: WalkOptions): WalkResult {
  for (const name of ["walks", "steps"] as const) {
    if (!Number.isInteger(options[name]) || options[name] < 1) {
      throw new RangeError(`${name} is ${options[name]}, expected 1 or more`);
    }
  }
  const walker = new Walker(model, options);
  for (let walks = 1; walks <= options.walks && options.signal?.aborted !== true; walks++) {
    const property = walker.walk();
    if (property !== undefined) return walker.violated(property, walks);
  }
  return walker.finished(options.walks);
}

class Walker {
  private readonly model: Model;
  private readonly options: WalkOptions;
  private readonly interned: InternedModel;
  private readonly wanted: readonly string[];
  private readonly watched: readonly { readonly property: Property; readonly number: number }[];
  private readonly witnesses = new Map<string, Schedule>();
  private readonly random: ReturnType<typeof xoroshiro128plus>;
  private schedule: Move[] = [];
  private steps = 0;

  constructor(model: Model, options: WalkOptions) {
    this.model = model;
    this.options = options;
    this.interned = new InternedModel(model, allocateInts, DECISION_LIMIT);
    const { compiled } = this.interned;
    const asked = options.properties === undefined ? {} : { properties: options.properties };
    this.wanted = settleOptions(compiled, asked).properties;
    this.watched = compiled.properties
      .map((property, number) => ({ property, number }))
      .filter(({ property }) => this.wanted.includes(property.name));
    this.random = xoroshiro128plus(options.seed);
  }

  /** One walk from the initial state. Returns what it violated. */
  walk(): string | undefined {
    const fields = this.interned.initialFields();
    const choose = this.options.strategy === "pct" ? this.byPriority() : this.atRandom();
    this.schedule = [];
    for (let step = 0; ; step++) {
      const able: number[] = [];
      for (let vcpu = 0; vcpu < this.interned.vcpus; vcpu++) if (this.interned.ways(fields, vcpu) > 0) able.push(vcpu);
      const violated = this.wrongIn(fields, able.length === 0);
      if (violated !== undefined) return violated;
      if (able.length === 0 || step === this.options.steps) return undefined;
      const vcpu = choose(able, step);
      const choice = this.below(this.interned.ways(fields, vcpu));
      this.interned.move(fields, vcpu, choice);
      this.schedule.push({ vcpu, choice });
      this.steps++;
    }
  }

  violated(property: string, walks: number): WalkResult {
    const { schedule, model } = this;
    const trace = replay(model, schedule);
    const violation = trace.violated.find((each) => each.property === property);
    if (violation === undefined) throw new Error(`replayed, the walk does not violate ${property}`);
    return { ...this.finished(walks), verdict: "violated", violation, schedule, token: encodeToken(model, schedule) };
  }

  finished(walks: number): WalkResult {
    const witnesses = [...this.witnesses].map(([property, schedule]): Witness => {
      return { property, depth: schedule.length, schedule, token: encodeToken(this.model, schedule) };
    });
    const nothing = { violation: undefined, schedule: undefined, token: undefined };
    return { verdict: "incomplete", ...nothing, walks, steps: this.steps, witnesses };
  }

  private wrongIn(fields: Int32Array, isStuck: boolean): string | undefined {
    const { all, any } = this.interned.flags(fields);
    const failed = (any & NodeFlag.failed) !== 0;
    if (failed && this.wanted.includes("error")) return "error";
    for (const { property, number } of this.watched) {
      const { kind, name } = property;
      if (kind === "quiescent" && (all & NodeFlag.resting) === 0) continue;
      if (kind === "finally" && (all & NodeFlag.done) === 0) continue;
      if (kind === "sometimes" && this.witnesses.has(name)) continue;
      const holds = this.interned.forest.run(number, fields);
      if (kind === "sometimes" && holds) this.witnesses.set(name, [...this.schedule]);
      if (kind !== "sometimes" && !holds) return name;
    }
    const isDeadlock = isStuck && !failed && (all & NodeFlag.done) === 0;
    return isDeadlock && this.wanted.includes("deadlock") ? "deadlock" : undefined;
  }

  private atRandom(): (able: readonly number[]) => number {
    return (able) => able[this.below(able.length)] as number;
  }

  private byPriority(): (able: readonly number[], step: number) => number {
    const priorities = Array.from({ length: this.interned.vcpus }, (_, vcpu) => vcpu + 1);
    for (let last = priorities.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      [priorities[last], priorities[other]] = [priorities[other] as number, priorities[last] as number];
    }
    const changes = Array.from({ length: this.options.changes ?? 2 }, () => this.below(this.options.steps));
    let lowest = 0;
    const highest = (able: readonly number[]): number =>
      able.reduce((best, vcpu) => ((priorities[vcpu] as number) > (priorities[best] as number) ? vcpu : best));
    return (able, step) => {
      if (changes.includes(step)) priorities[highest(able)] = lowest--;
      return highest(able);
    };
  }

  private below(count: number): number {
    return count === 1 ? 0 : uniformInt(this.random, 0, count - 1);
  }
}
