import type { CostProfile, PricedEvent } from "./cost-profile.ts";
import type { EventCounts } from "./event-counts.ts";

/**
 * What counted events cost under a profile: the sum of count times price, nothing else.
 *
 * @returns nanoseconds.
 */
export function modelledTime(events: EventCounts, profile: CostProfile): number {
  let ns = 0;
  for (const event of Object.keys(profile.prices) as PricedEvent[]) ns += events[event] * profile.prices[event].ns;
  return ns;
}
