/*
 * The state of the page in the fragment of its address, so that every position has a link:
 *
 *   #v1/step?token=xsp1.…&at=12     a counterexample, at a step
 *   #v1/try?token=xsp1.…            a schedule made by hand: the token is all that was done
 *   #v1/lesson?step=3
 *   #v1/machine?schemes=…&gib=4     hosts, what was done with them (do), and how their frames are looked at
 *                                   (colour, sight as column.row.side, frame)
 *   #v1/scenario?name=pool-shrink   a shipped scenario, ready to be run
 *   #v1/storm?schemes=…&gib=16      a scenario, ready to be run
 *
 * A link of another version, or one that makes no sense, is told so and not guessed at.
 */

/** The version of links that this page writes and reads. */
const LINK_VERSION = "v1";

/** Names of the views. */
export const viewNames = ["home", "lesson", "machine", "scenario", "storm", "step", "try"] as const;
/** One of the views. */
export type ViewName = (typeof viewNames)[number];

/** A place in the page. */
export interface Place {
  readonly view: ViewName;
  /** What the view needs to know, by name. */
  readonly fields: Readonly<Record<string, string>>;
}

/** A fragment that leads nowhere. */
export interface BrokenLink {
  /** What is wrong, and what to do. */
  readonly problem: string;
}

/** Whether a link could not be followed. */
export function isBroken(place: Place | BrokenLink): place is BrokenLink {
  return "problem" in place;
}

/** Reads the fragment of an address, with or without its `#`. */
export function readFragment(fragment: string): Place | BrokenLink {
  const text = fragment.replace(/^#/, "");
  if (text === "") return { view: "home", fields: {} };
  const [, version, view = "home", query = ""] = /^([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(text) ?? [];
  if (version !== LINK_VERSION) {
    return /^v\d+$/.test(version ?? "")
      ? {
          problem: `This link is of version ${version}; this lab reads ${LINK_VERSION}. Open it in the lab it was made with.`,
        }
      : { problem: "This link is not one that the lab has made, or a part of it is missing." };
  }
  const known = viewNames.find((name) => name === view);
  if (known === undefined) return { problem: `This link leads to “${view}”, and this lab has no such page.` };
  return { view: known, fields: Object.fromEntries(new URLSearchParams(query)) };
}

/** Writes a place as a fragment, with its `#`. Fields that are undefined are left out. */
export function writeFragment(
  view: ViewName,
  fields: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return `#${LINK_VERSION}/${view}${text === "" ? "" : `?${text}`}`;
}

/**
 * A whole number in a link.
 *
 * @returns `fallback` when it is missing, no number, or out of range.
 */
export function wholeNumber(text: string | undefined, least: number, most: number, fallback: number): number {
  const value = text !== undefined && /^\d+$/.test(text) ? Number(text) : fallback;
  return value >= least && value <= most ? value : fallback;
}

/**
 * What of a link was not understood.
 *
 * @param given - the fields of the link.
 * @param understood - every field that a link to what is shown could have; undefined for one that is empty.
 * @returns the fields that say something else, as `name=value`.
 */
export function misreadFields(
  given: Readonly<Record<string, string>>,
  understood: Readonly<Record<string, string | undefined>>,
): string[] {
  return Object.entries(given)
    .filter(([name, value]) => {
      if (!Object.hasOwn(understood, name)) return true;
      // Of a list the order may be another, and each of its members has to be there.
      const members = new Set((understood[name] ?? "").split(","));
      return value.split(",").some((member) => !members.has(member));
    })
    .map(([name, value]) => `${name}=${value}`);
}
