/**
 * Published holes in this area. Each name is a switch that takes the fix out, off by default whatever the version: a
 * model is worth most when it shows which missing line lets a guest in.
 */
export type Advisory = "XSA-148" | "XSA-167" | "XSA-182" | "XSA-240" | "XSA-299" | "XSA-401";

/** What was missing, by advisory. Source: the advisories, and `xen-facts.md` section 7. */
export const advisories: Readonly<Record<Advisory, string>> = {
  "XSA-148": "an L2 entry update treats changes of PSE and RW as soft flags",
  "XSA-167": "the frame number of a mark, an unmark and a superpage entry is not checked against the end of memory",
  "XSA-182": "an L3 or L4 entry update (L2 where superpages are not allowed) treats RW as a soft flag",
  "XSA-240": "linear page tables may be nested without bound, and teardown recurses along them",
  "XSA-299": "a partially validated table's reference is dropped although another vCPU completed it",
  "XSA-401": "the flush for a change of type runs before the change can be seen instead of after",
};

/** Which fixes are taken out. */
export type UnfixedAdvisories = Readonly<Record<Advisory, boolean>>;

/**
 * Turns a list of advisories into switches.
 *
 * @throws RangeError naming the advisories there are.
 */
export function unfixedAdvisories(names: readonly string[]): UnfixedAdvisories {
  for (const name of names) {
    if (!Object.hasOwn(advisories, name)) {
      throw new RangeError(`unfixed: "${name}" given, expected some of ${Object.keys(advisories).join(", ")}`);
    }
  }
  const has = (name: Advisory): boolean => names.includes(name);
  return {
    "XSA-148": has("XSA-148"),
    "XSA-167": has("XSA-167"),
    "XSA-182": has("XSA-182"),
    "XSA-240": has("XSA-240"),
    "XSA-299": has("XSA-299"),
    "XSA-401": has("XSA-401"),
  };
}
