import { markdownTable } from "@xsp/scenario";
import type { Text } from "./figure.ts";
import type { ReportPage, ReportSection, ReportTable } from "./page.ts";

function markdown(content: Text): string {
  return content
    .map((inline) => {
      if (typeof inline === "string") return inline;
      return inline.kind === "code" ? `\`${inline.text}\`` : inline.text;
    })
    .join("");
}

function table({ caption, header, rows }: ReportTable): string {
  const cells = rows.map(({ label, cells: columns }) => [label, ...columns.map(markdown)]);
  return `${caption}:\n\n${markdownTable(header, cells)}`;
}

function section({ title, blocks, commands }: ReportSection): string {
  const parts = blocks.flatMap((block) => {
    if (block.kind === "table") return [table(block)];
    // What a chart shows stands in a table as well.
    return block.kind === "chart" ? [] : [markdown(block.content)];
  });
  const made = commands.length === 0 ? [] : [`Made by ${commands.map((command) => `\`${command}\``).join(", ")}.`];
  return [`## ${title}`, ...parts, ...made].join("\n\n");
}

/** The page as Markdown. */
export function markdownPage({ title, lead, sections }: ReportPage): string {
  return `${[`# ${title}`, ...lead.map(markdown), ...sections.map(section)].join("\n\n")}\n`;
}
