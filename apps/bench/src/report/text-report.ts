import { alignColumns } from "@xsp/scenario";
import { plainText } from "./figure.ts";
import type { ReportPage, ReportTable } from "./page.ts";

function tableLines({ caption, header, rows }: ReportTable): readonly string[] {
  const cells = rows.map(({ label, cells: columns }) => [label, ...columns.map(plainText)]);
  return [caption, ...alignColumns([[...header], ...cells]).map((line) => `  ${line}`), ""];
}

/** The page for a terminal. What is folded on the page is left out. */
export function textPage({ title, lead, sections }: ReportPage): string {
  const lines = [title, ...lead.map(plainText), ""];
  for (const { title: heading, blocks } of sections) {
    lines.push(`== ${heading}`, "");
    for (const block of blocks) {
      if (block.kind === "paragraph") lines.push(plainText(block.content), "");
      else if (block.kind === "table" && block.folded !== true) lines.push(...tableLines(block));
    }
  }
  return `${lines.join("\n").trimEnd()}\n`;
}
