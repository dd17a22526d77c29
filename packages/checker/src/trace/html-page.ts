import type { Trace } from "../replay.ts";
import { changes, describeNotes, describeStep, type TraceFormat } from "./columns.ts";
import { memoryHistory } from "./memory-history.ts";

const STYLE = `body{font:14px system-ui,sans-serif;margin:2em}table{border-collapse:collapse}
th,td{border:1px solid #ccc;padding:2px 8px;text-align:left;vertical-align:top}th{position:sticky;top:0;background:#eee}
td{font-family:ui-monospace,monospace}.changed{background:#ffe8a0}.operation{color:#555}.note{color:#064}
.violated{color:#a00;font-weight:bold}`;

/** A trace as one self-contained page: a column for each vCPU and for each word touched, changed words highlighted. */
export function toHtml(trace: Trace, format: TraceFormat = {}): string {
  const { words, rows } = memoryHistory(trace);
  const shown = (word: number, value: number): string => {
    const { region, index } = words[word] as { region: string; index: number };
    return format.describeWord?.(region, index, value) ?? String(value);
  };
  const heads = [
    "step",
    ...trace.programs.map((program, vcpu) => `vCPU ${vcpu}: ${program}`),
    ...words.map(({ region, index }) => `${region}[${index}]`),
  ];
  const wordCells = (row: number): string[] =>
    (rows[row] as readonly number[]).map((value, word) => {
      const changed = row > 0 && rows[row - 1]?.[word] !== value;
      return `<td${changed ? ' class="changed"' : ""}>${escaped(shown(word, value))}</td>`;
    });
  const body = trace.steps.map((step, index) => {
    const operation = step.operation === undefined ? "" : `<div class="operation">${escaped(step.operation)}</div>`;
    const notes = describeNotes(step).map((note) => `<div class="note">${escaped(note)}</div>`);
    const cell = `${operation}${escaped(describeStep(step, format))}${notes.join("")}`;
    const mark = changes(step) ? ' class="changed"' : "";
    const cells = trace.programs.map((_, vcpu) => (vcpu === step.vcpu ? `<td${mark}>${cell}</td>` : "<td></td>"));
    return `<tr><td>${index + 1}</td>${cells.join("")}${wordCells(index + 1).join("")}</tr>`;
  });
  const start = `<tr><td>0</td>${trace.programs.map(() => "<td></td>").join("")}${wordCells(0).join("")}</tr>`;
  const violated = trace.violated.map(({ property, message }) => {
    return `<p class="violated">${escaped(property)}: ${escaped(message)}</p>`;
  });
  const title = escaped(`${trace.model} ${JSON.stringify(trace.options)}`);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title><style>${STYLE}</style></head>
<body><h1>${title}</h1>
${violated.join("\n")}
<table><thead><tr>${heads.map((head) => `<th>${escaped(head)}</th>`).join("")}</tr></thead>
<tbody>${[start, ...body].join("\n")}</tbody></table></body></html>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
