import { hugetlbVmOpOpen } from "../src/hugetlb-reservation.ts";
import type { Guest, Process } from "../src/index.ts";
import { vmaLink } from "../src/mm.ts";
import { ok } from "./small-guest.ts";

/** Unmaps a part of a hugepage mapping: splits it where the part begins and ends, then unmaps the part. */
export function munmapPart(guest: Guest, process: Process, start: number, length: number): void {
  guest.switchTo(process);
  for (const at of [start, start + length]) {
    const vma = process.mm?.vmas.find((each) => each.start < at && at < each.end);
    if (vma === undefined) continue;
    const upper = { ...vma, start: at, offset: vma.offset + at - vma.start };
    vma.end = at;
    hugetlbVmOpOpen(upper);
    upper.file?.mappings.add(upper);
    vmaLink(upper.mm, upper);
  }
  ok(guest.munmap(process, start));
}
