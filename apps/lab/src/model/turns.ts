import { encodeToken, type Move, movesToEndOfOperation, type NextStep, nextSteps, replay } from "@xsp/checker";
import { explainToken, modelByName, modelOfToken, modelUnderScheme, namedModels } from "@xsp/verify";

/*
 * A schedule made by hand, one move after another: what each vCPU would do next, and the token of what was done. The
 * token is all that is kept, so every position has a link.
 */

/** One way in which a vCPU can move. */
interface Way {
  readonly choice: number;
  /** `swap type_info[3] writable 2 → writable 1`, or the operation that would begin. */
  readonly text: string;
}

/** A vCPU whose turn it could be. */
export interface Turn {
  readonly vcpu: number;
  readonly program: string;
  readonly state: NextStep["state"];
  /** The operation under way. */
  readonly operation: string | undefined;
  /** None unless it can move. */
  readonly ways: readonly Way[];
  /** What it waits for, or why it stopped. */
  readonly reason: string | undefined;
}

/** A model to play with. */
export interface PlayableModel {
  readonly name: string;
  readonly examines: string;
}

/** The models there are. */
export function playableModels(): PlayableModel[] {
  return namedModels.map(({ name, examines }) => ({ name, examines }));
}

/**
 * The token of a model in which nobody has moved yet.
 *
 * @throws RangeError for an unknown model or scheme.
 */
export function beginning({ model, scheme }: { model: string; scheme: string }): string {
  return encodeToken(modelUnderScheme(modelByName(model), scheme), []);
}

/** The first steps of a token, as a token. */
export function firstSteps({ token, steps }: { token: string; steps: number }): string {
  const { model, parsed } = modelOfToken(token);
  return encodeToken(model, parsed.schedule.slice(0, steps));
}

/**
 * The token of a schedule and some moves more.
 *
 * @throws RangeError when a vCPU cannot move so.
 */
export function withMoves({ token, moves }: { token: string; moves: readonly Move[] }): string {
  const { model, parsed } = modelOfToken(token);
  const schedule = [...parsed.schedule, ...moves];
  // Replayed here, so that a token is never given out for a move that cannot be made.
  replay(model, schedule);
  return encodeToken(model, schedule);
}

/** Lets a vCPU move by itself until its operation ends, or it has to wait or to choose, or something breaks. */
export function toEndOfOperation({ token, vcpu }: { token: string; vcpu: number }): string {
  const { model, parsed } = modelOfToken(token);
  return encodeToken(model, [...parsed.schedule, ...movesToEndOfOperation(model, token, vcpu)]);
}

/** An operation to be performed whole: which vCPU, and how what it announces begins. */
export interface WholeOperation {
  readonly vcpu: number;
  readonly begins: string;
}

/**
 * The token of whole operations, one after another, whatever breaks on the way.
 *
 * @throws RangeError when a vCPU cannot begin an operation, or cannot end it alone.
 */
export function performed({
  model: name,
  scheme,
  operations,
}: {
  model: string;
  scheme: string;
  operations: readonly WholeOperation[];
}): string {
  const model = modelUnderScheme(modelByName(name), scheme);
  let schedule: Move[] = [];
  for (const { vcpu, begins } of operations) {
    const choice = nextSteps(model, schedule)[vcpu]?.choices.findIndex((text) => text?.startsWith(begins)) ?? -1;
    if (choice < 0) throw new RangeError(`vCPU ${vcpu} cannot begin “${begins}” in ${name} now`);
    schedule = [...schedule, { vcpu, choice }];
    do {
      const moves = movesToEndOfOperation(model, schedule, vcpu);
      if (moves.length === 0) throw new RangeError(`vCPU ${vcpu} cannot end “${begins}” alone`);
      schedule = [...schedule, ...moves];
    } while (replay(model, schedule).steps.at(-1)?.notes.length === 0);
  }
  return encodeToken(model, schedule);
}

/** What each vCPU would do after the schedule of a token. */
export function turnsAfter(token: string): Turn[] {
  const { model } = modelOfToken(token);
  const { format } = explainToken(token);
  return nextSteps(model, token).map((next): Turn => {
    const { vcpu, program, state, operation } = next;
    const said = (value: number): string => format.describeWord?.(next.region, next.index, value) ?? String(value);
    const ways =
      state !== "ready"
        ? []
        : next.kind === "choose"
          ? next.choices.map((text, choice) => ({ choice, text: choiceText(operation, text, choice) }))
          : [{ choice: 0, text: accessText(next, said) }];
    return { vcpu, program, state, operation, ways, reason: reasonOf(next, said) };
  });
}

/** A choice inside an operation is whether Xen is preempted there; one before it is which operation begins. */
function choiceText(before: string | undefined, after: string | undefined, choice: number): string {
  if (before !== undefined) return choice === 0 ? "go on without a preemption" : "be preempted here";
  return after ?? `way ${choice + 1}`;
}

function accessText(next: NextStep, said: (value: number) => string): string {
  const where = `${next.region}[${next.index}]`;
  switch (next.kind) {
    case "store":
      return `store ${where} ${said(next.word)} → ${said(next.value)}`;
    case "compareAndSwap":
      return next.word === next.value
        ? `swap ${where} ${said(next.value)} → ${said(next.desired)}`
        : `swap ${where}, which will fail: expects ${said(next.value)}, the word is ${said(next.word)}`;
    default:
      return `load ${where}, now ${said(next.word)}`;
  }
}

function reasonOf(next: NextStep, said: (value: number) => string): string | undefined {
  if (next.state === "waits") return `waits for ${next.region}[${next.index}] to be no longer ${said(next.value)}`;
  return next.state === "failed" ? "its code has thrown: an assertion of the hypervisor failed" : undefined;
}
