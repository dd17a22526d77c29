import type { Scheme, SchemeName } from "../scheme.ts";
import { perFrame } from "./per-frame.ts";
import { rfc, rfcBusyOver1, rfcBusyOver2 } from "./rfc.ts";
import { sealed, sealedDeferred } from "./sealed.ts";
import { sealedPercpu } from "./sealed-percpu.ts";
import { xen41 } from "./xen-4.1.ts";

const schemes: Readonly<Record<SchemeName, Scheme>> = {
  "per-frame": perFrame,
  rfc,
  "rfc-busy-over-1": rfcBusyOver1,
  "rfc-busy-over-2": rfcBusyOver2,
  "xen-4.1": xen41,
  sealed,
  "sealed-deferred": sealedDeferred,
  "sealed-percpu": sealedPercpu,
};

/** All schemes by name, in the order in which they were thought of. */
export const schemeNames: readonly SchemeName[] = Object.keys(schemes) as SchemeName[];

/**
 * Finds a scheme.
 *
 * @throws RangeError naming the schemes there are.
 */
export function schemeByName(name: string): Scheme {
  const scheme = Object.hasOwn(schemes, name) ? schemes[name as SchemeName] : undefined;
  if (scheme === undefined) {
    throw new RangeError(`scheme: "${name}" given, expected one of ${schemeNames.join(", ")}`);
  }
  return scheme;
}

/** Whether guests can mark superpages under a scheme. */
export function schemeHasMarks(name: SchemeName): boolean {
  return schemes[name].marks;
}
