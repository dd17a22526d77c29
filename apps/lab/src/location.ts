import { type ReadonlySignal, signal } from "@preact/signals";
import { type BrokenLink, type Place, type ViewName, readFragment, writeFragment } from "./route.ts";

const current = signal<Place | BrokenLink>(readFragment(location.hash));

addEventListener("hashchange", () => {
  current.value = readFragment(location.hash);
});

/** Where the page is. */
export const place: ReadonlySignal<Place | BrokenLink> = current;

/** Goes to a place; the way back leads here again. */
export function goTo(view: ViewName, fields: Readonly<Record<string, string | number | undefined>> = {}): void {
  const fragment = writeFragment(view, fields);
  // Going where one is means to begin there anew; the browser would do nothing.
  if (location.hash === fragment) current.value = readFragment(fragment);
  else location.hash = fragment;
}

/** Notes a position within the present view in the address, without a way back to each. */
export function noteInAddress(view: ViewName, fields: Readonly<Record<string, string | number | undefined>>): void {
  history.replaceState(undefined, "", writeFragment(view, fields));
}

/** The present address, for others. */
export function linkHere(): string {
  return location.href;
}
