import { readFileSync } from "node:fs";
import { type GalleryEntry, readGallery } from "../gallery-plugin.ts";

/** The gallery as the page has it. */
export const gallery: readonly GalleryEntry[] = readGallery(
  readFileSync(new URL("../../../docs/findings.md", import.meta.url), "utf8"),
);

/** The counterexample of a scheme and a property. */
export function tokenOf(scheme: string, property: string): string {
  const found = gallery.find((entry) => entry.scheme === scheme && entry.property === property);
  if (found === undefined) throw new Error(`the findings have no ${scheme} ${property}`);
  return found.token;
}
