import type { Judgement } from "./judgement.ts";
import type { StepRun, StepsRun } from "./scheme-run.ts";
import { blanks, expectedLines, expectedRefusal, printsLine, type Step } from "./step.ts";

/**
 * Says of each step of a run whether it did what was expected.
 *
 * That a step simply works is expected of every one and shown only where it is missed.
 */
export function judgeSteps(steps: readonly Step[], run: StepsRun): readonly Judgement[] {
  const judgements = steps.flatMap((step, at) => judgeStep(step, run.steps[at], run.scheme));
  if (run.multicallFailures === 0) return judgements;
  return [
    ...judgements,
    {
      what: "hypercalls of the guest's kernel",
      scheme: run.scheme,
      held: false,
      expected: "none fails",
      got: `${run.multicallFailures} failed (see dmesg)`,
    },
  ];
}

function judgeStep(step: Step, ran: StepRun | undefined, scheme: StepsRun["scheme"]): Judgement[] {
  const place = { scheme, ...(step.line === undefined ? {} : { line: step.line }) };
  const what = (ran ?? step).commands.at(-1) ?? "";
  const refused = expectedRefusal(step, scheme);
  const patterns = expectedLines(step, scheme);
  if (ran === undefined) {
    // A step after the one at which the run ended. Only what it was to show is of interest.
    const wanted = [...patterns, ...(refused === undefined ? [] : [`refused: ${refused}`])];
    return wanted.map((expected) => ({ ...place, what, held: false, expected, got: "not reached" }));
  }
  const judgements: Judgement[] = [];
  if (refused !== undefined || ran.refusal !== undefined) {
    judgements.push({
      ...place,
      what,
      held: ran.refusal === refused,
      expected: refused === undefined ? "works" : `refused: ${refused}`,
      got: ran.refusal === undefined ? "works" : `refused: ${ran.refusal}`,
    });
  }
  for (const pattern of patterns) {
    const line = ran.output.find((printed) => printsLine(pattern, printed));
    judgements.push({
      ...place,
      what,
      held: line !== undefined,
      expected: pattern,
      got: line === undefined ? nearestLine(pattern, ran.output) : blanks(line),
    });
  }
  return judgements;
}

/** The line that was probably meant: the one that begins with the same word. */
function nearestLine(pattern: string, output: readonly string[]): string {
  const word = /^[^\s*]+/.exec(pattern.trim())?.[0];
  const line = word === undefined ? undefined : output.find((printed) => printed.trim().startsWith(word));
  if (line !== undefined) return blanks(line);
  return output.length === 0 ? "prints nothing" : "no such line";
}
