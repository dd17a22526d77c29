import { type IncompleteReason, type Progress, type Schedule, explore } from "@xsp/checker";
import { type NamedModel, modelUnderScheme } from "./model-list.ts";

/*
 * One check: one model under one scheme, explored to its end or to its budget, with a verdict for each property.
 */

/** The properties of `protocol.md` that every model is checked for. S6 is the checker's own deadlock detection. */
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
  /** Why it is incomplete: a limit, or `vacuous` when what was to be examined never happened. */
  readonly reason: IncompleteReason | "vacuous" | undefined;
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
}

/** The bounds of a model. */
export function boundsOf({ options }: NamedModel): CheckBounds {
  const { vcpuDomains, order, start, tlb = false, preemptions = 0, before = [], steps } = options;
  const [first] = options.operations;
  return {
    vcpus: vcpuDomains.length,
    domains: new Set(vcpuDomains).size,
    superpages: 1,
    order,
    steps: vcpuDomains.map((_, vcpu) => (typeof steps === "number" ? steps : steps[vcpu]!)),
    start,
    tlb,
    preemptions,
    before,
    operations: vcpuDomains.map(
      (_, vcpu) => (typeof first === "string" ? options.operations : options.operations[vcpu]) as readonly string[],
    ),
  };
}

/**
 * Explores a model under a scheme until each property has its verdict. Pure: time comes by the clock alone.
 *
 * @throws RangeError for an unknown scheme.
 */
export function checkModel(named: NamedModel, scheme: string, options: CheckOptions = {}): ModelCheck {
  const model = modelUnderScheme(named, scheme);
  const { properties: wanted, ...explorerOptions } = options;
  // A narrowed check still has to witness nothing: it is a question about one property, not a claim about the model.
  const narrowed = wanted === undefined ? {} : { properties: wanted.map(checkerName) };
  const result = explore(model, { until: "every-property", ...explorerOptions, ...narrowed });
  const counterexamples: Counterexample[] = [];
  for (const { property, message, depth, schedule, token } of result.violations) {
    if (schedule === undefined || token === undefined) continue;
    counterexamples.push({ property: propertyName(property), message, depth, schedule, token });
  }
  const vacuous = result.violations.filter(({ kind }) => kind === "vacuous").map(({ property }) => property);
  const complete = result.reason === undefined;
  const rest: Verdict = complete && vacuous.length === 0 ? "holds" : "incomplete";
  const broken = new Set(counterexamples.map(({ property }) => property));
  const names = (wanted ?? [...checkedProperties, "error" as const]).filter((name) => {
    return broken.has(name) || isExamined(name, named);
  });
  return {
    model: named.name,
    scheme,
    bounds: boundsOf(named),
    verdict: counterexamples.length > 0 ? "violated" : rest,
    reason: result.reason ?? (vacuous.length > 0 ? "vacuous" : undefined),
    vacuous,
    witnessed: result.witnesses.map(({ property }) => property),
    properties: names.map((name) => ({ name, verdict: broken.has(name) ? "violated" : rest })),
    counterexamples,
    states: result.states,
    transitions: result.transitions,
    depth: result.depth,
    bytes: result.bytes,
    seconds: result.seconds,
  };
}

/** Whether a model can say anything about a property: what never happens in it holds without being examined. */
function isExamined(property: CheckedProperty, named: NamedModel): boolean {
  const { domains, operations } = boundsOf(named);
  if (property === "S4") return domains > 1;
  if (property === "S5") return operations.flat().some((name) => name.startsWith("destroy"));
  return true;
}

function checkerName(property: CheckedProperty): string {
  return property === "S6" ? "deadlock" : property;
}

/** The name a property goes by in `protocol.md`. */
export function propertyName(name: string): CheckedProperty {
  return name === "deadlock" ? "S6" : (name as CheckedProperty);
}
