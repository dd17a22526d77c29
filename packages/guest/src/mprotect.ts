import { loadFromFrameHigh } from "@xsp/hypervisor";
import { PAGE_SIZE } from "./address-layout.ts";
import { pteWrite } from "./anonymous-memory.ts";
import { EINVAL, ENOMEM } from "./errno.ts";
import { hugetlbChangeProtection } from "./hugetlb.ts";
import type { Kernel } from "./kernel.ts";
import { PG_scribbled } from "./mem-map.ts";
import { calcVmProtBits } from "./mmap.ts";
import { PROT_EXEC, PROT_READ, PROT_WRITE } from "./mmap-flags.ts";
import { type Mm, vmasIn } from "./mm.ts";
import { enterLazy, leaveLazy } from "./multicall-buffer.ts";
import { pteModify, ptePage } from "./pte-entry.ts";
import { type PteSpan, pteSpans } from "./pte-table-walk.ts";
import { entryLow, flushTlbMm, ptepModifyProtCommit } from "./pv-mmu.ts";
import { mergeVmas, splitAround } from "./vma-boundaries.ts";
import { VM_EXEC, VM_HUGETLB, VM_READ, VM_WRITE, type Vma } from "./vma.ts";

/**
 * Changes what may be done with a range: `mprotect`. [L39 mm/mprotect.c]
 *
 * ```text
 *   4 KiB pages   requests that keep the accessed and dirty bits, held back in a lazy section per PTE page
 *   hugepages     cleared and set again, a hypercall each: hugetlb code has no lazy sections
 * ```
 *
 * A shared mapping that becomes writable has writable entries at once. In a private one entries stay read-only and the
 * next write faults, as a page may have other users.
 *
 * @param start - in bytes.
 * @param length - in bytes, rounded up to whole pages; nothing is done for 0.
 * @param prot - PROT_… bits.
 * @returns 0; −EINVAL when the start is no page's, for other bits, or when one end is inside a hugepage; −ENOMEM where
 * nothing is mapped. What comes before that has changed already.
 */
export function doMprotect(kernel: Kernel, mm: Mm, start: number, length: number, prot: number): number {
  if (start % PAGE_SIZE !== 0) return -EINVAL;
  if (length === 0) return 0;
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  if (end <= start) return -ENOMEM;
  if ((prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC)) !== 0) return -EINVAL;
  const rc = protectVmas(kernel, mm, start, end, calcVmProtBits(prot));
  mergeVmas(mm, start, end);
  return rc;
}

function protectVmas(kernel: Kernel, mm: Mm, start: number, end: number, protBits: number): number {
  let at = start;
  for (const vma of vmasIn(mm, start, end)) {
    if (vma.start > at) return -ENOMEM;
    const stop = Math.min(end, vma.end);
    const rc = mprotectFixup(kernel, vma, at, stop, (vma.flags & ~(VM_READ | VM_WRITE | VM_EXEC)) | protBits);
    if (rc !== 0) return rc;
    at = stop;
  }
  return at < end ? -ENOMEM : 0;
}

/** Changes part of one mapping, which is split off: `mprotect_fixup`. */
function mprotectFixup(kernel: Kernel, vma: Vma, start: number, end: number, flags: number): number {
  if (vma.flags === flags) return 0;
  const { mm } = vma;
  const rc = splitAround(mm, start, end);
  if (rc !== 0) return rc;
  for (const part of vmasIn(mm, start, end)) {
    part.flags = flags;
    if ((flags & VM_HUGETLB) !== 0) hugetlbChangeProtection(kernel, part, start, end, flags);
    else changeProtection(kernel, part);
  }
  return 0;
}

/** Gives the entries of a mapping the protection it has now, then flushes: `change_protection`. */
function changeProtection(kernel: Kernel, vma: Vma): void {
  for (const span of pteSpans(kernel, vma.mm, vma.start, vma.end)) {
    enterLazy(kernel.mc, "mmu");
    changePteTable(kernel, span, vma.flags);
    leaveLazy(kernel.mc, "mmu");
  }
  flushTlbMm(kernel, vma.mm);
}

/** `change_pte_range`. */
function changePteTable(kernel: Kernel, { table, first, last }: PteSpan, flags: number): void {
  const frame = kernel.phys.pfnToMfn(table);
  for (let index = first; index <= last; index++) {
    const lo = entryLow(kernel, table, index);
    if (lo === 0) continue;
    const entry = pteModify(kernel, lo, loadFromFrameHigh(kernel.vcpu, frame, index), flags);
    if (pteWrite(entry.lo)) kernel.memMap.setFlag(ptePage(kernel, entry.lo, entry.hi), PG_scribbled);
    ptepModifyProtCommit(kernel, table, index, entry.lo, entry.hi);
  }
}
