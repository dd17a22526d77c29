import { type Model, replay, type Trace } from "@xsp/checker";
import { schemeByName } from "@xsp/hypervisor";
import { boundsOf, type CheckedProperty, propertyName } from "../models/model-check.ts";
import { modelOfToken } from "../models/model-list.ts";
import { superpageModel } from "../models/superpage-model.ts";

/*
 * What a counterexample is made of, without its schedule: which operations each vCPU performs, in the order in which it
 * performs them. How their accesses interleave is left to the threads that run them.
 */

/** What is to be run on real threads. Plain data, so that it can be sent to a thread. */
export interface StressPlan {
  readonly token: string;
  readonly model: string;
  /** The scheme that the counterexample is of. */
  readonly tokenScheme: string;
  /** What the counterexample breaks there. */
  readonly tokenBreaks: readonly CheckedProperty[];
  /** The scheme that is run. */
  readonly scheme: string;
  /** log2 of the frames in the superpage that is run. */
  readonly order: number;
  /** Operations that the first vCPU has performed before. */
  readonly before: readonly string[];
  /** For each vCPU its operations by name. */
  readonly operations: readonly (readonly string[])[];
  /** For each vCPU what its choices are answered, in turn: one choice an operation. */
  readonly choices: readonly (readonly number[])[];
}

/** What may differ from the counterexample. */
export interface StressPlanOptions {
  /** Run the same operations under this scheme. Default: the counterexample's. */
  readonly scheme?: string;
  /** log2 of the frames in the superpage, 0 to 9. Default: the model's. */
  readonly order?: number;
}

/**
 * Takes from a counterexample what its vCPUs do.
 *
 * @throws RangeError when the token is damaged, of an unknown model, or does not replay, and for an unknown scheme or an
 * order that there is not.
 */
export function stressPlan(token: string, options: StressPlanOptions = {}): StressPlan {
  const { named, scheme: tokenScheme, model } = modelOfToken(token);
  const { order = named.options.order } = options;
  if (!Number.isInteger(order) || order < 0 || order > 9) {
    throw new RangeError(`order: ${order} given, expected a whole number from 0 to 9`);
  }
  const scheme = schemeByName(options.scheme ?? tokenScheme).name;
  const { before, operations } = boundsOf(named);
  const trace = replay(model, token);
  if ((named.options.superpages ?? 1) > 1) {
    throw new RangeError("superpages: the token is of several, expected of one, for its choices to name operations");
  }
  const choices = trace.programs.map((_, vcpu) => operationChoices(trace, vcpu));
  return {
    token,
    model: named.name,
    tokenScheme,
    tokenBreaks: trace.violated.map(({ property }) => propertyName(property)),
    scheme,
    order,
    before,
    operations: choices.map((chosen, vcpu) => chosen.map((choice) => operations[vcpu]![choice]!)),
    choices,
  };
}

/** Which operations a vCPU chooses: the first choice of each. Later ones are of preemption, which threads do not have. */
function operationChoices({ steps }: Trace, vcpu: number): number[] {
  const chosen: number[] = [];
  let inOperation = false;
  for (const step of steps) {
    if (step.vcpu !== vcpu) continue;
    if (!inOperation && step.kind === "choose") chosen.push(step.answer);
    inOperation = step.notes.length === 0;
  }
  return chosen;
}

/** The model that a plan runs: the token's, under the plan's scheme and order. */
export function stressModel({ token, scheme, order }: StressPlan): Model {
  const { named } = modelOfToken(token);
  return superpageModel(named.name, { ...named.options, scheme, order });
}
