import { fileURLToPath } from "node:url";
import type { ChosenSchemes } from "@xsp/cli";
import { schemeNames } from "@xsp/scenario";
import type { BenchSize } from "./bench-size.ts";
import { askChild } from "./child-process.ts";
import type { MicroOrder, MicroResult, MicroResults } from "./micro-result.ts";
import { joinSamples } from "./samples.ts";

const worker = fileURLToPath(new URL("./micro-worker.js", import.meta.url));

/**
 * The micro-benchmarks of every scheme, each in a process of its own, in several passes over all of them: a scheme is
 * then not judged by the one minute in which its turn came.
 */
export async function runMicro(
  { micro: { superpages, rounds, sampleMs, passes } }: BenchSize,
  { names, modules }: Pick<ChosenSchemes, "names" | "modules">,
  tell: (what: string) => void,
): Promise<MicroResults> {
  const found: Record<string, (readonly MicroResult[])[]> = {};
  for (let pass = 1; pass <= passes; pass++) {
    for (const scheme of [...schemeNames, ...names]) {
      tell(`micro-benchmarks, ${pass} of ${passes}: ${scheme}`);
      const order: MicroOrder = { scheme, superpages, rounds, sampleMs, modules };
      // oxlint-disable-next-line no-await-in-loop -- one process at a time, or they would time each other
      const results = await askChild<readonly MicroResult[]>(worker, order, `the micro-benchmark of ${scheme}`);
      (found[scheme] ??= []).push(results);
    }
  }
  return Object.fromEntries(Object.entries(found).map(([scheme, runs]) => [scheme, joinRuns(runs)]));
}

function joinRuns(runs: readonly (readonly MicroResult[])[]): readonly MicroResult[] {
  const [first = []] = runs;
  return first.map((result, at) => {
    const all = runs.map((run) => run[at] as MicroResult);
    return {
      ...result,
      ns: joinSamples(all.map(({ ns }) => ns)),
      overBare: joinSamples(all.map(({ overBare }) => overBare)),
    };
  });
}
