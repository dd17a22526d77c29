import type { SchemeName } from "@xsp/hypervisor";

/** One step of a scenario: command lines of the console, and what they are expected to do. */
export interface Step {
  /** Run one after another until one is refused; a step that is not measured has one. `{…}` is filled in. */
  readonly commands: readonly string[];
  /** Measured: the name under which events and modelled time of these commands alone are shown. */
  readonly as?: string;
  /** Patterns of whole lines, each of which some line of the output must match. See {@link printsLine}. */
  readonly prints: readonly string[];
  /** The errno or signal that the last command must end with; absent: all must work. */
  readonly refused?: string;
  /** The schemes for which `prints` and `refused` stand. Under the others the step must just work. */
  readonly under?: readonly SchemeName[];
  /** Where it stands in the file, from 1; absent when it was set from outside. */
  readonly line?: number;
}

/** The errno or signal that a step is to end with under a scheme; undefined when it is to work. */
export function expectedRefusal(step: Step, scheme: SchemeName): string | undefined {
  return step.under?.includes(scheme) === false ? undefined : step.refused;
}

/** The patterns that a step's output must match under a scheme. */
export function expectedLines(step: Step, scheme: SchemeName): readonly string[] {
  return step.under?.includes(scheme) === false ? [] : step.prints;
}

/**
 * Whether a line of output is the one that a pattern describes.
 *
 * The pattern is the whole line: `HugePages_Total: 6` is not found in `HugePages_Total: 64`. White space counts as one
 * blank however much there is, so that columns need not be copied; `*` stands for any text.
 */
export function printsLine(pattern: string, line: string): boolean {
  const parts = blanks(pattern).split("*");
  const text = blanks(line);
  const [first = "", ...rest] = parts;
  if (!text.startsWith(first)) return false;
  if (rest.length === 0) return text === first;
  const last = rest.pop() as string;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

/** A line with each run of white space made one blank: the form in which lines are compared and shown. */
export function blanks(text: string): string {
  return text.trim().replaceAll(/\s+/g, " ");
}
