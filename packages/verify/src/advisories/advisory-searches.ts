import { preemptionModel } from "../models/preemption-model.ts";
import { type SuperpageModelOptions, superpageModel } from "../models/superpage-model.ts";
import { adversarySearch, type AdvisorySearch, checkerSearch } from "./advisory-search.ts";

/*
 * One search for each advisory. Menus may be narrow (a search for a hole in preemption need not map superpages), but
 * none contains a way in: which operations, how many, in what order and where preempted is for the search to find.
 */

const soundSchemes = ["sealed", "per-frame"] as const;

const softSuperpageFlags: Omit<SuperpageModelOptions, "scheme" | "unfixed"> = {
  vcpuDomains: [0],
  order: 1,
  start: "highmem",
  operations: ["map-2m-ro", "map-2m-rw", "unmap-2m", "pin-1", "unpin-1"],
  steps: 3,
};

const staleTranslation: Omit<SuperpageModelOptions, "scheme" | "unfixed"> = {
  vcpuDomains: [0, 0],
  order: 1,
  start: "highmem",
  tlb: true,
  // The frame was writable before, so that a swap computed before a map, a touch and an unmap still succeeds after them.
  before: ["map-4k-rw-1", "unmap-4k"],
  operations: [["pin-1"], ["map-4k-rw-1", "touch-4k", "unmap-4k"]],
  steps: [1, 3],
};

const safety = ["S1", "S2", "S3", "error", "deadlock"] as const;

/** The searches, by advisory. */
export const advisorySearches: readonly AdvisorySearch[] = [
  checkerSearch(
    {
      advisory: "XSA-148",
      name: "soft-superpage-flags",
      examines: "Superpage entries that are made writable, and page tables among their frames.",
      // Where read-only entries hold writable references (`xen-4.1`), an entry that becomes writable unseen is harmless.
      schemes: soundSchemes,
    },
    safety,
    (scheme, unfixed) => superpageModel("soft-superpage-flags", { ...softSuperpageFlags, scheme, unfixed }),
  ),
  adversarySearch(
    {
      advisory: "XSA-167",
      name: "beyond-memory",
      examines: "Any hypercall with any frame number: whether accounting words beyond the end of memory are touched.",
      schemes: ["sealed", "sealed-deferred", "xen-4.1"],
    },
    "exception",
    { seed: 1, operations: 20_000 },
  ),
  adversarySearch(
    {
      advisory: "XSA-182",
      name: "soft-table-flags",
      examines: "Any hypercall with any argument: whether a guest comes to write a page table in use.",
      schemes: soundSchemes,
    },
    "exclusion",
    { seed: 1, operations: 300_000 },
  ),
  adversarySearch(
    {
      advisory: "XSA-240",
      name: "linear-depth",
      examines: "Any hypercall with any argument: whether linear page tables come to be nested deeper than one.",
      schemes: soundSchemes,
    },
    "depth",
    { seed: 1, operations: 100_000 },
  ),
  checkerSearch(
    {
      advisory: "XSA-299",
      name: "preempted-tables",
      examines: "Pins and unpins of a tree of tables, preempted anywhere, and what another vCPU does meanwhile.",
      // The tree has no superpage entries: the scheme makes no difference.
      schemes: ["per-frame"],
    },
    [...safety, "the L2 table is left partial"],
    (_, unfixed) =>
      preemptionModel("preempted-tables", {
        operations: ["pin-l3", "unpin-l3", "pin-l2", "unpin-l2", "map-l2-rw", "unmap-l2"],
        steps: 5,
        meanwhile: 1,
        preemptions: 1,
        unfixed,
      }),
  ),
  adversarySearch(
    {
      advisory: "XSA-299",
      name: "preempted-guests",
      examines: "Any hypercall with any argument, preempted, and any other hypercalls meanwhile.",
      schemes: soundSchemes,
    },
    "audit",
    { seed: 1, operations: 100_000 },
    2,
  ),
  checkerSearch(
    {
      advisory: "XSA-401",
      name: "stale-translation",
      examines: "A change of type while another CPU fills its TLB through an entry that comes and goes.",
      schemes: soundSchemes,
    },
    safety,
    (scheme, unfixed) => superpageModel("stale-translation", { ...staleTranslation, scheme, unfixed }),
  ),
];
