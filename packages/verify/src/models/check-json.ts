import { type TraceStep, replay } from "@xsp/checker";
import type { CheckBounds, CheckedProperty, ModelCheck, Verdict } from "./model-check.ts";
import { modelOfToken } from "./model-list.ts";

/** One check as a program reads it. `schedule` lists who moves, and what a choice is answered. */
export interface CheckJson {
  readonly v: 1;
  readonly model: string;
  readonly scheme: string;
  readonly bounds: CheckBounds;
  readonly verdict: Verdict;
  /** The property whose counterexample is nearest; null unless violated. */
  readonly property: CheckedProperty | null;
  readonly states: number;
  readonly transitions: number;
  /** Steps of the counterexample; steps to the furthest state where there is none. */
  readonly depth: number;
  readonly seconds: number | null;
  readonly schedule: readonly (readonly [vcpu: number, choice: number])[] | null;
  readonly token: string | null;
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
