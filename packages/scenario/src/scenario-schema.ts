import { schemeNames, type SchemeName, type XenVersion } from "@xsp/hypervisor";
import * as z from "zod/mini";
import { profileNames, type ProfileName } from "./cost-profile.ts";
import { parseDuration, parseSize } from "./quantity.ts";
import { xenVersions } from "./scenario-fields.ts";
import type { GuestStyle, Scenario } from "./scenario.ts";

// The shape of a scenario file before units are resolved. What a field expects, in words, is told by scenario-fields.ts;
// nothing of zod leaves this package.

const size = z.string().check(z.refine((text) => (parseSize(text) ?? 0) > 0));
const duration = z.string().check(z.refine((text) => (parseDuration(text) ?? 0) > 0));
const positive = z.number().check(z.int(), z.minimum(1));

/** A scenario file's content, its shape checked and its defaults filled in; sizes and durations are still text. */
export interface ScenarioFile {
  readonly name: string;
  readonly description: string;
  readonly host: { readonly memory: string; readonly version: XenVersion; readonly superpageOrder: number };
  readonly schemes: readonly SchemeName[];
  readonly guest: { readonly style: GuestStyle; readonly memory: string; readonly lowmem?: string | undefined };
  readonly pool: { readonly hugepages?: number | undefined; readonly mark: boolean };
  readonly process: { readonly region: string; readonly shared: true };
  readonly workload: Scenario["workload"];
  readonly deadline: string;
  readonly profile: ProfileName;
}

const fileSchema: z.ZodMiniType<ScenarioFile> = z.strictObject({
  name: z.string().check(z.regex(/^[A-Za-z0-9]+(-[A-Za-z0-9.]+)*$/)),
  description: z._default(z.string(), ""),
  host: z.strictObject({
    memory: size,
    version: z._default(z.enum(xenVersions), "xen-4.9"),
    superpageOrder: z._default(z.literal(9), 9),
  }),
  schemes: z._default(
    z.array(z.enum(schemeNames as [SchemeName])).check(
      z.minLength(1),
      z.refine((names) => new Set(names).size === names.length),
    ),
    [...schemeNames],
  ),
  guest: z.strictObject({
    style: z._default(z.enum(["64-bit", "32-bit"]), "64-bit"),
    memory: size,
    lowmem: z.optional(size),
  }),
  pool: z._default(z.strictObject({ hugepages: z.optional(positive), mark: z._default(z.boolean(), true) }), {
    mark: true,
  }),
  process: z.strictObject({ region: size, shared: z._default(z.literal(true), true) }),
  workload: z.strictObject({
    kind: z._default(z.literal("login-storm"), "login-storm"),
    logins: positive,
    spawner: z._default(z.literal("serial"), "serial"),
    answer: z._default(z.literal("fork+exec"), "fork+exec"),
  }),
  deadline: z._default(duration, "60s"),
  profile: z._default(z.enum(profileNames), "xeon-x5570-2009"),
});

/** One departure from the shape. */
export interface ShapeIssue {
  readonly path: readonly (string | number)[];
  /** Fields that no scenario has. */
  readonly unknown?: readonly string[];
  /** The names that would be accepted here. */
  readonly names?: readonly string[];
}

/** Checks the shape of a parsed file. */
export function checkShape(value: unknown): { file: ScenarioFile } | { issues: readonly ShapeIssue[] } {
  const parsed = z.safeParse(fileSchema, value);
  if (parsed.success) return { file: parsed.data };
  return {
    issues: parsed.error.issues.map((issue) => ({
      path: issue.path as (string | number)[],
      ...(issue.code === "unrecognized_keys" ? { unknown: issue.keys } : {}),
      ...(issue.code === "invalid_value" ? { names: issue.values.map(String) } : {}),
    })),
  };
}
