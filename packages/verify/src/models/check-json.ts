import { type TraceStep, replay } from "@xsp/checker";
import type { CheckBounds, CheckedProperty, ModelCheck, Verdict } from "./model-check.ts";
import { modelOfToken } from "./model-list.ts";

/** One check as a program reads it: what `xsp check MODEL --format json` writes. */
export interface CheckJson {
  /** Version of this form. */
  readonly v: 1;
  /** The model that was explored. */
  readonly model: string;
  /** The accounting scheme that it was explored under. */
  readonly scheme: string;
  /** Within what it was explored. */
  readonly bounds: CheckBounds;
  /** What became of all properties together. */
  readonly verdict: Verdict;
  /** The property whose counterexample is nearest; null unless violated. */
  readonly property: CheckedProperty | null;
  /** How many different states were seen. */
  readonly states: number;
  /** How many steps from one to another were made. */
  readonly transitions: number;
  /** Steps of the counterexample; steps to the furthest state where there is none. */
  readonly depth: number;
  /** How long it took, in seconds of wall time; null when that was not measured. */
  readonly seconds: number | null;
  /** The nearest counterexample: who moves, and what a choice is answered, at each step; null unless violated. */
  readonly schedule: readonly (readonly [vcpu: number, choice: number])[] | null;
  /** The same as `xsp explain`, `replay` and `stress` take it; null unless violated. */
  readonly token: string | null;
  /** The same access by access; null unless violated. */
  readonly steps: readonly TraceStep[] | null;
}

/** Puts a check and its nearest counterexample, replayed, into JSON. */
export function checkJson(check: ModelCheck): CheckJson {
  const [nearest] = check.counterexamples;
  const { model, scheme, bounds, verdict, states, transitions } = check;
  return {
    v: 1,
    model,
    scheme,
    bounds,
    verdict,
    property: nearest?.property ?? null,
    states,
    transitions,
    depth: nearest?.depth ?? check.depth,
    seconds: check.seconds ?? null,
    schedule: nearest?.schedule.map(({ vcpu, choice }) => [vcpu, choice] as const) ?? null,
    token: nearest?.token ?? null,
    steps: nearest === undefined ? null : replay(modelOfToken(nearest.token).model, nearest.token).steps,
  };
}
