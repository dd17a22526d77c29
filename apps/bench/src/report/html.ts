import type { Inline, Text } from "./figure.ts";
import type { ReportChart, ReportPage, ReportParagraph, ReportRow, ReportSection, ReportTable } from "./page.ts";
import { style } from "./style.ts";

// The report as one page without scripts. A figure is a <data> element that carries the number itself beside the text a
// reader sees, so that a test can hold each of them against report.json.

/** Widths of drawings in CSS pixels. Of a narrow and a wide one the style sheet shows the one that suits the screen. */
const chartWidths = { narrow: 350, half: 420, wide: 800 } as const;

/** Makes a text safe inside an element or an attribute. */
export function escapeHtml(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function inline(part: Inline): string {
  if (typeof part === "string") return escapeHtml(part);
  const content = escapeHtml(part.text);
  if (part.kind === "figure") return `<data value="${part.value}">${content}</data>`;
  return part.kind === "code" ? `<code>${content}</code>` : `<span class="name">${content}</span>`;
}

function html(content: Text): string {
  return content.map(inline).join("");
}

function row({ label, cells, tone }: ReportRow): string {
  const classes = tone === undefined ? "" : ` class="${tone}"`;
  const columns = cells.map((cell) => `<td>${html(cell)}</td>`).join("");
  return `<tr${classes}><th scope="row">${escapeHtml(label)}</th>${columns}</tr>`;
}

/** A head of a column, whose words may stand below each other but are not broken at their hyphens. */
function head(cell: string): string {
  const words = cell
    .split(" ")
    .map((word) => (word.includes("-") ? `<span class="whole">${escapeHtml(word)}</span>` : escapeHtml(word)));
  return `<th scope="col">${words.join(" ")}</th>`;
}

function table({ caption, header, rows, folded, wordy }: ReportTable): string {
  const heads = header.map(head).join("");
  const label = escapeHtml(caption);
  // A wide table scrolls by itself, and can be scrolled from the keyboard.
  const scroller =
    `<div class="scroll" role="region" tabindex="0" aria-label="${label}">` +
    `<table${wordy === true ? ' class="wordy"' : ""} aria-label="${label}">` +
    `<thead><tr>${heads}</tr></thead><tbody>${rows.map(row).join("\n")}</tbody></table></div>`;
  return folded === true ? `<details><summary>${label}</summary>${scroller}</details>` : `<h3>${label}</h3>${scroller}`;
}

function chart({ title, alt, half, draw }: ReportChart): string {
  const kinds = half === true ? (["half"] as const) : (["narrow", "wide"] as const);
  const drawings = kinds.map(
    (kind) => `<div class="chart ${kind}" role="img" aria-label="${escapeHtml(alt)}">${draw(chartWidths[kind])}</div>`,
  );
  return `<figure><figcaption>${escapeHtml(title)}</figcaption>${drawings.join("")}</figure>`;
}

function block(part: ReportTable | ReportChart | ReportParagraph): string {
  if (part.kind === "table") return table(part);
  return part.kind === "chart" ? chart(part) : `<p>${html(part.content)}</p>`;
}

/** The blocks, with charts that belong side by side in a grid. */
function blocksHtml(blocks: ReportSection["blocks"]): readonly string[] {
  return blocks.map((part, at) => {
    const isHalf = (other: (typeof blocks)[number] | undefined): boolean =>
      other?.kind === "chart" && other.half === true;
    const opens = isHalf(part) && !isHalf(blocks[at - 1]) ? '<div class="grid-of-charts">' : "";
    const closes = isHalf(part) && !isHalf(blocks[at + 1]) ? "</div>" : "";
    return `${opens}${block(part)}${closes}`;
  });
}

function section({ id, title, blocks, commands }: ReportSection): string {
  const made = commands.map((command) => `<code>${escapeHtml(command)}</code>`).join(" · ");
  return [
    `<section id="${id}" aria-labelledby="${id}-title">`,
    `<h2 id="${id}-title">${escapeHtml(title)}</h2>`,
    ...blocksHtml(blocks),
    ...(commands.length === 0 ? [] : [`<p class="made">made by ${made}</p>`]),
    "</section>",
  ].join("\n");
}

/** The page as HTML. */
export function htmlReport({ title, lead, sections }: ReportPage): string {
  const links = sections.map(({ id, title: to }) => `<li><a href="#${id}">${escapeHtml(to)}</a></li>`).join("");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escapeHtml(title)}</h1>
${lead.map((content) => `<p>${html(content)}</p>`).join("\n")}
<nav aria-label="Sections"><ul>${links}</ul></nav>
</header>
<main>
${sections.map(section).join("\n")}
</main>
</body>
</html>
`;
}
