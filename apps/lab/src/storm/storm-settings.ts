import { type ProfileName, profileNames, schemeNames } from "@xsp/scenario";

/** Sizes of the region in GiB. */
export const regionSizes = [1, 4, 16, 64] as const;
/** How many logins arrive. */
export const loginCounts = [10, 30, 100] as const;
/** How long a client waits. */
export const deadlines = ["1s", "5s", "20s", "60s"] as const;

/** What a storm is played with. */
export interface StormSettings {
  /** One or two. */
  readonly schemes: readonly (typeof schemeNames)[number][];
  readonly gib: number;
  readonly logins: number;
  readonly deadline: string;
  readonly profile: ProfileName;
}

/** Reads the fields of a link; what makes no sense is as if it were not there. */
export function readStorm(fields: Readonly<Record<string, string>>): StormSettings {
  const asked = (fields["schemes"] ?? "").split(",");
  const schemes = schemeNames.filter((name) => asked.includes(name)).slice(0, 2);
  return {
    schemes: schemes.length === 0 ? ["per-frame", "sealed"] : schemes,
    gib: regionSizes.find((size) => String(size) === fields["gib"]) ?? 16,
    logins: loginCounts.find((count) => String(count) === fields["logins"]) ?? 100,
    deadline: deadlines.find((each) => each === fields["deadline"]) ?? "60s",
    profile: profileNames.find((name) => name === fields["profile"]) ?? "xeon-x5570-2009",
  };
}

/** The fields of a link to a storm. */
export function stormFields({ schemes, gib, logins, deadline, profile }: StormSettings): Record<string, string> {
  return { schemes: schemes.join(","), gib: String(gib), logins: String(logins), deadline, profile };
}
