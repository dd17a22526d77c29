import { schemeNames } from "@xsp/hypervisor";
import type { Progress } from "@xsp/checker";
import { type CheckOptions, type ModelCheck, checkModel } from "./model-check.ts";
import { type NamedModel, namedModels } from "./model-list.ts";

/** What the matrix is made of. */
export interface MatrixOptions extends Omit<CheckOptions, "onProgress"> {
  /** Default: all. */
  readonly models?: readonly NamedModel[];
  /** Default: all. */
  readonly schemes?: readonly string[];
  /** How far the check under way is, and which of how many it is. */
  readonly onProgress?: (progress: MatrixProgress) => void;
  /** Called with each check when it is done. */
  readonly onCheck?: (check: ModelCheck) => void;
}

/** How far the matrix is. */
export interface MatrixProgress extends Progress {
  readonly model: string;
  readonly scheme: string;
  /** Checks done before this one, and all there are. */
  readonly done: number;
  readonly total: number;
}

/**
 * Checks every model under every scheme, one run for each pair. The budget is for each run.
 *
 * @throws RangeError for an unknown scheme.
 */
export function checkMatrix(options: MatrixOptions = {}): ModelCheck[] {
  const { models = namedModels, schemes = schemeNames, onProgress, onCheck, ...each } = options;
  const checks: ModelCheck[] = [];
  const total = models.length * schemes.length;
  for (const model of models) {
    for (const scheme of schemes) {
      if (options.signal?.aborted === true) return checks;
      const place = { model: model.name, scheme, done: checks.length, total };
      const report = onProgress && { onProgress: (progress: Progress) => onProgress({ ...progress, ...place }) };
      const check = checkModel(model, scheme, { ...each, ...report });
      checks.push(check);
      onCheck?.(check);
    }
  }
  return checks;
}
