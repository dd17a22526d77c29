/**
 * # Fork of a process that maps hugepages, on Xen PV
 *
 * What looks like the expensive part is not: copying 32,768 entries for 64 GiB is 32,768 ordinary stores, because the
 * child's page tables are plain memory of which Xen knows nothing. What looks like a formality is the expensive part:
 * at the very end the child's tree is handed to Xen in one PIN, and Xen then takes a reference for every entry of it.
 *
 * ```text
 *   parent (pinned)          child
 *                            pgdAlloc            two roots, kernel half copied            plain memory
 *   PMD page ──copy──►       PMD page            32,768 stores of a PSE entry             plain memory
 *      ⋮                        ⋮                64 stores into the PUD page
 *                                                2 into the roots
 *                            ── dup_mmap ends: xenDupMmap ──────────────────────────────────────────────
 *                            PUD page     ┐
 *                            64 PMD pages │      update_va_mapping(RO), queued,
 *                            kernel root  ┘      32 to a multicall; the root flushes the TLB
 *                            PIN_L4 kernel root  ◄── Xen validates L4 → L3 → 64 L2 × 512 entries HERE
 *                            user root RO
 *                            PIN_L4 user root    only references: its L3 is validated already    PINNED
 *   flush_tlb_mm
 * ```
 *
 * Guest work and hypercalls are therefore the same under every accounting scheme. What differs is what one PSE entry
 * costs inside that PIN_L4: 512 general and 512 type references (`per-frame`), or one operation on the superpage.
 * The same is paid again, the other way round, when the child execs or exits: see `exit.ts`.
 *
 * The parent stays pinned and loaded throughout. A shared mapping leaves its entries alone, so no hypercall is made for
 * them. A private one is write-protected entry by entry: hugepages by a hypercall each, 4 KiB pages by a store each that
 * traps into Xen. While all of it goes on the parent holds its own and the child's mmap_sem, and during the pin event
 * upcalls are masked: nothing else in the process gets on.
 *
 * vfork avoids all of it: the child runs in its parent's mm, and the parent waits until it has an mm of its own.
 *
 * Models: dup_mm, dup_mmap, copy_page_range [L39 kernel/fork.c, mm/memory.c], xen_dup_mmap [L39 arch/x86/xen/mmu.c];
 * counts in linux-facts §3.2 and §3.4. Simplified: no copy of the rest of a process.
 */
import { copyPageRange } from "./copy-page-range.ts";
import { ENOMEM } from "./errno.ts";
import { exitMmap } from "./exit.ts";
import { hugetlbVmOpOpen } from "./hugetlb-reservation.ts";
import type { Kernel } from "./kernel.ts";
import { type Mm, vmaLink } from "./mm.ts";
import { pgdAlloc } from "./page-table-pages.ts";
import { xenPgdPin } from "./pgd-pin.ts";
import { flushTlbMm } from "./pv-mmu.ts";
import { VM_DONTCOPY } from "./vma.ts";

/**
 * Copies an address space: `dup_mm`.
 *
 * @param parent - pinned, and usually loaded: it is the one that calls fork.
 * @returns the child's, pinned, or −ENOMEM with everything undone.
 */
export function dupMm(kernel: Kernel, parent: Mm): Mm | number {
  const child = pgdAlloc(kernel);
  if (child === undefined) return -ENOMEM;
  const rc = dupMmap(kernel, child, parent);
  if (rc === 0) return child;
  // mmput of a child that was never pinned: its tables are still plain memory.
  exitMmap(kernel, child);
  return rc;
}

/** Copies mappings and entries, then pins the child and flushes the parent: `dup_mmap`. */
function dupMmap(kernel: Kernel, child: Mm, parent: Mm): number {
  let rc = 0;
  for (const vma of parent.vmas) {
    if ((vma.flags & VM_DONTCOPY) !== 0) continue;
    const copy = { ...vma, mm: child, resv: undefined };
    vmaLink(child, copy);
    hugetlbVmOpOpen(copy);
    copy.file?.mappings.add(copy);
    rc = copyPageRange(kernel, copy, vma);
    if (rc !== 0) break;
  }
  if (rc === 0 && kernel.pvOps === "xen") xenDupMmap(kernel, child);
  flushTlbMm(kernel, parent);
  return rc;
}

/** Hands the child's tree to Xen: `arch_dup_mmap` under Xen. */
function xenDupMmap(kernel: Kernel, child: Mm): void {
  xenPgdPin(kernel, child);
}
