import { knownSchemeNames, schemeNames, type SchemeName, type XenVersion } from "@xsp/hypervisor";
import * as z from "zod/mini";
import { profileNames, type ProfileName } from "./cost-profile.ts";
import { parseDuration, parseSize } from "./quantity.ts";
import { xenVersions } from "./scenario-fields.ts";
import type { GuestStyle, LoginStorm } from "./scenario.ts";

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
  readonly guest: {
    readonly style: GuestStyle;
    readonly memory: string;
    readonly lowmem?: string | undefined;
    readonly populate: "superpages" | "pages";
    readonly balloonHugepages: boolean;
  };
  readonly pool: { readonly hugepages?: number | undefined; readonly mark: boolean };
  readonly process?: { readonly region: string; readonly shared: true } | undefined;
  readonly workload?: LoginStorm["workload"] | undefined;
  readonly deadline?: string | undefined;
  readonly profile: ProfileName;
  readonly let: Readonly<Record<string, number | string>>;
  readonly steps: readonly StepFields[];
  readonly expect: readonly ExpectationFields[];
  readonly published: readonly PublishedFields[];
}

/** The schemes for which something stands, told by one of two lists or by none. */
export interface Schemes {
  readonly under?: readonly SchemeName[] | undefined;
  readonly except?: readonly SchemeName[] | undefined;
}

/** A step as it stands in the file, after {@link spellOut}. */
export interface StepFields extends Schemes {
  readonly run?: string | undefined;
  readonly measure?: readonly string[] | undefined;
  readonly as?: string | undefined;
  readonly prints?: readonly string[] | undefined;
  readonly refused?: string | undefined;
}

/** An expectation as it stands in the file, after {@link spellOut}. */
export interface ExpectationFields extends Schemes {
  readonly what: string;
  readonly is?: string | undefined;
  readonly atLeast?: string | undefined;
  readonly atMost?: string | undefined;
}

/** A published figure as it stands in the file, after {@link spellOut}. */
export interface PublishedFields extends Schemes {
  readonly what: string;
  readonly figure: string;
  readonly source: string;
}

const text = z.string().check(z.minLength(1));
const label = z.string().check(z.regex(/^[a-z]\w*$/i));
const refusal = z.string().check(z.regex(/^(E[A-Z0-9]+|SIG[A-Z]+)$/));
const named = z.string().check(z.regex(/^[a-z]\w*$/i));
const constant = z.union([z.number(), size]);

/** The shape itself. Made anew for each file, because a scheme of somebody's own may have been added. */
export function fileSchema(): z.ZodMiniType<ScenarioFile> {
  const scheme = z.enum(knownSchemeNames() as [SchemeName]);
  const someSchemes = z.optional(z.array(scheme).check(z.minLength(1)));
  const under = { under: someSchemes, except: someSchemes };
  return z.strictObject({
    name: z.string().check(z.regex(/^[A-Za-z0-9]+(-[A-Za-z0-9.]+)*$/)),
    description: z._default(z.string(), ""),
    host: z.strictObject({
      memory: size,
      version: z._default(z.enum(xenVersions), "xen-4.9"),
      superpageOrder: z._default(z.literal(9), 9),
    }),
    schemes: z._default(
      z.array(scheme).check(
        z.minLength(1),
        z.refine((names) => new Set(names).size === names.length),
      ),
      [...schemeNames],
    ),
    guest: z.strictObject({
      style: z._default(z.enum(["64-bit", "32-bit"]), "64-bit"),
      memory: size,
      lowmem: z.optional(size),
      populate: z._default(z.enum(["superpages", "pages"]), "superpages"),
      balloonHugepages: z._default(z.boolean(), false),
    }),
    pool: z._default(z.strictObject({ hugepages: z.optional(positive), mark: z._default(z.boolean(), true) }), {
      mark: true,
    }),
    process: z.optional(z.strictObject({ region: size, shared: z._default(z.literal(true), true) })),
    workload: z.optional(
      z.strictObject({
        kind: z._default(z.literal("login-storm"), "login-storm"),
        logins: positive,
        spawner: z._default(z.literal("serial"), "serial"),
        answer: z._default(z.literal("fork+exec"), "fork+exec"),
      }),
    ),
    deadline: z.optional(duration),
    profile: z._default(z.enum(profileNames), "xeon-x5570-2009"),
    let: z._default(z.record(named, constant), {}),
    steps: z._default(
      z.array(
        z.strictObject({
          run: z.optional(text),
          measure: z.optional(z.array(text).check(z.minLength(1))),
          as: z.optional(label),
          prints: z.optional(z.array(text).check(z.minLength(1))),
          refused: z.optional(refusal),
          ...under,
        }),
      ),
      [],
    ),
    expect: z._default(
      z.array(
        z.strictObject({
          what: text,
          is: z.optional(text),
          atLeast: z.optional(text),
          atMost: z.optional(text),
          ...under,
        }),
      ),
      [],
    ),
    published: z._default(z.array(z.strictObject({ what: text, figure: text, source: text, ...under })), []),
  });
}

/** One departure from the shape. */
export interface ShapeIssue {
  readonly path: readonly (string | number)[];
  /** Fields that no scenario has. */
  readonly unknown?: readonly string[];
  /** The names that would be accepted here. */
  readonly names?: readonly string[];
}

/** Fields in which one item may stand for a list of one, and those in which a number may stand for a formula. */
export const lists: readonly string[] = ["measure", "prints", "under", "except"];
export const formulas: readonly string[] = ["what", "is", "atLeast", "atMost", "figure"];

/**
 * Writes the short forms of a parsed file out, in place: a step that is only a command line, one item for a list of
 * one, a number for a formula. What is of neither form is left for the check of the shape to tell.
 */
export function spellOut(root: Record<string, unknown>): void {
  for (const group of ["steps", "expect", "published"]) {
    const items = root[group];
    if (!Array.isArray(items)) continue;
    for (const [at, item] of (items as unknown[]).entries()) {
      if (group === "steps" && typeof item === "string") items[at] = { run: item };
      else if (typeof item === "object" && item !== null) spellOutFields(item as Record<string, unknown>);
    }
  }
}

function spellOutFields(item: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(item)) {
    if (lists.includes(name) && typeof value === "string") item[name] = [value];
    if (formulas.includes(name) && typeof value === "number") item[name] = String(value);
  }
}

/** Checks the shape of a parsed file whose short forms have been written out. */
export function checkShape(value: unknown): { file: ScenarioFile } | { issues: readonly ShapeIssue[] } {
  const parsed = z.safeParse(fileSchema(), value);
  if (parsed.success) return { file: parsed.data };
  return {
    issues: parsed.error.issues.map((issue) => ({
      path: issue.path as (string | number)[],
      ...(issue.code === "unrecognized_keys" ? { unknown: issue.keys } : {}),
      ...(issue.code === "invalid_value" ? { names: issue.values.map(String) } : {}),
    })),
  };
}
