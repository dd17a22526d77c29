/*
 * The single checks of `sealed`, each of which can be taken out: for tests, which show with the checker that none of them
 * can be spared. The schemes by name have them all.
 *
 * A set of checks taken out is a number with a bit for each; 0 is the scheme as it is meant.
 */

/** Map and mark: a superpage that is in use is its owner's alone. */
export const CHECK_owner_add: number = 1 << 0;
/** Unmark: of the caller's own superpage only. */
export const CHECK_owner_unmark: number = 1 << 1;
/** Trim: of the superpage of the domain for which references were taken. */
export const CHECK_owner_trim: number = 1 << 2;
/** Map and mark wait while others work on the superpage. */
export const CHECK_busy_add: number = 1 << 3;
/** Unmap waits. */
export const CHECK_busy_remove: number = 1 << 4;
/** Unmark waits. */
export const CHECK_busy_unmark: number = 1 << 5;
/** Trim waits. */
export const CHECK_busy_trim: number = 1 << 6;
/** Marks do not nest. */
export const CHECK_marked: number = 1 << 7;
/** Unmark: only what is marked. */
export const CHECK_not_marked: number = 1 << 8;
/** A count at its limit refuses. */
export const CHECK_limit: number = 1 << 9;
/** A map into a dying domain is refused. */
export const CHECK_dying_map: number = 1 << 10;
/** A mark in a dying domain is taken away again. */
export const CHECK_dying_mark: number = 1 << 11;
/** The lead frame's reference is taken, in the caller's name, before the word says whose the superpage is. */
export const CHECK_lead_first: number = 1 << 12;
/** The lead frame's reference is given back after the word is zero. */
export const CHECK_lead_last: number = 1 << 13;
/** Map and mark decide by the word of the attempt that succeeds. */
export const CHECK_fresh_add: number = 1 << 14;
/** Unmap does. */
export const CHECK_fresh_remove: number = 1 << 15;
/** Unmark does. */
export const CHECK_fresh_unmark: number = 1 << 16;
/** A user is counted without more ado only where what it needs is held. */
export const CHECK_enough: number = 1 << 17;
/** The swap that lets the target fall sets `busy`. */
export const CHECK_busy_in_swap: number = 1 << 18;
/** References are given back only as far as the users that remain do not need them. */
export const CHECK_to_target: number = 1 << 19;
/** How far taking came is stored when it stops. */
export const CHECK_progress: number = 1 << 20;
/** `busy` is left before a preempted hypercall returns. */
export const CHECK_idle: number = 1 << 21;
/** The word keeps its owner as long as anything is held. */
export const CHECK_owner_kept: number = 1 << 22;
/** A preempted vCPU remembers what it has left over. */
export const CHECK_remembered: number = 1 << 23;

/** All single checks by name. */
export const sealedChecks = [
  "owner in map and mark",
  "owner in unmark",
  "owner in trim",
  "busy awaited in map and mark",
  "busy awaited in unmap",
  "busy awaited in unmark",
  "busy awaited in trim",
  "marked already",
  "not marked",
  "count at its limit",
  "dying domain in map",
  "dying domain in mark",
  "lead frame first",
  "lead frame last",
  "decided afresh in map and mark",
  "decided afresh in unmap",
  "decided afresh in unmark",
  "enough is held",
  "busy in the same swap",
  "down to the target only",
  "progress stored",
  "not busy while preempted",
  "owner kept while anything is held",
  "left over is remembered",
] as const;

/** A single check of `sealed`. */
export type SealedCheck = (typeof sealedChecks)[number];

const bits: Readonly<Record<SealedCheck, number>> = {
  "owner in map and mark": CHECK_owner_add,
  "owner in unmark": CHECK_owner_unmark,
  "owner in trim": CHECK_owner_trim,
  "busy awaited in map and mark": CHECK_busy_add,
  "busy awaited in unmap": CHECK_busy_remove,
  "busy awaited in unmark": CHECK_busy_unmark,
  "busy awaited in trim": CHECK_busy_trim,
  "marked already": CHECK_marked,
  "not marked": CHECK_not_marked,
  "count at its limit": CHECK_limit,
  "dying domain in map": CHECK_dying_map,
  "dying domain in mark": CHECK_dying_mark,
  "lead frame first": CHECK_lead_first,
  "lead frame last": CHECK_lead_last,
  "decided afresh in map and mark": CHECK_fresh_add,
  "decided afresh in unmap": CHECK_fresh_remove,
  "decided afresh in unmark": CHECK_fresh_unmark,
  "enough is held": CHECK_enough,
  "busy in the same swap": CHECK_busy_in_swap,
  "down to the target only": CHECK_to_target,
  "progress stored": CHECK_progress,
  "not busy while preempted": CHECK_idle,
  "owner kept while anything is held": CHECK_owner_kept,
  "left over is remembered": CHECK_remembered,
};

/** The set that holds one check. */
export function checkBit(check: SealedCheck): number {
  return bits[check];
}
