import type { AnyResult } from "../scheme-run.ts";
import { comparisonTable, type ComparisonSection, type ComparisonTable } from "./comparison-table.ts";
import { expectationTables } from "./expectation-table.ts";
import { headline, verdict } from "./verdict.ts";

/** How parts of a text report are set off; the identity where there are no colours. */
export type TextStyle = (part: "heading" | "section" | "faint" | "verdict", text: string) => string;

const plain: TextStyle = (_, text) => text;

/** A text in columns: the first left-aligned, the others right-aligned. */
export function alignColumns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] as number) : cell.padStart(widths[at] as number)))
      .join("  ")
      .trimEnd(),
  );
}

/** The same, every column left-aligned: for words. */
function alignLeft(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] as number))
      .join("  ")
      .trimEnd(),
  );
}

/** How a text report is laid out. */
export interface TextReportOptions {
  /** The command that made the result, to be shown with it. */
  readonly command?: string;
  readonly style?: TextStyle;
  /** Columns of the terminal. A table that is wider is broken into several below each other. */
  readonly width?: number;
  /** Further measures, with a cell for each of the result's runs. */
  readonly sections?: readonly ComparisonSection[];
}

/** The report for a terminal: a headline, the schemes side by side, and who timed out. */
export function textReport(result: AnyResult, options: TextReportOptions = {}): string {
  const { command, style = plain, width = 160, sections = [] } = options;
  const [title = "", ...details] = headline(result);
  const out = [style("heading", title), ...details.map((line) => style("faint", line)), ""];
  const table = comparisonTable(result);
  out.push(...tableLines({ ...table, sections: [...table.sections, ...sections] }, width, style));
  for (const rows of expectationTables(result)) {
    // Text reads from the left; only a table of figures is aligned to the right.
    const [header = "", ...lines] = alignLeft(rows);
    out.push(style("heading", header), ...lines, "");
  }
  out.push(...verdict(result).map((line) => style("verdict", line)));
  if (command !== undefined) out.push("", style("faint", command));
  return `${out.join("\n")}\n`;
}

function tableLines(table: ComparisonTable, width: number, style: TextStyle): string[] {
  for (let columns = table.columns.length; columns > 1; columns--) {
    const blocks = blocksOf(table, columns).map((block) => blockLines(block, style));
    if (blocks.every(({ width: needed }) => needed <= width)) return blocks.flatMap(({ lines }) => [...lines, ""]);
  }
  return blocksOf(table, 1).flatMap((block) => [...blockLines(block, style).lines, ""]);
}

/** The same rows for a few columns at a time. */
function blocksOf({ columns, sections }: ComparisonTable, size: number): ComparisonTable[] {
  const blocks: ComparisonTable[] = [];
  for (let start = 0; start < columns.length; start += size) {
    const part = (cells: readonly string[]): readonly string[] => cells.slice(start, start + size);
    blocks.push({
      columns: part(columns),
      sections: sections.map(({ title, rows }) => ({
        title,
        rows: rows.map(({ label, cells }) => ({ label, cells: part(cells) })),
      })),
    });
  }
  return blocks;
}

function blockLines({ columns, sections }: ComparisonTable, style: TextStyle): { lines: string[]; width: number } {
  const rows = sections.flatMap((section) => section.rows.map(({ label, cells }) => [`  ${label}`, ...cells]));
  const [header = "", ...aligned] = alignColumns([["", ...columns], ...rows]);
  const lines = [style("heading", header)];
  let next = 0;
  for (const section of sections) {
    lines.push(style("section", section.title), ...aligned.slice(next, next + section.rows.length));
    next += section.rows.length;
  }
  return { lines, width: Math.max(header.length, ...aligned.map((line) => line.length)) };
}
