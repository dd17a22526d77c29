import { Host } from "./host.ts";
import type { HostOptions as HostParts } from "./host-options.ts";
import { pageTableContents } from "./page-tables.ts";
import type { Scheme, SchemeName } from "./scheme.ts";
import { requireScheme } from "./schemes/own-scheme.ts";
import { isShipped, schemeByName } from "./schemes/scheme-list.ts";

/** How a host is built. */
export interface HostOptions extends Omit<HostParts, "scheme"> {
  /** How superpage entries are accounted: one of XSP's schemes by name, or one of your own. */
  readonly scheme: SchemeName | Scheme;
}

/**
 * Builds a host without domains.
 *
 * @throws RangeError naming the option, or the part of the scheme, that is wrong, what was given and what was expected.
 *
 * Cost: O(frames) once; see {@link Host} for the memory.
 */
export function createHost(options: HostOptions): Host {
  const given = options.scheme;
  const scheme = typeof given === "string" ? schemeByName(given) : isOwn(given) ? requireScheme(given) : given;
  return new Host({ ...options, scheme }, pageTableContents);
}

/** Whether what is given for a scheme is none of XSP's: another's, or, from where nobody checks types, anything. */
function isOwn(given: Scheme | null | undefined): boolean {
  return given === null || given === undefined || !isShipped(given.name);
}
