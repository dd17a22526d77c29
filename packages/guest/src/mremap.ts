import { PAGE_SIZE, TASK_SIZE } from "./address-layout.ts";
import { EFAULT, EINVAL, ENOMEM } from "./errno.ts";
import type { Kernel } from "./kernel.ts";
import { type Mm, findVma, rangeIsMapped } from "./mm.ts";
import { doMunmap } from "./munmap.ts";
import { mergeVmas } from "./vma-boundaries.ts";
import { VM_HUGETLB } from "./vma.ts";

/**
 * Makes a mapping shorter or longer where it is: `mremap` without MREMAP_MAYMOVE. [L39 mm/mremap.c]
 *
 * Shorter is a munmap of the tail, which hugepages allow between two of them. Nothing else is allowed with hugepages.
 * Simplified: nothing is moved.
 *
 * @param address - in bytes.
 * @param oldLength - in bytes, as `newLength` rounded up to whole pages.
 * @returns the address; −EINVAL when it is no page's, for a new length of 0, and to let hugepages grow; −EFAULT when
 * less is mapped there than the old length; −ENOMEM when something is in the way, or the mapping does not end there.
 */
export function doMremap(kernel: Kernel, mm: Mm, address: number, oldLength: number, newLength: number): number {
  if (address % PAGE_SIZE !== 0) return -EINVAL;
  const from = Math.ceil(oldLength / PAGE_SIZE) * PAGE_SIZE;
  const to = Math.ceil(newLength / PAGE_SIZE) * PAGE_SIZE;
  if (to <= 0) return -EINVAL;
  if (from >= to) {
    const rc = from === to ? 0 : doMunmap(kernel, mm, address + to, from - to);
    return rc === 0 ? address : rc;
  }
  const vma = findVma(mm, address);
  if (vma === undefined) return -EFAULT;
  if ((vma.flags & VM_HUGETLB) !== 0) return -EINVAL;
  if (address + from > vma.end) return -EFAULT;
  const end = address + to;
  if (address + from !== vma.end || end > TASK_SIZE || rangeIsMapped(mm, vma.end, end)) return -ENOMEM;
  vma.end = end;
  mergeVmas(mm, vma.start, vma.end);
  return address;
}
