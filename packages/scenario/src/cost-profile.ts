import type { EventName } from "./event-counts.ts";
import { modern } from "./profiles/modern.ts";
import { xeonX5570 } from "./profiles/xeon-x5570-2009.ts";

/** One figure of a cost profile. */
export interface CostConstant {
  readonly name: string;
  readonly ns: number;
  /** `sourced`: published or measured, see `source`. `assumed`: ours, or computed from something that is. */
  readonly kind: "sourced" | "assumed";
  /** Where it comes from, or the formula over other constants. */
  readonly source: string;
  readonly note: string;
}

/**
 * The events that have a price. `pteWrites` has none: it is the sum of events that do.
 */
export type PricedEvent = Exclude<EventName, "pteWrites">;

/** What each counted event costs on some machine. */
export interface CostProfile {
  readonly name: string;
  readonly title: string;
  /** The figures that the prices are made of. */
  readonly basis: readonly CostConstant[];
  /** The price of each event. */
  readonly prices: Readonly<Record<PricedEvent, CostConstant>>;
}

/** The name of a profile that exists. */
export type ProfileName = "xeon-x5570-2009" | "modern";

/** Every profile by its name. */
export const costProfiles: Readonly<Record<ProfileName, CostProfile>> = { "xeon-x5570-2009": xeonX5570, modern };

/** The names of {@link costProfiles}. */
export const profileNames: readonly ProfileName[] = Object.keys(costProfiles) as ProfileName[];

/** Every constant of a profile, basis first. */
export function costConstants(profile: CostProfile): readonly CostConstant[] {
  return [...profile.basis, ...Object.values(profile.prices)];
}
