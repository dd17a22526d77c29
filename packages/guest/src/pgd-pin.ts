import {
  MMUEXT_PIN_L1_TABLE,
  MMUEXT_PIN_L4_TABLE,
  MMUEXT_UNPIN_TABLE,
  type Pfn,
  UVMF_NONE,
  UVMF_TLB_FLUSH,
  _PAGE_PRESENT,
  _PAGE_PSE,
} from "@xsp/hypervisor";
import { PTRS_PER_TABLE, USER_PTRS_PER_PGD } from "./address-layout.ts";
import { assert } from "./assert.ts";
import type { Kernel } from "./kernel.ts";
import { PG_pinned } from "./mem-map.ts";
import type { Mm } from "./mm.ts";
import { xenMcBatch, xenMcCallback, xenMcIssue } from "./multicall-buffer.ts";
import { type PtLevel, entryLow, entryPage, setPfnProt, xenDoPin } from "./pv-mmu.ts";
import { xenPteLock, xenPteUnlock } from "./split-ptlock.ts";

/**
 * Hands a whole tree of page tables to Xen, or takes it back.
 *
 * ```text
 *   plain memory ──xenPgdPin──► every table read-only, both roots PIN_L4: Xen has validated the tree
 *        ▲                                          │
 *        └────────────── xenPgdUnpin ◄──────────────┘  both roots unpinned, every table writable
 * ```
 *
 * The flips of the direct map are queued, so that Xen is entered once for 32 tables. What the hypervisor then does
 * inside PIN_L4 is where a fork of hugepages costs: validation takes a reference for every entry of every table.
 *
 * Models: __xen_pgd_pin, __xen_pgd_unpin, __xen_pgd_walk, xen_pin_page [L36x arch/x86/xen/mmu.c; linux-facts §1.4].
 */
export function xenPgdPin(kernel: Kernel, mm: Mm): void {
  const { mc } = kernel;
  assert(!kernel.memMap.hasFlag(mm.pgd, PG_pinned), "an mm is pinned once");
  xenMcBatch(mc);
  xenPgdWalk(kernel, mm, xenPinPage);
  xenDoPin(kernel, MMUEXT_PIN_L4_TABLE, mm.pgd);
  xenPinPage(kernel, mm.userPgd, "PT_PGD");
  xenDoPin(kernel, MMUEXT_PIN_L4_TABLE, mm.userPgd);
  xenMcIssue(mc, "none");
  kernel.events.pgdPins++;
}

/** Takes the tree of an mm back from Xen. Its roots are loaded on no CPU. */
export function xenPgdUnpin(kernel: Kernel, mm: Mm): void {
  const { mc } = kernel;
  assert(kernel.activeMm !== mm, "a root that is loaded is not unpinned");
  xenMcBatch(mc);
  xenDoPin(kernel, MMUEXT_UNPIN_TABLE, mm.pgd);
  xenDoPin(kernel, MMUEXT_UNPIN_TABLE, mm.userPgd);
  xenUnpinPage(kernel, mm.userPgd, "PT_PGD");
  xenPgdWalk(kernel, mm, xenUnpinPage);
  xenMcIssue(mc, "none");
  kernel.events.pgdUnpins++;
}

/**
 * Turns a page table read-only; a PTE page is pinned by itself as well, as with split page-table locks. Its lock is held
 * until the batch is issued.
 */
function xenPinPage(kernel: Kernel, page: Pfn, level: PtLevel): void {
  if (kernel.memMap.hasFlag(page, PG_pinned)) return;
  kernel.memMap.setFlag(page, PG_pinned);
  if (level === "PT_PTE") xenPteLock(kernel, page);
  setPfnProt(kernel, page, false, level === "PT_PGD" ? UVMF_TLB_FLUSH : UVMF_NONE);
  if (level !== "PT_PTE") return;
  xenDoPin(kernel, MMUEXT_PIN_L1_TABLE, page);
  xenMcCallback(kernel.mc, () => xenPteUnlock(kernel, page));
}

function xenUnpinPage(kernel: Kernel, page: Pfn, level: PtLevel): void {
  if (!kernel.memMap.hasFlag(page, PG_pinned)) return;
  kernel.memMap.clearFlag(page, PG_pinned);
  if (level === "PT_PTE") {
    xenPteLock(kernel, page);
    xenDoPin(kernel, MMUEXT_UNPIN_TABLE, page);
  }
  setPfnProt(kernel, page, true, level === "PT_PGD" ? UVMF_TLB_FLUSH : UVMF_NONE);
  if (level === "PT_PTE") xenMcCallback(kernel.mc, () => xenPteUnlock(kernel, page));
}

/**
 * Calls `visit` for each page table of the user half. The root comes last: its TLB flush then covers them all.
 *
 * A superpage entry names data and is passed over, as UEK does; stock Linux would take it for a PTE page. An mm without
 * PTE pages need not be searched for them.
 */
function xenPgdWalk(kernel: Kernel, mm: Mm, visit: (kernel: Kernel, page: Pfn, level: PtLevel) => void): void {
  for (let pgd = 0; pgd < USER_PTRS_PER_PGD; pgd++) {
    if ((entryLow(kernel, mm.pgd, pgd) & _PAGE_PRESENT) === 0) continue;
    const pudPage = entryPage(kernel, mm.pgd, pgd);
    visit(kernel, pudPage, "PT_PUD");
    for (let pud = 0; pud < PTRS_PER_TABLE; pud++) {
      if ((entryLow(kernel, pudPage, pud) & _PAGE_PRESENT) === 0) continue;
      const pmdPage = entryPage(kernel, pudPage, pud);
      visit(kernel, pmdPage, "PT_PMD");
      if (mm.nrPtes === 0) continue;
      for (let pmd = 0; pmd < PTRS_PER_TABLE; pmd++) {
        if ((entryLow(kernel, pmdPage, pmd) & (_PAGE_PRESENT | _PAGE_PSE)) !== _PAGE_PRESENT) continue;
        visit(kernel, entryPage(kernel, pmdPage, pmd), "PT_PTE");
      }
    }
  }
  visit(kernel, mm.pgd, "PT_PGD");
}
