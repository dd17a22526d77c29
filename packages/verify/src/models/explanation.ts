import { type Trace, type TraceFormat, formatTrace, operationSpans, replay } from "@xsp/checker";
import { allocatePlainWords } from "@xsp/words";
import { earlierOperationsText } from "./earlier-operation.ts";
import { isUnsoundAsPublished } from "../adversary/geometry.ts";
import { type CheckBounds, type CheckedProperty, boundsOf, propertyName } from "./model-check.ts";
import { modelOfToken } from "./model-list.ts";
import { type SuperpageMachine, buildSuperpageMachine } from "./superpage-machine.ts";
import { describeFrames, describeWord } from "./word-description.ts";

/*
 * A counterexample told to a reader: every access in columns, and a paragraph made from what the trace says itself.
 */

/** A token replayed and put into words. */
export interface Explanation {
  readonly model: string;
  readonly scheme: string;
  readonly bounds: CheckBounds;
  readonly trace: Trace;
  /** What is wrong in the last state. */
  readonly violated: readonly { readonly property: CheckedProperty; readonly message: string }[];
  /** Every access, a column for each vCPU, words decoded. */
  readonly columns: string;
  /** Which frames are what. */
  readonly legend: string;
  /** One paragraph in plain words. */
  readonly paragraph: string;
  /** How the words of this machine are printed. */
  readonly format: TraceFormat;
}

/** What each property says, in a few words. */
export const propertyMeaning: Readonly<Record<CheckedProperty, string>> = {
  S1: "exclusion: no page table is writable by a guest",
  S2: "no underflow: nobody gives back what nobody holds",
  S3: "conservation: every count equals what exists",
  S4: "isolation: no domain maps a frame of another or changes its accounting",
  S5: "nothing left: a destroyed domain frees all its frames",
  S6: "no one waits for ever: no deadlock, and an unmark succeeds in the end",
  error: "no assertion of the hypervisor fails",
};

/**
 * Replays a token and explains it.
 *
 * @throws RangeError when the token is damaged, of an unknown model, or does not replay.
 */
export function explainToken(token: string): Explanation {
  const { named, scheme, model } = modelOfToken(token);
  const trace = replay(model, token);
  const machine = buildSuperpageMachine({
    ...named.options,
    scheme,
    tlb: named.options.tlb ?? false,
    allocate: allocatePlainWords,
  });
  const format: TraceFormat = {
    describeWord: (region, index, value) => describeWord(machine, region, index, value),
  };
  const violated = trace.violated.map(({ property, message }) => ({ property: propertyName(property), message }));
  return {
    model: named.name,
    scheme,
    bounds: boundsOf(named),
    trace,
    violated,
    columns: formatTrace(trace, format),
    legend: describeFrames(machine),
    paragraph: narrate(trace, scheme, named.options.before ?? [], machine),
    format,
  };
}

/** `pin as L1(1, superpage 0)` for a sentence: `pin as L1 (frame 1 of superpage 0)`. */
function plainOperation(operation: string): string {
  return operation.replace(/\((.*)\)$/, (_, list: string) => {
    const [last = "", frames] = list.split(", ").reverse();
    if (last === "") return "";
    if (!last.startsWith("superpage ")) return ` (frame ${last})`;
    return frames === undefined ? ` (${last})` : ` (frame ${frames} of ${last})`;
  });
}

/** Who does what, in the order in which it begins; what runs at the same time is said. */
function narrate(trace: Trace, scheme: string, before: readonly string[], machine: SuperpageMachine): string {
  const spans = operationSpans(trace);
  const sentences: string[] = [];
  if (before.length > 0)
    sentences.push(
      `Before it begins, ${earlierOperationsText(before)}${machine.heads.length > 1 ? " on each superpage" : ""}.`,
    );
  for (const [index, span] of spans.entries()) {
    const during = spans
      .slice(0, index)
      .filter((other) => other.vcpu !== span.vcpu && (other.result === undefined || other.last > span.first))
      .map((other) => `vCPU ${other.vcpu} is in its ${plainOperation(other.operation)}`);
    const who = `vCPU ${span.vcpu} (d${machine.vcpus[span.vcpu]!.domain.domid})`;
    const when = during.length === 0 ? "" : `, while ${during.join(" and ")}`;
    const what = `${who} begins ${plainOperation(span.operation)} at step ${span.first + 1}${when}`;
    const end =
      span.result === undefined
        ? "it is still under way when the property breaks"
        : `it ends at step ${span.last + 1} with ${span.result}`;
    sentences.push(`${what}; ${end}.`);
  }
  const asPublished = isPublished(scheme) ? " in the scheme as published" : "";
  for (const { property, message } of trace.violated) {
    const name = propertyName(property);
    sentences.push(`Then ${name} (${propertyMeaning[name]}) is violated${asPublished}: ${message}.`);
  }
  if (trace.violated.length === 0) sentences.push("Nothing is wrong in the state that this leads to.");
  return sentences.join(" ");
}

/** Whether a scheme is examined as it was published, and not ours to repair. */
export function isPublished(scheme: string): boolean {
  return isUnsoundAsPublished(scheme);
}
