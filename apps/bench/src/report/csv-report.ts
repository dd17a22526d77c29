import type { ReportPage } from "./page.ts";

function field(value: string | number): string {
  const content = String(value);
  return /[",\r\n]/.test(content) ? `"${content.replaceAll('"', '""')}"` : content;
}

/**
 * Every figure of the page's tables in long form, one a line, which any tool can pivot. Where a cell has several, they are
 * told apart by their place in it: the median first, then the range.
 */
export function csvPage({ sections }: ReportPage): string {
  const lines: (string | number)[][] = [["section", "table", "row", "column", "place", "value", "shown"]];
  for (const { id, blocks } of sections) {
    for (const block of blocks) {
      if (block.kind !== "table") continue;
      for (const { label, cells } of block.rows) {
        for (const [at, cell] of cells.entries()) {
          const figures = cell.filter((inline) => typeof inline === "object" && inline.kind === "figure");
          for (const [place, figure] of figures.entries()) {
            if (typeof figure !== "object" || figure.kind !== "figure") continue;
            lines.push([id, block.caption, label, block.header[at + 1] ?? "", place, figure.value, figure.text]);
          }
        }
      }
    }
  }
  return `${lines.map((line) => line.map(field).join(",")).join("\n")}\n`;
}
