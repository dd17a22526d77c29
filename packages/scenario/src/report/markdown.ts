import type { AnyResult } from "../scheme-run.ts";
import { comparisonTable, type ComparisonSection } from "./comparison-table.ts";
import { expectationTables } from "./expectation-table.ts";
import { headline, verdict } from "./verdict.ts";

/** A Markdown table. Its first column is text, the others numbers, which stand to the right, unless all are `text`. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  content: "numbers" | "text" = "numbers",
): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = header.map((_, at) => (at === 0 || content === "text" ? "---" : "---:"));
  return [line(header), line(rule), ...rows.map(line)].join("\n");
}

/** What a Markdown report holds besides the result. */
export interface MarkdownReportOptions {
  /** The command that made the result. */
  readonly command?: string;
  /** Further measures, with a cell for each of the result's runs. */
  readonly sections?: readonly ComparisonSection[];
}

/** The report as Markdown: the same table and sentences as the text report. */
export function markdownReport(result: AnyResult, options: MarkdownReportOptions = {}): string {
  const { command, sections = [] } = options;
  const { columns, sections: own } = comparisonTable(result);
  const [title = "", ...details] = headline(result);
  const tables = [...own, ...sections].map(({ title: name, rows }) =>
    markdownTable(
      [name, ...columns],
      rows.map(({ label, cells }) => [label, ...cells]),
    ),
  );
  const judged = expectationTables(result).map(([header = [], ...rows]) => markdownTable(header, rows, "text"));
  const made = command === undefined ? [] : [`Made by \`${command}\`.`];
  return `${[`# ${title}`, ...details, ...tables, ...judged, ...verdict(result), ...made].join("\n\n")}\n`;
}
