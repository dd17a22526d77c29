import type { Trace } from "../replay.ts";

/** A word as traces name it. */
export interface TracedWord {
  readonly region: string;
  readonly index: number;
}

/** The words that a trace touches, in the order of their addresses, and their values before and after each step. */
export interface MemoryHistory {
  readonly words: readonly TracedWord[];
  /** One row more than there are steps: row 0 is before the first. */
  readonly rows: readonly (readonly number[])[];
}

/** Follows the words that a trace touches. Words it does not touch are left out: a host has thousands of them. */
export function memoryHistory(trace: Trace): MemoryHistory {
  const touched = new Set(
    trace.steps.filter(({ index }) => index >= 0).map(({ region, index }) => `${region}[${index}]`),
  );
  const words: TracedWord[] = [];
  const first: number[] = [];
  for (const { name: region, base, length } of trace.regions) {
    for (let index = 0; index < length; index++) {
      if (!touched.has(`${region}[${index}]`)) continue;
      words.push({ region, index });
      first.push(trace.initial[base + index] as number);
    }
  }
  const rows = [first];
  for (const step of trace.steps) {
    const row = [...(rows.at(-1) as number[])];
    const at = words.findIndex(({ region, index }) => region === step.region && index === step.index);
    if (at >= 0) row[at] = step.after;
    rows.push(row);
  }
  return { words, rows };
}
