/** What a task took, per operation, over several samples. */
export interface MicroResult {
  readonly task: string;
  readonly unit: string;
  /** Operations in one sample. */
  readonly operations: number;
  readonly samples: number;
  readonly minNs: number;
  readonly medianNs: number;
  readonly maxNs: number;
}

/** What a process is told that runs the tasks of one scheme. `bare` is no scheme but the language's limit. */
export interface MicroOrder {
  readonly scheme: string;
  readonly superpages: number;
  /** Measure, or only assert that the counts are right. */
  readonly mode: "measure" | "count";
}

/** What it answers. */
export type MicroAnswer =
  | { readonly kind: "done"; readonly results: readonly MicroResult[] }
  | { readonly kind: "failed"; readonly stack: string };
