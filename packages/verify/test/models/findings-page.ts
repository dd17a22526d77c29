import { readFileSync } from "node:fs";

/*
 * docs/findings.md, read back. `xsp check --all --format md` makes it; the tests hold its figures against the checker.
 */

/** The page. */
export const findingsPage: string = readFileSync(new URL("../../../../docs/findings.md", import.meta.url), "utf8");

/** A row of "Every check". */
export interface CheckRow {
  readonly model: string;
  readonly scheme: string;
  /** Names of the violated properties, a space between; empty when the model holds. */
  readonly violated: string;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
}

const figure = (text: string | undefined): number => Number((text ?? "").replaceAll(",", ""));

/** Every check of the matrix. */
export const checkRows: readonly CheckRow[] = [
  ...findingsPage.matchAll(
    /^\| (\S+) \| (\S+) \| (?:holds|violated: ([S\d ]+)) \| ([\d,]+) \| ([\d,]+) \| (\d+) \|$/gm,
  ),
].map(([, model = "", scheme = "", violated = "", states, transitions, depth]) => {
  return { model, scheme, violated, states: figure(states), transitions: figure(transitions), depth: figure(depth) };
});
