import * as errno from "./errno.ts";

const errnoNames = new Map<unknown, string>(
  Object.entries(errno).flatMap(([name, value]) => (/^E[A-Z]+$/.test(name) ? [[value, name] as const] : [])),
);

/**
 * Name of the errno in a call's result: `"ENOMEM"` for −12.
 *
 * @throws RangeError when the result is no negated errno of a guest.
 */
export function errnoOf(result: number): string {
  const name = errnoNames.get(-result);
  if (name === undefined) throw new RangeError(`result: ${result} given, expected a negated errno`);
  return name;
}
