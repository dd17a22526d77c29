import { describeNotes, describeStep, memoryHistory, type TraceStep } from "@xsp/checker";
import { boundsText, explainToken, isPublished, modelByName, propertyMeaning } from "@xsp/verify";

/*
 * A token told for the page. All words are those of `xsp explain`: they are made here, by the same functions, so that
 * the page itself needs neither the checker nor the hypervisor.
 */

/** A word of memory before and after a step. */
export interface ShownWord {
  /** `type_info[3]`. */
  readonly where: string;
  readonly before: number;
  readonly after: number;
  /** The same decoded: `writable 2`. */
  readonly beforeText: string;
  readonly afterText: string;
}

/** One step as the page shows it. */
export interface ShownStep {
  /** The step as the JSON of `xsp explain` has it. */
  readonly step: TraceStep;
  /** `swap type_info[3] writable 2 → writable 1`. */
  readonly text: string;
  /** The operation, if it begins here. */
  readonly begins: string | undefined;
  /** What is announced after the step: `unmark() = 0`. */
  readonly notes: readonly string[];
  /** Undefined for a choice. */
  readonly word: ShownWord | undefined;
}

/** A counterexample, or any other schedule, replayed and put into words. */
export interface Story {
  readonly token: string;
  readonly model: string;
  /** What the model examines, in one sentence. */
  readonly examines: string;
  readonly scheme: string;
  readonly bounds: string;
  /** Whether the scheme is examined as it was published. */
  readonly published: boolean;
  readonly legend: string;
  readonly paragraph: string;
  readonly violated: readonly { readonly property: string; readonly meaning: string; readonly message: string }[];
  /** For each vCPU the program it runs: its domain. */
  readonly programs: readonly string[];
  readonly steps: readonly ShownStep[];
  /** Every word that is touched. */
  readonly words: readonly string[];
  /** What each of them says before the first step, then after each. */
  readonly history: readonly (readonly string[])[];
}

/**
 * Replays a token and tells it.
 *
 * @throws RangeError when the token is damaged, of an unknown model, or does not replay.
 */
export function storyOf(token: string): Story {
  const { model, scheme, bounds, trace, violated, legend, paragraph, format } = explainToken(token);
  const shown = (region: string, index: number, value: number): string =>
    format.describeWord?.(region, index, value) ?? String(value);
  const under: (string | undefined)[] = trace.programs.map(() => undefined);
  const steps = trace.steps.map((step): ShownStep => {
    const begins = step.operation !== under[step.vcpu] ? step.operation : undefined;
    // What ends here may be begun once more under the same name.
    under[step.vcpu] = step.notes.length > 0 ? undefined : step.operation;
    const { region, index, before, after } = step;
    const word =
      step.kind === "choose"
        ? undefined
        : {
            where: `${region}[${index}]`,
            before,
            after,
            beforeText: shown(region, index, before),
            afterText: shown(region, index, after),
          };
    return { step, text: describeStep(step, format), begins, notes: describeNotes(step), word };
  });
  const { words, rows } = memoryHistory(trace);
  return {
    token,
    model,
    examines: modelByName(model).examines,
    scheme,
    bounds: boundsText(bounds),
    published: isPublished(scheme),
    legend,
    paragraph,
    violated: violated.map(({ property, message }) => ({ property, meaning: propertyMeaning[property], message })),
    programs: trace.programs,
    steps,
    words: words.map(({ region, index }) => `${region}[${index}]`),
    history: rows.map((row) =>
      row.map((value, word) => {
        const { region, index } = words[word] as { region: string; index: number };
        return shown(region, index, value);
      }),
    ),
  };
}
