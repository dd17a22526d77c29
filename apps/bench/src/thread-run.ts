import type { BenchSize } from "./bench-size.ts";
import type { StormOrder, StormOverlap, StormResult } from "./storm-result.ts";
import { runStorm } from "./storm.ts";
import { threadPoint, type ThreadPoint, type ThreadResult } from "./thread-result.ts";

const overlaps: readonly StormOverlap[] = ["disjoint", "same", "one", "entry", "word"];
const threads = 2;

// Of a single superpage: sealed counts 2,047 writable entries at most, and both children map it at once.
const entriesOfOne = 512;

/** Fork storms by one thread and by two in turns, on superpages of their own, on the same ones, and on a single one. */
export async function runThreads(
  { threads: { schemes, hugepages, samples, passes } }: BenchSize,
  tell: (what: string) => void,
): Promise<ThreadResult> {
  const points: ThreadPoint[] = [];
  for (const scheme of schemes) {
    for (const overlap of overlaps) {
      tell(`threads: ${scheme}, ${overlap} superpages`);
      // A fork that counts every frame takes as long as some hundred that do not; a sample of either is to last tens of
      // milliseconds, beside which it does not matter that threads do not begin and end at the same time.
      const operations = (scheme === "per-frame" ? 1 : 256) * hugepages;
      const entries = overlap === "disjoint" || overlap === "same" ? hugepages : entriesOfOne;
      const order: Omit<StormOrder, "threads"> = {
        scheme,
        overlap,
        spawners: threads,
        hugepages: entries,
        forks: operations / entries,
        samples,
      };
      const [one, several]: [StormResult[], StormResult[]] = [[], []];
      for (let pass = 0; pass < passes; pass++) {
        // In turns, and never two at once.
        // oxlint-disable-next-line no-await-in-loop
        one.push(await runStorm({ ...order, threads: 1 }));
        // oxlint-disable-next-line no-await-in-loop
        several.push(await runStorm({ ...order, threads }));
      }
      points.push(threadPoint(one, several));
    }
  }
  return { points, command: "pnpm bench --only threads" };
}
