import type { CostConstant, CostProfile, PricedEvent } from "../cost-profile.ts";

// Prices are computed from a machine's few basic figures by the same formulas for every machine, so that two profiles
// differ by their machines alone and each price can be checked by hand.

/** A figure that was published or measured. */
export function sourced(name: string, ns: number, source: string, note: string): CostConstant {
  return { name, ns, kind: "sourced", source, note };
}

/** A figure that is our assumption. */
export function assumed(name: string, ns: number, source: string, note: string): CostConstant {
  return { name, ns, kind: "assumed", source, note };
}

/** The machine's figures that {@link priceList} needs. All in nanoseconds. */
export interface MachineFigures {
  readonly hypercall: CostConstant;
  readonly batchedEntry: CostConstant;
  readonly guestLoop: CostConstant;
  readonly pageFault: CostConstant;
  /** Fetching and decoding one of the guest's instructions in Xen. */
  readonly instructionDecode: CostConstant;
  readonly tlbFlush: CostConstant;
  readonly lockedOperation: CostConstant;
  readonly referenceCheck: CostConstant;
  /** One miss that nothing hides. */
  readonly memoryLatency: CostConstant;
  /** One 64-byte line streamed. */
  readonly lineTransfer: CostConstant;
  readonly entryCheck: CostConstant;
}

const tableLines = 4096 / 64;
const tableEntries = 512;

function price(event: PricedEvent, ns: number, source: string, note: string): CostConstant {
  // A product of two figures is no better known than the worse of them, and each formula here holds an assumed one.
  return assumed(event, ns, source, note);
}

/** The prices that do not depend on how references to superpage frames are counted. */
export function commonPrices(
  figures: MachineFigures,
): Omit<
  CostProfile["prices"],
  "frameGets" | "framePuts" | "typeGets" | "typePuts" | "superpageGets" | "superpagePuts"
> {
  const { hypercall, batchedEntry, guestLoop, pageFault, instructionDecode, tlbFlush } = figures;
  const { lockedOperation, referenceCheck, memoryLatency, lineTransfer, entryCheck } = figures;
  const general = lockedOperation.ns + referenceCheck.ns + memoryLatency.ns;
  const generalFormula = "memoryLatency + lockedOperation + referenceCheck";
  const generalNote = "the frames of tables lie anywhere, so each record is a miss";
  const type = lockedOperation.ns + referenceCheck.ns;
  const typeFormula = "lockedOperation + referenceCheck";
  const typeNote = "the record is in the cache from the general reference";
  const table = tableLines * lineTransfer.ns + tableEntries * entryCheck.ns;
  const tableFormula = "64 × lineTransfer + 512 × entryCheck";
  return {
    hypercalls: price("hypercalls", hypercall.ns, "hypercall", "entry and exit, whatever it asks for"),
    multicallEntries: price("multicallEntries", batchedEntry.ns, "batchedEntry", "dispatch of one call of a batch"),
    pageUpdates: price("pageUpdates", batchedEntry.ns + guestLoop.ns, "batchedEntry + guestLoop", "decode and store"),
    mmuextOps: price("mmuextOps", batchedEntry.ns, "batchedEntry", "decode"),
    // The entry's references are counted, and priced, as events of their own.
    ptwrEmulations: price(
      "ptwrEmulations",
      pageFault.ns + instructionDecode.ns,
      "pageFault + instructionDecode",
      "a page fault, of which Xen emulates the store; taken as dear as one that is bounced to the guest",
    ),
    guestStores: price(
      "guestStores",
      guestLoop.ns,
      "guestLoop",
      "copy_hugetlb_page_range: find both entries, lock, count the page, store",
    ),
    pageFaults: price("pageFaults", pageFault.ns, "pageFault", "trap to Xen, bounce to the guest, return"),
    tableFrameGets: price("tableFrameGets", general, generalFormula, generalNote),
    tableFramePuts: price("tableFramePuts", general, generalFormula, generalNote),
    tableTypeGets: price("tableTypeGets", type, typeFormula, typeNote),
    tableTypePuts: price("tableTypePuts", type, typeFormula, typeNote),
    tlbFlushes: price("tlbFlushes", tlbFlush.ns, "tlbFlush", "reload of the base register, then misses of the refill"),
    validations: price("validations", table, tableFormula, "every entry of the table is read and checked"),
    invalidations: price("invalidations", table, tableFormula, "every entry is read again to give back what it took"),
  };
}
