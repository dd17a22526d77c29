import { PAGE_SIZE } from "./address-layout.ts";
import { EINVAL, ENOMEM } from "./errno.ts";
import { MADV_DOFORK, MADV_DONTFORK } from "./mmap-flags.ts";
import { type Mm, vmasIn } from "./mm.ts";
import { mergeVmas, splitAround } from "./vma-boundaries.ts";
import { VM_DONTCOPY } from "./vma.ts";

/**
 * Says whether fork shall copy a range: `madvise`. [L39 mm/madvise.c]
 *
 * A database that marks its hugepages MADV_DONTFORK does not pay for them when it forks a helper.
 * Simplified: MADV_DONTFORK and MADV_DOFORK only; Linux knows ten more.
 *
 * @param start - in bytes.
 * @param length - in bytes, rounded up to whole pages; nothing is done for 0.
 * @param advice - a MADV_… number.
 * @returns 0; −EINVAL for other advice, when the start is no page's, or when one end is inside a hugepage; −ENOMEM when
 * part of the range is not mapped: the rest of it has been advised all the same.
 */
export function doMadvise(mm: Mm, start: number, length: number, advice: number): number {
  if (advice !== MADV_DONTFORK && advice !== MADV_DOFORK) return -EINVAL;
  if (start % PAGE_SIZE !== 0 || length < 0) return -EINVAL;
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  let unmapped = false;
  let at = start;
  for (const vma of vmasIn(mm, start, end)) {
    if (vma.start > at) unmapped = true;
    const from = Math.max(start, vma.start);
    const stop = Math.min(end, vma.end);
    const flags = advice === MADV_DONTFORK ? vma.flags | VM_DONTCOPY : vma.flags & ~VM_DONTCOPY;
    if (flags !== vma.flags) {
      const rc = splitAround(mm, from, stop);
      if (rc !== 0) return rc;
      for (const part of vmasIn(mm, from, stop)) part.flags = flags;
    }
    at = stop;
  }
  mergeVmas(mm, start, end);
  return unmapped || at < end ? -ENOMEM : 0;
}
