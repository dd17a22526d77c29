import type { CostProfile } from "./cost-profile.ts";
import { countingOperations, type EventCounts } from "./event-counts.ts";
import type { SchemeRun } from "./scheme-run.ts";

// How many times dearer counting frame by frame is, told three ways, because they answer different questions.
//
// Let F be the work per hugepage that both designs do, X the cost of counting one frame and S that of one superpage
// operation. Then R = (F + 512·X) / (F + S). With F = 0 only counting is compared, and R is largest; the more the two
// designs do in common, the smaller it gets. "On the order of 50 times" needs F of about ten frames' worth of counting.

/** Common work per hugepage: how a kernel might come to write a page-directory entry. */
export interface CommonWork {
  readonly name: string;
  readonly ns: number;
  readonly formula: string;
}

/** One line of the table R over F. */
export interface RatioAtWork extends CommonWork {
  readonly ratio: number;
}

/** per-frame against one marked scheme. */
export interface RatioByRun {
  readonly scheme: string;
  /** References and superpage operations of the first fork. */
  readonly countingOperations: number;
  /** Modelled time of the first fork. */
  readonly modelled: number;
  /** Wall time of the first fork. */
  readonly firstForkWall: number;
  /** Median wall time over all forks, which leaves the start-up of the compiler out. */
  readonly medianForkWall: number;
}

function basisNs(profile: CostProfile, name: string): number {
  const found = profile.basis.find((constant) => constant.name === name);
  if (found === undefined) throw new Error(`the profile ${profile.name} has no constant ${name}`);
  return found.ns;
}

/** The ways to write an entry, from no common work at all to the most of it. */
export function commonWorks(profile: CostProfile): readonly CommonWork[] {
  const [loop, entry, call, fault, check] = [
    basisNs(profile, "guestLoop"),
    basisNs(profile, "batchedEntry"),
    basisNs(profile, "hypercall"),
    basisNs(profile, "pageFault"),
    basisNs(profile, "entryCheck"),
  ];
  return [
    { name: "counting alone", ns: 0, formula: "0" },
    { name: "plain stores, pinned late (fork)", ns: loop + check, formula: "guestLoop + entryCheck" },
    {
      name: "batches of 32 updates",
      ns: loop + entry + call / 32,
      formula: "guestLoop + batchedEntry + hypercall / 32",
    },
    {
      name: "one hypercall per hugepage",
      ns: loop + entry + call,
      formula: "guestLoop + batchedEntry + hypercall",
    },
    {
      name: "one page fault per hugepage",
      ns: loop + entry + call + fault,
      formula: "guestLoop + batchedEntry + hypercall + pageFault",
    },
  ];
}

/** Cost of counting one frame of a mapping: its general and its type reference, in nanoseconds. */
export function frameCost(profile: CostProfile): number {
  return profile.prices.frameGets.ns + profile.prices.typeGets.ns;
}

/** R where both designs do `workNs` nanoseconds of common work per hugepage. */
export function ratioAtWork(profile: CostProfile, workNs: number, framesPerSuperpage = 512): number {
  return (workNs + framesPerSuperpage * frameCost(profile)) / (workNs + profile.prices.superpageGets.ns);
}

/** R for each kind of common work. */
export function ratioOverWork(profile: CostProfile, framesPerSuperpage = 512): readonly RatioAtWork[] {
  return commonWorks(profile).map((work) => ({ ...work, ratio: ratioAtWork(profile, work.ns, framesPerSuperpage) }));
}

/** The common work per hugepage at which R has a given value, in nanoseconds; negative when R never gets that large. */
export function workForRatio(profile: CostProfile, ratio: number, framesPerSuperpage = 512): number {
  return (framesPerSuperpage * frameCost(profile) - ratio * profile.prices.superpageGets.ns) / (ratio - 1);
}

/**
 * Compares a run that counted frame by frame with one that did not.
 *
 * @throws RangeError when the second took no counting operation at all.
 */
export function ratioOfRuns(perFrame: SchemeRun, marked: SchemeRun): RatioByRun {
  const operations = countingOperations(marked.fork.events);
  if (operations === 0) throw new RangeError(`${marked.scheme} counted nothing in its fork: expected a mapped region`);
  return {
    scheme: marked.scheme,
    countingOperations: countingOperations(perFrame.fork.events) / operations,
    modelled: perFrame.fork.modelledNs / marked.fork.modelledNs,
    firstForkWall: perFrame.fork.wallNs / marked.fork.wallNs,
    medianForkWall: perFrame.logins.forkWall.medianNs / marked.logins.forkWall.medianNs,
  };
}

/** Frames that one login counts: taken by the fork and given back by the exec. */
function countedFrames(fork: EventCounts, exec: EventCounts): number {
  return fork.frameGets + exec.framePuts;
}

/**
 * How dear counting one frame may be for the last login to be in time, if counting were all that took time.
 *
 * @returns nanoseconds per frame, from the counted events alone; undefined when no frame is counted.
 */
export function breakEvenFrameCost(run: SchemeRun): number | undefined {
  const frames = countedFrames(run.fork.events, run.exec.events) * run.logins.offered;
  return frames === 0 ? undefined : run.logins.deadlineNs / frames;
}
