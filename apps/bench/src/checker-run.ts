import { fileURLToPath } from "node:url";
import type { BenchSize } from "./bench-size.ts";
import type { CheckerOrder, CheckerResult, CheckerRun } from "./checker-result.ts";
import { askChild } from "./child-process.ts";
import { samplesOf } from "./samples.ts";

const worker = fileURLToPath(new URL("./checker-worker.js", import.meta.url));

/**
 * Explores the size's model some times over, each time in a process of its own.
 *
 * @throws Error when two explorations of the same model differ in what they saw.
 */
export async function runChecker(
  { checker: { model, scheme, runs } }: BenchSize,
  tell: (what: string) => void,
): Promise<CheckerResult> {
  const found: CheckerRun[] = [];
  const order: CheckerOrder = { model, scheme };
  while (found.length < runs) {
    tell(`checker, ${found.length + 1} of ${runs}: ${model} under ${scheme}`);
    // oxlint-disable-next-line no-await-in-loop -- one process at a time, or they would time each other
    found.push(await askChild<CheckerRun>(worker, order, `the check of ${model}`));
  }
  return checkerResult(order, found);
}

/** Puts the runs of one check together. */
export function checkerResult({ model, scheme }: CheckerOrder, runs: readonly CheckerRun[]): CheckerResult {
  const [first] = runs;
  if (first === undefined) throw new RangeError("no run given: expected at least one");
  const { verdict, states, transitions, depth, bytes } = first;
  const other = runs.find((run) => run.states !== states || run.transitions !== transitions);
  if (other !== undefined) {
    throw new Error(
      `${model} under ${scheme} had ${states} states and ${transitions} transitions, and then ` +
        `${other.states} and ${other.transitions}: expected the same every time`,
    );
  }
  return {
    model,
    scheme,
    reduction: "choices",
    verdict,
    states,
    transitions,
    depth,
    bytesPerState: bytes / states,
    seconds: samplesOf(runs.map(({ seconds }) => seconds)),
    transitionsPerSecond: samplesOf(runs.map(({ seconds }) => transitions / seconds)),
    command: `pnpm xsp check ${model} --scheme ${scheme} --reduction choices`,
  };
}
