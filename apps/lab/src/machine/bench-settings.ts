import { type ProfileName, profileNames, type SchemeName, schemeNames } from "@xsp/scenario";
import { type MachineAction, machineActions } from "../model/machine-actions.ts";

/** Sizes of a host in GiB: powers of four, so that the picture of its frames is a square. */
export const sizes = [1, 4, 16, 64] as const;

/** What the address says of the machines. */
export interface BenchSettings {
  /** One or two. */
  readonly schemes: readonly SchemeName[];
  readonly gib: number;
  readonly profile: ProfileName;
  /** What is done as soon as they are built. */
  readonly actions: readonly MachineAction[];
}

/**
 * Reads the fields of a link; what makes no sense is as if it were not there.
 *
 * @param known - the schemes there are.
 */
export function readBench(
  fields: Readonly<Record<string, string>>,
  known: readonly SchemeName[] = schemeNames,
): BenchSettings {
  const asked = (fields["schemes"] ?? "per-frame,sealed").split(",");
  const schemes = known.filter((name) => asked.includes(name)).slice(0, 2);
  return {
    schemes: schemes.length === 0 ? ["per-frame", "sealed"] : schemes,
    gib: sizes.find((size) => String(size) === fields["gib"]) ?? 4,
    profile: profileNames.find((name) => name === fields["profile"]) ?? "xeon-x5570-2009",
    actions: (fields["do"] ?? "")
      .split(",")
      .flatMap((name) => machineActions.filter((action) => action === name))
      .slice(0, 40),
  };
}

/** The fields of a link to machines. */
export function benchFields({ schemes, gib, profile, actions }: BenchSettings): Record<string, string | undefined> {
  const did = actions.length === 0 ? undefined : actions.join(",");
  return { schemes: schemes.join(","), gib: String(gib), profile, do: did };
}
