import type { CostProfile } from "../cost-profile.ts";
import { assumed, commonPrices, sourced, type MachineFigures } from "./price-list.ts";

// A cloud server of about 2020. Counting was measured rather than computed: Xen's own algorithms (32-byte records, locked
// compare-and-swap) in C at -O2 over 16,777,216 frames, in user space on a shared 2-core Xeon of 2.97 GHz. That is a floor:
// the checks of a real Xen come on top.

const measurement = "measured: Xen's algorithms in C, -O2, 16,777,216 frames, one core of a 2.97 GHz Xeon VM";

const cycle = sourced("cycle", 1 / 2.97, "the measured machine's clock: 2.97 GHz", "one clock cycle");
const cycles = (count: number): number => count * cycle.ns;

const figures: MachineFigures = {
  hypercall: assumed("hypercall", cycles(800), "800 cycles", "PV hypercall on 64 bits, before speculation barriers"),
  batchedEntry: assumed("batchedEntry", cycles(200), "200 cycles", "one entry of a multicall or of a request list"),
  guestLoop: assumed("guestLoop", cycles(300), "low end of 300 to 700 cycles", "the guest's own work for one entry"),
  pageFault: assumed("pageFault", cycles(5300), "5,300 cycles", "PV page fault with its bounce through Xen"),
  instructionDecode: assumed("instructionDecode", cycles(500), "500 cycles", "Xen's instruction emulator, one store"),
  tlbFlush: assumed("tlbFlush", cycles(1000), "1,000 cycles", "flush and the misses that follow it"),
  lockedOperation: assumed("lockedOperation", cycles(18), "18 cycles", "locked compare-and-swap in the L1 cache"),
  referenceCheck: assumed("referenceCheck", cycles(20), "20 cycles", "validity, owner, overflow, loop"),
  memoryLatency: assumed(
    "memoryLatency",
    90,
    "about that of 2009",
    "a load that misses every cache; it hardly changes",
  ),
  lineTransfer: assumed("lineTransfer", 64 / 12, "12 GB/s", "one 64-byte line at the copy bandwidth of one thread"),
  entryCheck: assumed("entryCheck", cycles(10), "10 cycles", "read an entry, test present and flags, loop"),
};

/** A cloud server of about 2020. */
export const modern: CostProfile = {
  name: "modern",
  title: "cloud Xeon, 2.97 GHz (about 2020)",
  basis: [cycle, ...Object.values(figures)],
  prices: {
    ...commonPrices(figures),
    frameGets: sourced("frameGets", 19.2 / 2, measurement, "19.2 ns for both references of a frame, halved"),
    typeGets: sourced("typeGets", 19.2 / 2, measurement, "19.2 ns for both references of a frame, halved"),
    framePuts: sourced("framePuts", 15 / 2, measurement, "15.0 ns for both references of a frame, halved"),
    typePuts: sourced("typePuts", 15 / 2, measurement, "15.0 ns for both references of a frame, halved"),
    superpageGets: sourced("superpageGets", 10.8, measurement, "one superpage counted at its head"),
    superpagePuts: sourced("superpagePuts", 8.1, measurement, "one superpage counted at its head"),
  },
};
