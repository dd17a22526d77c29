import {
  type CheckResult,
  type ExpansionPool,
  Exploration,
  type ExploreOptions,
  type IncompleteReason,
  type Progress,
  type Reduction,
  type Schedule,
  ShortestSearch,
} from "@xsp/checker";
import { type NamedModel, modelUnderScheme } from "./model-list.ts";
import { operationLists } from "./superpage-model.ts";

/*
 * One check: one model under one scheme, explored to its end or to its budget, with a verdict for each property.
 */

/** The properties of `protocol.md`. S6 is deadlocks, and in some models that an unmark succeeds in the end. */
export const checkedProperties = ["S1", "S2", "S3", "S4", "S5", "S6"] as const;

/** One of S1 to S6, or `error`: an assertion of the hypervisor failed, or its code threw. */
export type CheckedProperty = (typeof checkedProperties)[number] | "error";

/** What became of one property, or of all together. */
export type Verdict = "holds" | "violated" | "incomplete";

/** A violated property and the shortest way there. */
export interface Counterexample {
  readonly property: CheckedProperty;
  readonly message: string;
  /** Steps of the schedule. */
  readonly depth: number;
  readonly schedule: Schedule;
  readonly token: string;
  /** Whether it is known that there is no shorter one (choices that lead nowhere aside). */
  readonly isShortest: boolean;
}

/** Within what a model was explored. */
export interface CheckBounds {
  readonly vcpus: number;
  readonly domains: number;
  readonly superpages: number;
  /** log2 of the frames in a superpage. */
  readonly order: number;
  /** Operations of each vCPU. */
  readonly steps: readonly number[];
  readonly start: "highmem" | "lowmem";
  readonly tlb: boolean;
  /** How often each operation may be preempted. */
  readonly preemptions: number;
  readonly before: readonly string[];
  /** What each vCPU chooses from. */
  readonly operations: readonly (readonly string[])[];
}

/** What a check found. */
export interface ModelCheck {
  readonly model: string;
  readonly scheme: string;
  readonly bounds: CheckBounds;
  readonly verdict: Verdict;
  /**
   * Why properties are incomplete: a limit, `unfinished` when it was interrupted, `threw` when code threw and `error` was
   * not among the properties asked for, so that nothing behind it was seen, or `vacuous` when what was to be examined
   * never happened. A check can be violated and incomplete: of the other properties nothing is known then.
   */
  readonly reason: IncompleteReason | "threw" | "vacuous" | undefined;
  /** What never happened although it should have. */
  readonly vacuous: readonly string[];
  readonly witnessed: readonly string[];
  /** The properties that the model examines, with their verdicts. */
  readonly properties: readonly { readonly name: CheckedProperty; readonly verdict: Verdict }[];
  /** Nearest first, at most one for each property. */
  readonly counterexamples: readonly Counterexample[];
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly bytes: number;
  readonly seconds: number | undefined;
}

/** How to check. */
export interface CheckOptions {
  /** Decide only these. Default: all. */
  readonly properties?: readonly CheckedProperty[];
  readonly budget?: { readonly states?: number; readonly bytes?: number; readonly seconds?: number };
  /** Milliseconds from any fixed moment; needed for a budget of seconds. */
  readonly clock?: () => number;
  readonly signal?: { readonly aborted: boolean };
  readonly onProgress?: (progress: Progress) => void;
  /**
   * Which interleavings are left out; see the checker. Default `independent`: what is violated is then searched for
   * without it, for a shortest counterexample.
   */
  readonly reduction?: Reduction;
  /** Whether that search is made. Default true. */
  readonly searchesShortest?: boolean;
  /** Several threads; see `@xsp/checker/node`. The result is the same. */
  readonly pool?: ExpansionPool;
}

/** States that are spent on finding a shorter counterexample. */
const SEARCH_STATES = 4_000_000;

/** The bounds of a model. */
export function boundsOf({ options }: NamedModel): CheckBounds {
  const { vcpuDomains, superpages = 1, order, start, tlb = false, preemptions = 0, before = [], steps } = options;
  return {
    vcpus: vcpuDomains.length,
    domains: new Set(vcpuDomains).size,
    superpages,
    order,
    steps: vcpuDomains.map((_, vcpu) => (typeof steps === "number" ? steps : steps[vcpu]!)),
    start,
    tlb,
    preemptions,
    before,
    operations: operationLists(options),
  };
}

/**
 * Explores a model under a scheme until each property has its verdict. Pure: time comes by the clock alone.
 *
 * @throws RangeError for an unknown scheme.
 */
export function checkModel(named: NamedModel, scheme: string, options: CheckOptions = {}): ModelCheck {
  const run = new CheckRun(named, scheme, options);
  while (!run.advance()) {
    // The next batch.
  }
  return run.result();
}

/** A check under way, which can be advanced bit by bit, interrupted, saved and gone on with. */
export class CheckRun {
  readonly named: NamedModel;
  readonly scheme: string;
  private readonly options: CheckOptions;
  private readonly exploration: Exploration;
  private search: ShortestSearch | undefined;
  private isOver = false;

  /**
   * @param checkpoint - goes on from there instead of beginning anew.
   * @throws RangeError for an unknown scheme, and naming what differs when the checkpoint is of another model, scheme,
   * bound or property, or of code that has changed since.
   */
  constructor(named: NamedModel, scheme: string, options: CheckOptions = {}, checkpoint?: Uint8Array) {
    this.named = named;
    this.scheme = scheme;
    this.options = options;
    const model = modelUnderScheme(named, scheme);
    const { properties, searchesShortest: _, ...others } = options;
    const explorer: ExploreOptions = {
      until: "every-property",
      reduction: "independent",
      ...others,
      // A narrowed check has to witness nothing: it is a question about one property, not a claim about the model.
      ...(properties === undefined ? {} : { properties: properties.flatMap((name) => checkerNames(name, named)) }),
    };
    this.exploration =
      checkpoint === undefined ? new Exploration(model, explorer) : Exploration.resume(model, explorer, checkpoint);
  }

  /** Explores some batches of states. @returns whether it is over: all decided, or a limit reached. */
  advance(batches = 1): boolean {
    if (this.isOver) return true;
    if (this.search !== undefined) {
      this.isOver = this.search.advance(batches);
    } else if (this.exploration.advance(batches)) {
      this.search = this.searchForShorter();
      this.isOver = this.search === undefined;
    }
    return this.isOver;
  }

  /** A reduced exploration decides; what it found may be reached in fewer steps. */
  private searchForShorter(): ShortestSearch | undefined {
    const { named, scheme, options } = this;
    const { searchesShortest = true, reduction = "independent" } = options;
    if (!searchesShortest || reduction !== "independent" || options.signal?.aborted === true) return undefined;
    const { violations, seconds = 0 } = this.exploration.result();
    if (violations.every(({ schedule }) => schedule === undefined)) return undefined;
    const { budget = {}, clock, signal, pool } = options;
    return new ShortestSearch(modelUnderScheme(named, scheme), violations, {
      budget: {
        states: Math.min(SEARCH_STATES, budget.states ?? SEARCH_STATES),
        ...(budget.bytes === undefined ? {} : { bytes: budget.bytes }),
        ...(budget.seconds === undefined ? {} : { seconds: Math.max(0, budget.seconds - seconds) }),
      },
      ...(clock === undefined ? {} : { clock }),
      ...(signal === undefined ? {} : { signal }),
      ...(pool === undefined ? {} : { pool }),
    });
  }

  progress(): Progress {
    return (this.search ?? this.exploration).progress();
  }

  /** Everything as bytes, to go on from in another run. */
  checkpoint(): Uint8Array {
    return this.exploration.checkpoint();
  }

  /** What was found until now. Before it is over, whatever is not violated is incomplete. */
  result(): ModelCheck {
    const { named, scheme, options } = this;
    const result = this.exploration.result();
    const counterexamples: Counterexample[] = [];
    const isNearest = (options.reduction ?? "independent") !== "independent";
    const found = this.search?.result() ?? result.violations.map((violation) => ({ violation, isShortest: isNearest }));
    for (const { violation, isShortest } of found) {
      const { property, message, depth, schedule, token } = violation;
      if (schedule === undefined || token === undefined) continue;
      counterexamples.push({ property: propertyName(property), message, depth, schedule, token, isShortest });
    }
    counterexamples.sort((a, b) => a.depth - b.depth);
    const nearest = counterexamples.filter(
      ({ property }, place) => counterexamples.findIndex((other) => other.property === property) === place,
    );
    const vacuous = result.violations.filter(({ kind }) => kind === "vacuous").map(({ property }) => property);
    const broken = new Set(counterexamples.map(({ property }) => property));
    const names = (options.properties ?? [...checkedProperties, "error" as const]).filter((name) => {
      return broken.has(name) || isExamined(name, named);
    });
    const isDecided = names.every((name) => broken.has(name));
    const threw = !isDecided && result.ignored.includes("error") ? "threw" : undefined;
    const unfinished = isDecided ? undefined : this.unfinished(result);
    const reason = unfinished ?? threw ?? (vacuous.length > 0 ? "vacuous" : undefined);
    const rest: Verdict = reason === undefined ? "holds" : "incomplete";
    return {
      model: named.name,
      scheme,
      bounds: boundsOf(named),
      verdict: nearest.length > 0 ? "violated" : rest,
      reason,
      vacuous,
      witnessed: result.witnesses.map(({ property }) => property),
      properties: names.map((name) => ({ name, verdict: broken.has(name) ? "violated" : rest })),
      counterexamples: nearest,
      states: result.states,
      transitions: result.transitions,
      depth: result.depth,
      bytes: result.bytes,
      seconds: result.seconds,
    };
  }

  /** Why not everything was seen; the checker itself does not tell once something is violated. */
  private unfinished({ reason, states, seconds = 0 }: CheckResult): IncompleteReason | undefined {
    if (this.exploration.progress().queue === 0) return undefined;
    if (reason !== undefined) return reason;
    const { budget = {}, signal } = this.options;
    if (!this.isOver) return "unfinished";
    if (signal?.aborted === true) return "aborted";
    if (budget.states !== undefined && states >= budget.states) return "states";
    return budget.seconds !== undefined && seconds >= budget.seconds ? "seconds" : "bytes";
  }
}

/** Whether a model can say anything about a property: what never happens in it holds without being examined. */
function isExamined(property: CheckedProperty, named: NamedModel): boolean {
  const { domains, operations } = boundsOf(named);
  if (property === "S4") return domains > 1;
  if (property === "S5") return operations.flat().some((name) => name.startsWith("destroy"));
  return true;
}

function checkerNames(property: CheckedProperty, { options }: NamedModel): string[] {
  if (property !== "S6") return [property];
  return options.unmarksAtLast === true ? ["deadlock", "S6"] : ["deadlock"];
}

/** The name a property goes by in `protocol.md`. */
export function propertyName(name: string): CheckedProperty {
  return name === "deadlock" ? "S6" : (name as CheckedProperty);
}
