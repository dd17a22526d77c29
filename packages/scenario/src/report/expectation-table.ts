import { shorten } from "../quantity.ts";
import type { Judgement, PublishedComparison } from "../judgement.ts";
import type { AnyResult } from "../scheme-run.ts";

/** A table as rows of cells, the header first. */
export type Cells = readonly (readonly string[])[];

/**
 * What the file expected, and what others measured: a table each, left out where there is nothing to show.
 *
 * Schemes for which the same came out share a row.
 */
export function expectationTables({ expectations, published }: AnyResult): readonly Cells[] {
  const tables: Cells[] = [];
  if (expectations.length > 0) {
    const rows = merged(expectations, ({ held, what, expected, got, line }) => [
      held ? "held" : "MISSED",
      line === undefined ? what : `${what} (line ${line})`,
      expected,
      got,
    ]);
    tables.push([["", "expectation", "expected", "got", "under"], ...rows]);
  }
  if (published.length > 0) {
    const rows = merged(published, ({ what, model, published: figure, ratio, source }) => [
      what,
      model,
      figure,
      shorten(ratio),
      source,
    ]);
    tables.push([["published figure for", "model", "published", "ratio", "source", "under"], ...rows]);
  }
  return tables;
}

/** Rows of everything, those that differ by their scheme alone put together. */
function merged<Item extends Judgement | PublishedComparison>(
  items: readonly Item[],
  cellsOf: (item: Item) => readonly string[],
): Cells {
  const rows = new Map<string, { cells: readonly string[]; schemes: string[] }>();
  for (const item of items) {
    const cells = cellsOf(item);
    const key = cells.join("\u0000");
    const row = rows.get(key) ?? { cells, schemes: [] };
    rows.set(key, row);
    row.schemes.push(item.scheme);
  }
  return [...rows.values()].map(({ cells, schemes }) => [...cells, schemes.join(", ")]);
}
