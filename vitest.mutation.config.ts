import { basename, dirname } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Test files that a mutation run leaves out, each with the reason. They would run again for almost every mutant, so a
 * survivor may be one that only they, or the models of `@xsp/verify`, would notice: `docs/mutation.json` counts it as
 * survived all the same.
 */
const LEFT_OUT: Record<string, string> = {
  "test/preemption/superpage-work.test.ts": "15 s: each superpage operation, preempted at each of its 512 points",
  "test/preemption/every-answer.test.ts": "8 s: destruction under every sequence of answers to `preempt`",
  "test/host.test.ts": "7 s: the bytes a frame of hosts of 64 GiB",
  "test/random-programs.test.ts": "6 s: long random programs, audited after every step",
  "test/hypercalls/any-argument.test.ts": "3 s: random arguments for every hypercall",
  "test/superpage-frames.test.ts": "2 s: loops over the frames of whole superpages, on bare arrays and frame by frame",
  "test/page-memory.test.ts": "0.4 s: contents of memory, in which nothing is counted",
  "test/heap.test.ts": "0.4 s: free frames, in which nothing is counted",
  "test/plain-l1-entries.test.ts": "2 s: whole tables, on bare arrays and entry by entry",
  "test/throughput.test.ts": "a measurement, whose sizes are for the code as it is shipped",
  "test/checkpoint.test.ts": "32 s: explorations that are cut off and resumed, so src/checkpoint.ts is not changed",
  "test/endless-operation.test.ts": "30 s: what independent steps cost in an operation without end",
  "test/document.test.ts": "reads docs/checker.md, which is not in the sandbox",
  "test/worker-pool.test.ts": "starts threads from dist, which is not mutated",
};

/** Tests that take a second or more: after all others, which most mutants do not survive. */
const SLOW = ["preemption/interference", "preemption/end-state", "backends", "sealed-one-swap"];

/** Runs first the test that mirrors the mutated file, then those of its folder: most mutants end there. */
class MirrorFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const mutated = this.ctx.config.related?.[0];
    const distance = (file: TestSpecification): number => {
      if (mutated === undefined) return 0;
      if (SLOW.some((name) => file.moduleId.endsWith(`${name}.test.ts`))) return 3;
      if (basename(file.moduleId, ".test.ts") === basename(mutated, ".ts")) return 0;
      return basename(dirname(file.moduleId)) === basename(dirname(mutated)) ? 1 : 2;
    };
    return files.toSorted((a, b) => distance(a) - distance(b) || a.moduleId.localeCompare(b.moduleId));
  }
}

// Mutants run in a copy of one package below its .stryker-tmp; `pnpm mutation` (scripts/mutation.mjs) names this file.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", ...Object.keys(LEFT_OUT)],
    server: { deps: { external: [/\/(?:packages|apps)\/[^/]+\/dist\//] } },
    testTimeout: 120_000,
    // One worker keeps the modules from file to file: a mutant is chosen at run time, and loading is most of its cost.
    isolate: false,
    sequence: { sequencer: MirrorFirst },
  },
});
