import { checkModel, modelByName } from "@xsp/verify";
import type { CheckerOrder, CheckerRun } from "./checker-result.ts";

/**
 * Explores a model to its end.
 *
 * @param clock milliseconds since any fixed moment.
 * @throws RangeError for an unknown model or scheme.
 */
export function measureChecker({ model, scheme }: CheckerOrder, clock: () => number): CheckerRun {
  const named = modelByName(model);
  const check = checkModel(named, scheme, { reduction: "choices", searchesShortest: false, clock });
  const { verdict, states, transitions, depth, bytes, seconds = 0 } = check;
  return { verdict, states, transitions, depth, bytes, seconds };
}
