import type { Trace } from "../replay.ts";
import { changes, describeNotes, describeStep, type TraceFormat } from "./columns.ts";
import { memoryHistory } from "./memory-history.ts";

/** What stands above the table of a page. Without it, what the trace knows of itself. */
export interface HtmlText {
  readonly title?: string;
  /** Paragraphs of plain text. */
  readonly paragraphs?: readonly string[];
}

// Everything is in the page, and nothing of it runs: it can be mailed, archived and read in ten years.
const STYLE = `
:root{color-scheme:light dark;--line:#d0d0d0;--head:#f2f2f2;--changed:#ffe9a8;--faint:#666;--note:#0a6040;--wrong:#a11212;--wash:#fdecec}
@media (prefers-color-scheme:dark){
:root{--line:#444;--head:#262626;--changed:#5a4a10;--faint:#a0a0a0;--note:#7fd0a8;--wrong:#ff9c9c;--wash:#3a1c1c}}
body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;padding:0 1.5em}
h1{font-size:1.4em}h2{font-size:1.1em;margin-top:2em}p{max-width:75ch}
.violated{color:var(--wrong);background:var(--wash);padding:.5em .8em;border-left:4px solid;font-weight:600}
.scroll{overflow:auto;max-height:92vh;border:1px solid var(--line)}
table{border-collapse:separate;border-spacing:0;font:13px/1.4 ui-monospace,monospace}
th,td{border:solid var(--line);border-width:0 1px 1px 0;padding:2px 8px;text-align:left;vertical-align:top;white-space:nowrap}
th{position:sticky;top:0;background:var(--head);z-index:1}
td.step,th.step{text-align:right;color:var(--faint);position:sticky;left:0;background:var(--head)}th.step{z-index:2}
.changed{background:var(--changed)}.operation{color:var(--faint)}.note{color:var(--note);font-weight:600}
@media print{.scroll{overflow:visible;max-height:none}th,td.step{position:static}}`;

/**
 * A trace as one self-contained page, readable without scripts, on light and on dark screens: a table of the accesses
 * with a column for each vCPU, and a table of the words they touch, changed words highlighted.
 */
export function toHtml(trace: Trace, format: TraceFormat = {}, text: HtmlText = {}): string {
  const violated = trace.violated.map(({ property, message }) => {
    return `<p class="violated">${escaped(property)}: ${escaped(message)}</p>`;
  });
  const title = escaped(text.title ?? `${trace.model} ${JSON.stringify(trace.options)}`);
  const paragraphs = (text.paragraphs ?? []).map((paragraph) => `<p>${escaped(paragraph)}</p>`);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${STYLE}</style></head>
<body><h1>${title}</h1>
${[...violated, ...paragraphs].join("\n")}
<h2>Every access</h2>
${accessTable(trace, format)}
<h2>Every word that is touched</h2>
<p>As it is after the step. Highlighted: what the step changed.</p>
${wordTable(trace, format)}
</body></html>
`;
}

function accessTable(trace: Trace, format: TraceFormat): string {
  const heads = trace.programs.map((program, vcpu) => `vCPU ${vcpu}: ${program}`);
  const under: (string | undefined)[] = trace.programs.map(() => undefined);
  const rows = trace.steps.map((step, index) => {
    const begins = step.operation !== undefined && step.operation !== under[step.vcpu];
    // What ends here may be begun once more under the same name.
    under[step.vcpu] = step.notes.length > 0 ? undefined : step.operation;
    const operation = begins ? `<div class="operation">▶ ${escaped(step.operation ?? "")}</div>` : "";
    const notes = describeNotes(step).map((note) => `<div class="note">◀ ${escaped(note)}</div>`);
    const cell = `${operation}${escaped(describeStep(step, format))}${notes.join("")}`;
    const mark = changes(step) ? ' class="changed"' : "";
    const cells = trace.programs.map((_, vcpu) => (vcpu === step.vcpu ? `<td${mark}>${cell}</td>` : "<td></td>"));
    return `<tr><td class="step">${index + 1}</td>${cells.join("")}</tr>`;
  });
  return table(heads, rows);
}

function wordTable(trace: Trace, format: TraceFormat): string {
  const { words, rows } = memoryHistory(trace);
  const heads = words.map(({ region, index }) => `${region}[${index}]`);
  const body = rows.map((row, step) => {
    const cells = row.map((value, word) => {
      const { region, index } = words[word] as { region: string; index: number };
      const shown = format.describeWord?.(region, index, value) ?? String(value);
      const changed = step > 0 && rows[step - 1]?.[word] !== value;
      return `<td${changed ? ' class="changed"' : ""}>${escaped(shown)}</td>`;
    });
    return `<tr><td class="step">${step}</td>${cells.join("")}</tr>`;
  });
  return table(heads, body);
}

function table(heads: readonly string[], rows: readonly string[]): string {
  const head = heads.map((each) => `<th>${escaped(each)}</th>`).join("");
  return `<div class="scroll"><table><thead><tr><th class="step">step</th>${head}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
