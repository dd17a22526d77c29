import type { CheckResult, Violation, Witness } from "./check-result.ts";
import { builtInProperties } from "./compiled-model.ts";
import type { SettledOptions } from "./explore-options.ts";
import { Hit } from "./expansion-tables.ts";
import type { InternedModel } from "./interned-model.ts";
import type { Model, Move, Property, Schedule } from "./model.ts";
import { replay, type Trace } from "./replay.ts";
import type { StateStore } from "./state-store.ts";
import { encodeToken } from "./token.ts";

type Findings = Pick<CheckResult, "violations" | "witnesses" | "ignored">;

/**
 * Turns the first state that violated or witnessed each property into schedules and messages, nearest first.
 *
 * @throws Error when a schedule, replayed the plain way, does not show what the exploration found: a bug of the checker
 * or a model that does not build the same each time.
 */
export function findings(
  model: Model,
  interned: InternedModel,
  store: StateStore,
  settled: SettledOptions,
  hits: Int32Array,
  everythingSeen: boolean,
): Findings {
  const { properties } = interned.compiled;
  const found: { readonly state: number; readonly violation: Violation }[] = [];
  const witnesses: { readonly state: number; readonly witness: Witness }[] = [];
  const vacuous: Violation[] = [];
  const isWanted = (name: string): boolean => settled.properties.includes(name);

  properties.forEach((property, number) => {
    const { name, kind } = property;
    const state = hits[Hit.properties + number] as number;
    if (!isWanted(name)) return;
    if (kind !== "sometimes") {
      if (state >= 0) found.push({ state, violation: violationOf(model, interned, store, state, name, kind) });
    } else if (state >= 0) {
      witnesses.push({ state, witness: witnessOf(model, interned, store, state, property) });
    } else if (everythingSeen) {
      const message = `vacuous: no reachable state witnesses ${name}`;
      vacuous.push({ property: name, kind: "vacuous", message, depth: 0, schedule: undefined, token: undefined });
    }
  });
  for (const name of builtInProperties) {
    const state = hits[Hit[name]] as number;
    if (state < 0 || !isWanted(name)) continue;
    found.push({ state, violation: violationOf(model, interned, store, state, name, name) });
  }
  // Two properties that fail in one state: an error explains the rest, so it comes first.
  const rank = ({ violation }: { violation: Violation }): number => (violation.kind === "error" ? 0 : 1);
  found.sort((a, b) => a.state - b.state || rank(a) - rank(b));
  witnesses.sort((a, b) => a.state - b.state);
  return {
    violations: [...found.map(({ violation }) => violation), ...vacuous],
    witnesses: witnesses.map(({ witness }) => witness),
    ignored: builtInProperties.filter((name) => (hits[Hit[name]] as number) >= 0 && !isWanted(name)),
  };
}

function violationOf(
  model: Model,
  interned: InternedModel,
  store: StateStore,
  state: number,
  property: string,
  kind: Violation["kind"],
): Violation {
  const shows = (trace: Trace): boolean => trace.violated.some((violated) => violated.property === property);
  const { schedule, trace } = confirmed(model, scheduleTo(interned, store, state), property, shows);
  const message = trace.violated.find((violated) => violated.property === property)?.message ?? property;
  return { property, kind, message, depth: schedule.length, schedule, token: encodeToken(model, schedule) };
}

function witnessOf(
  model: Model,
  interned: InternedModel,
  store: StateStore,
  state: number,
  { name }: Property,
): Witness {
  const shows = (trace: Trace): boolean => trace.witnessed.includes(name);
  const { schedule } = confirmed(model, scheduleTo(interned, store, state), name, shows);
  return { property: name, depth: schedule.length, schedule, token: encodeToken(model, schedule) };
}

/** Replays a schedule, and cuts off what each vCPU does last as far as it is not needed. */
function confirmed(
  model: Model,
  found: Schedule,
  property: string,
  shows: (trace: Trace) => boolean,
): { readonly schedule: Schedule; readonly trace: Trace } {
  let schedule = found;
  let trace = replay(model, schedule);
  if (!shows(trace)) {
    throw new Error(
      `replayed, the schedule does not show ${property}: does the model's setup build the same each time?`,
    );
  }
  for (let vcpu = 0; vcpu < trace.programs.length;) {
    const last = schedule.map((move) => move.vcpu).lastIndexOf(vcpu);
    const shorter = schedule.filter((_, index) => index !== last);
    const shorterTrace = last < 0 ? undefined : replayIfPossible(model, shorter);
    if (shorterTrace === undefined || !shows(shorterTrace)) {
      vcpu++;
      continue;
    }
    schedule = shorter;
    trace = shorterTrace;
    vcpu = 0;
  }
  return { schedule, trace };
}

/** Replays a schedule; undefined when a vCPU is blocked, or has fewer ways, because of a step that is missing. */
function replayIfPossible(model: Model, schedule: Schedule): Trace | undefined {
  try {
    return replay(model, schedule);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * The schedule by which a state was found: up along the parents, then down again, taking at each step the first move
 * that leads to the next state. Linear in the depth.
 */
function scheduleTo(interned: InternedModel, store: StateStore, state: number): Schedule {
  const path: number[] = [];
  for (let at = state; at >= 0; at = store.parent(at)) path.push(at);
  path.reverse();
  const from = new Int32Array(interned.fields);
  const to = new Int32Array(interned.fields);
  return path.slice(1).flatMap((child, index) => {
    store.read(path[index] as number, from);
    store.read(child, to);
    return movesBetween(interned, from, to);
  });
}

/** One move of one vCPU, and the independent steps that were taken with it. */
function movesBetween(interned: InternedModel, from: Int32Array, to: Int32Array): Move[] {
  for (let vcpu = 0; vcpu < interned.vcpus; vcpu++) {
    const ways = interned.ways(from, vcpu);
    for (let choice = 0; choice < ways; choice++) {
      if (!interned.isKnown(from, vcpu, choice)) continue;
      const after = from.slice();
      interned.move(after, vcpu, choice);
      const moves: Move[] = [{ vcpu, choice }];
      if (walkOn(interned, after, to, moves)) return moves;
    }
  }
  throw new Error("no move leads from a state to the one found from it: a bug of the checker");
}

/** Walks each vCPU on within its operation to where it is in `to`. Independent steps may be taken in any order. */
function walkOn(interned: InternedModel, fields: Int32Array, to: Int32Array, moves: Move[]): boolean {
  for (let vcpu = 0; vcpu < interned.vcpus; vcpu++) {
    const at = interned.words + vcpu;
    const steps = interned.tree.stepsFrom(fields[at] as number, to[at] as number);
    for (let step = 0; step < steps; step++) {
      if (interned.ways(fields, vcpu) !== 1 || !interned.isKnown(fields, vcpu, 0)) return false;
      interned.move(fields, vcpu, 0);
      moves.push({ vcpu, choice: 0 });
    }
  }
  return fields.every((number, field) => number === to[field]);
}
