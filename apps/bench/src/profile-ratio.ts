import {
  costConstants,
  costProfiles,
  frameCost,
  profileNames,
  ratioAtWork,
  ratioOverWork,
  workForRatio,
  type CostConstant,
  type CostProfile,
  type RatioAtWork,
} from "@xsp/scenario";

/** R = (F + 512·X) / (F + S) under one cost profile: no run is needed for it, prices alone. */
export interface ProfileRatio {
  readonly profile: string;
  readonly title: string;
  /** X: counting one frame, its general and its type reference. */
  readonly frameNs: number;
  /** S: counting one superpage. */
  readonly superpageNs: number;
  /** R where an entry is written in one of the ways that a kernel has. */
  readonly works: readonly RatioAtWork[];
  /** R over F for a chart. */
  readonly curve: readonly { readonly ns: number; readonly ratio: number }[];
  /** The ratio that the thread names. */
  readonly named: number;
  /** F at which R is that. */
  readonly workAtNamedNs: number;
  /** The same, in frames' worth of counting. */
  readonly workAtNamedFrames: number;
  readonly sourced: readonly CostConstant[];
  readonly assumed: readonly CostConstant[];
}

// "On the order of 50 times" is what was said in 2010.
const named = 50;
const curveFrom = 10;
const curvePointsPerDecade = 12;
const curveDecades = 4;

function profileRatio(profile: CostProfile): ProfileRatio {
  const workAtNamedNs = workForRatio(profile, named);
  const curve = Array.from({ length: curveDecades * curvePointsPerDecade + 1 }, (_, at) => {
    const ns = curveFrom * 10 ** (at / curvePointsPerDecade);
    return { ns, ratio: ratioAtWork(profile, ns) };
  });
  const constants = costConstants(profile);
  return {
    profile: profile.name,
    title: profile.title,
    frameNs: frameCost(profile),
    superpageNs: profile.prices.superpageGets.ns,
    works: ratioOverWork(profile),
    curve,
    named,
    workAtNamedNs,
    workAtNamedFrames: workAtNamedNs / frameCost(profile),
    sourced: constants.filter(({ kind }) => kind === "sourced"),
    assumed: constants.filter(({ kind }) => kind === "assumed"),
  };
}

/** R over F under every profile. */
export function profileRatios(): readonly ProfileRatio[] {
  return profileNames.map((name) => profileRatio(costProfiles[name]));
}
