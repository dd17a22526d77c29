/*
 * The single checks that `sealed-percpu` adds to those of `sealed`, each of which can be taken out: for tests alone, as in
 * `sealed-checks.ts`.
 */

/** Map: entries are counted in a slot of the caller's own domain only. */
export const SLOT_CHECK_owner: number = 1 << 0;
/** Map: a full slot refuses. */
export const SLOT_CHECK_limit: number = 1 << 1;
/** Map: a slot takes its use before it counts. */
export const SLOT_CHECK_use_first: number = 1 << 2;
/** Map: a use that another vCPU of the slot has made needless is given back. */
export const SLOT_CHECK_spare: number = 1 << 3;
/** Unmap: a slot gives its use back after it counts nothing. */
export const SLOT_CHECK_use_last: number = 1 << 4;
/** Unmap: the slots are looked through again when counts have moved meanwhile. */
export const SLOT_CHECK_again: number = 1 << 5;
/** Unmap: a use is kept while the superpage is marked only. */
export const SLOT_CHECK_marked: number = 1 << 6;
/** Unmap: the mark is looked at again once the use is kept. */
export const SLOT_CHECK_mark_again: number = 1 << 7;
/** Unmark: kept uses are given back first. */
export const SLOT_CHECK_unmark: number = 1 << 8;
/** Destruction: kept uses are given back once the mark is gone. */
export const SLOT_CHECK_relinquish: number = 1 << 9;

/** Mark: kept uses are given back once a mark in a dying domain is taken away again. */
export const SLOT_CHECK_mark: number = 1 << 10;

/** All single checks by name, in the order of their bits. */
export const slotChecks = [
  "owner of the slot",
  "count of the slot at its limit",
  "use before the count",
  "spare use given back",
  "count before the use",
  "looked through again",
  "kept while marked only",
  "mark looked at again",
  "kept uses before an unmark",
  "kept uses after a destruction's unmark",
  "kept uses after a refused mark",
] as const;

/** A single check of `sealed-percpu`. */
export type SlotCheck = (typeof slotChecks)[number];
