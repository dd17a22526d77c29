import { HPAGE_SIZE } from "./address-layout.ts";
import { EINVAL } from "./errno.ts";
import { hugetlbVmOpOpen } from "./hugetlb-reservation.ts";
import { type Mm, vmaLink, vmasIn } from "./mm.ts";
import { VM_HUGETLB, type Vma, fileOffset } from "./vma.ts";

/**
 * Where one mapping ends and the next begins. [L39 mm/mmap.c]
 *
 * ```text
 *   mprotect of the middle      ├────── rw ──────┤   ──split, split──►  ├─ rw ─┼─ r ─┼─ rw ─┤
 *   and back                    ├─ rw ─┼─ r ─┼─ rw ─┤   ──merge──────►  ├────── rw ──────┤
 * ```
 *
 * A mapping of hugepages can be split between hugepages only, and is never merged: its operations have a `close`, which
 * counts its reservations.
 * Simplified: no limit on the number of mappings; anon_vmas never keep neighbours apart.
 */

/** Splits a mapping: `split_vma`. Returns 0, or −EINVAL inside a hugepage. */
function splitVma(mm: Mm, vma: Vma, address: number): number {
  if ((vma.flags & VM_HUGETLB) !== 0 && address % HPAGE_SIZE !== 0) return -EINVAL;
  const offset = vma.file === undefined ? 0 : fileOffset(vma, address);
  const above: Vma = { ...vma, start: address, offset };
  vma.end = address;
  vmaLink(mm, above);
  hugetlbVmOpOpen(above);
  above.file?.mappings.add(above);
  return 0;
}

/**
 * Splits what reaches across the begin or the end of a range, so that whole mappings are in it.
 *
 * @returns 0, or −EINVAL when one of the two is inside a hugepage; the other split stays.
 */
export function splitAround(mm: Mm, start: number, end: number): number {
  for (const address of [start, end]) {
    const across = mm.vmas.find((vma) => vma.start < address && vma.end > address);
    const rc = across === undefined ? 0 : splitVma(mm, across, address);
    if (rc !== 0) return rc;
  }
  return 0;
}

/** Merges the mappings of a range with each other and with their neighbours where nothing tells them apart: `vma_merge`. */
export function mergeVmas(mm: Mm, start: number, end: number): void {
  let below: Vma | undefined;
  for (const vma of vmasIn(mm, start - 1, end + 1)) {
    if (below === undefined || !canMerge(below, vma)) {
      below = vma;
      continue;
    }
    below.end = vma.end;
    below.anonVma ||= vma.anonVma;
    vma.file?.mappings.delete(vma);
    mm.vmas.splice(mm.vmas.indexOf(vma), 1);
  }
}

/** `can_vma_merge_after`, `is_mergeable_vma`. */
function canMerge(below: Vma, vma: Vma): boolean {
  if (below.end !== vma.start || below.flags !== vma.flags || below.file !== vma.file) return false;
  if ((vma.flags & VM_HUGETLB) !== 0) return false;
  return vma.file === undefined || fileOffset(below, below.end) === vma.offset;
}
