import { isShippedScheme } from "@xsp/hypervisor";
import { shorten } from "@xsp/scenario";
import { anchorTask, type MicroResults } from "./micro-result.ts";

// What an operation may take at most, in times of the anchor: counting a hugepage's 512 frames up and down in bare arrays.
// About ten times what is usual. A busy machine slows both down, and the least of several ratios is taken, so that only
// code that has become another kind of slow comes near: a call site that has seen too many classes (50x a frame), a
// BigInt or an allocation in a loop. What a scheme of somebody else's may take is not ours to say.
const limits: Readonly<Record<string, { readonly framewise: number; readonly marked: number }>> = {
  "scheme function, map + unmap": { framewise: 70, marked: 0.5 },
  "mmu_update one by one, map + unmap": { framewise: 70, marked: 4 },
  "mmu_update by 32, map + unmap": { framewise: 70, marked: 4 },
  "pin + unpin a full table": { framewise: 70, marked: 1 },
  "4 KiB map + unmap, by 32": { framewise: 4, marked: 4 },
  "mark + unmark": { framewise: 150, marked: 150 },
};

/**
 * Compares each task's least ratio to the anchor with its limit.
 *
 * @returns a line for each that is above it, and for each task that has none.
 */
export function anchorBreaks(micro: MicroResults): readonly string[] {
  const own = Object.entries(micro).filter(([scheme]) => isShippedScheme(scheme));
  return own.flatMap(([scheme, results]) =>
    results.flatMap(({ task, overBare }) => {
      if (task === anchorTask) return [];
      const limit = limits[task]?.[scheme === "per-frame" ? "framewise" : "marked"];
      if (limit === undefined) return [`${scheme}, ${task}: has no limit over bare increments, expected one`];
      if (overBare.min <= limit) return [];
      return [`${scheme}, ${task}: at least ${shorten(overBare.min)} times bare increments, expected at most ${limit}`];
    }),
  );
}
