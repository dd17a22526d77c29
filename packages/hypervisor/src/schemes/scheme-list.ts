import type { Scheme, SchemeName, ShippedSchemeName } from "../scheme.ts";
import { SchemeProblem, requireScheme } from "./own-scheme.ts";
import { perFrame } from "./per-frame.ts";
import { rfc, rfcBusyOver1, rfcBusyOver2 } from "./rfc.ts";
import { sealed, sealedDeferred } from "./sealed.ts";
import { sealedPercpu } from "./sealed-percpu.ts";
import { xen41 } from "./xen-4.1.ts";

const schemes: Readonly<Record<ShippedSchemeName, Scheme>> = {
  "per-frame": perFrame,
  rfc,
  "rfc-busy-over-1": rfcBusyOver1,
  "rfc-busy-over-2": rfcBusyOver2,
  "xen-4.1": xen41,
  sealed,
  "sealed-deferred": sealedDeferred,
  "sealed-percpu": sealedPercpu,
};

/** Schemes of others, by name. A name never changes what it means: tokens and results are read by it. */
const added = new Map<string, Scheme>();

/** XSP's own schemes by name, in the order in which they were thought of. */
export const schemeNames: readonly SchemeName[] = Object.keys(schemes);

/** All schemes that there are here by name: XSP's own, then those that were added. */
export function knownSchemeNames(): readonly SchemeName[] {
  return [...schemeNames, ...added.keys()];
}

/**
 * Adds a scheme of your own, which is known by its name from then on wherever a scheme is named: scenarios, models,
 * tokens, traces. To build a host with it, there is no need to: `createHost` takes the scheme itself.
 *
 * @param candidate - what should be a `Scheme`; it may come from a file that nobody has type-checked.
 * @throws SchemeProblem when it is none, or its name is taken. To add the same one again is no problem.
 */
export function addScheme(candidate: unknown): Scheme {
  const scheme = requireScheme(candidate);
  const taken = isShipped(scheme.name) ? schemes[scheme.name] : added.get(scheme.name);
  if (taken !== undefined && taken !== scheme) {
    throw new SchemeProblem(
      `name is "${scheme.name}", and there is a scheme of that name`,
      "a name of its own",
      "choose another name",
    );
  }
  if (taken === undefined) added.set(scheme.name, scheme);
  return scheme;
}

/** Whether a scheme of that name is one of XSP's own. */
export function isShipped(name: string): name is ShippedSchemeName {
  return Object.hasOwn(schemes, name);
}

/**
 * Finds a scheme.
 *
 * @throws RangeError naming the schemes there are.
 */
export function schemeByName(name: string): Scheme {
  const scheme = isShipped(name) ? schemes[name] : added.get(name);
  if (scheme === undefined) {
    throw new RangeError(`scheme: "${name}" given, expected one of ${knownSchemeNames().join(", ")}`);
  }
  return scheme;
}

/** Whether guests can mark superpages under a scheme. */
export function schemeHasMarks(name: SchemeName): boolean {
  return schemeByName(name).marks;
}
