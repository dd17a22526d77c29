import { formatDuration } from "../quantity.ts";
import type { AnyResult, ScenarioResult, SchemeRun } from "../scheme-run.ts";

// Horizontal bars on logarithmic axes. Written by hand: a chart of a dozen bars needs no library, and the file must look
// right in a light page and in a dark one.

interface Bar {
  readonly label: string;
  readonly ns: number;
  readonly tone: "a" | "b";
}

interface Panel {
  readonly title: string;
  readonly axis: string;
  readonly bars: readonly Bar[];
  /** A vertical line across the panel. */
  readonly limit?: { readonly ns: number; readonly label: string };
  readonly legend?: readonly (readonly [tone: "a" | "b", text: string])[];
}

const width = 760;
const left = 130;
const right = 90;
const barHeight = 13;

const style = `
  svg { background: #fff; font: 12px system-ui, sans-serif; }
  text { fill: #222; } .faint { fill: #666; } .title { font-weight: 600; font-size: 14px; }
  .grid { stroke: #ddd; } .a { fill: #2563a8; } .b { fill: #9bbfe0; } .limit { stroke: #b3261e; stroke-dasharray: 5 3; }
  .limit-text { fill: #b3261e; }
  @media (prefers-color-scheme: dark) {
    svg { background: #15181c; } text { fill: #e6e6e6; } .faint { fill: #a0a6ad; } .grid { stroke: #333a42; }
    .a { fill: #6cb0f5; } .b { fill: #34597d; } .limit { stroke: #ff8a80; } .limit-text { fill: #ff8a80; }
  }`;

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function text(x: number, y: number, content: string, classes = "", anchor = "start"): string {
  return `<text x="${round(x)}" y="${round(y)}" class="${classes}" text-anchor="${anchor}">${escape(content)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Draws one panel at a height; returns its markup and the height below it. */
function drawPanel(panel: Panel, top: number): { markup: string[]; bottom: number } {
  const { bars, limit } = panel;
  const values = [...bars.map(({ ns }) => ns), ...(limit === undefined ? [] : [limit.ns])].filter((ns) => ns > 0);
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  const scale = (ns: number): number =>
    left + ((Math.log10(Math.max(ns, 10 ** low)) - low) / (high - low)) * (width - left - right);

  const markup = [text(16, top + 14, panel.title, "title")];
  // Widths of text are estimated, generously: nothing here knows the font that it will be shown in.
  let legendAt = width - 16;
  for (const [tone, caption] of [...(panel.legend ?? [])].reverse()) {
    legendAt -= caption.length * 7.2 + 18;
    markup.push(`<rect x="${round(legendAt)}" y="${round(top + 5)}" width="10" height="10" class="${tone}"/>`);
    markup.push(text(legendAt + 16, top + 14, caption, "faint"));
    legendAt -= 12;
  }

  const first = top + 34;
  const groups = new Set(bars.map(({ label }) => label)).size;
  const last = first + bars.length * (barHeight + 2) + groups * 7;
  for (let power = low; power <= high; power++) {
    const x = round(scale(10 ** power));
    markup.push(`<line x1="${x}" y1="${first - 6}" x2="${x}" y2="${last}" class="grid"/>`);
    markup.push(text(x, last + 15, formatDuration(10 ** power), "faint", "middle"));
  }
  let y = first;
  let group: string | undefined;
  for (const { label, ns, tone } of bars) {
    if (label !== group) {
      if (group !== undefined) y += 7;
      markup.push(text(left - 8, y + barHeight - 2, label, "", "end"));
      group = label;
    }
    const end = scale(ns);
    const bar = `width="${round(Math.max(1, end - left))}" height="${barHeight}" class="${tone}"`;
    markup.push(
      `<rect x="${left}" y="${round(y)}" ${bar}/>`,
      text(end + 5, y + barHeight - 2, formatDuration(ns), "faint"),
    );
    y += barHeight + 2;
  }
  if (limit !== undefined) {
    const x = round(scale(limit.ns));
    markup.push(`<line x1="${x}" y1="${first - 10}" x2="${x}" y2="${last}" class="limit"/>`);
    markup.push(text(x - 4, first - 4, limit.label, "limit-text", "end"));
  }
  markup.push(text((left + width - right) / 2, last + 33, panel.axis, "faint", "middle"));
  return { markup, bottom: last + 56 };
}

function stormPanels({ runs, profile, scenario, machine, settings }: ScenarioResult): Panel[] {
  const each = (bars: (run: SchemeRun) => Bar[]): Bar[] => runs.flatMap(bars);
  return [
    {
      title: `${scenario}: one fork`,
      axis: "time, logarithmic",
      legend: [
        ["a", `modelled, ${profile}`],
        ["b", `wall here, ${machine.runtime} (median)`],
      ],
      bars: each(({ scheme, fork, logins }) => [
        { label: scheme, ns: fork.modelledNs, tone: "a" },
        { label: scheme, ns: logins.forkWall.medianNs, tone: "b" },
      ]),
    },
    {
      title: `${scenario}: the last of ${settings.workload.logins} logins answered`,
      axis: `modelled time (${profile}), logarithmic`,
      limit: { ns: settings.deadlineNs, label: `deadline ${formatDuration(settings.deadlineNs)}` },
      bars: each(({ scheme, logins }) => [{ label: scheme, ns: logins.lastModelledNs, tone: "a" }]),
    },
  ];
}

/** A panel for each measured step. */
function stepPanels({ runs, profile, scenario, machine, settings }: AnyResult): Panel[] {
  return settings.steps.flatMap(({ as }, at): Panel[] => {
    if (as === undefined) return [];
    return [
      {
        title: `${scenario}: ${as}`,
        axis: "time, logarithmic",
        legend: [
          ["a", `modelled, ${profile}`],
          ["b", `wall here, ${machine.runtime}`],
        ],
        bars: runs.flatMap(({ scheme, steps }): Bar[] => {
          const operation = steps[at]?.operation;
          if (operation === undefined) return [];
          return [
            { label: scheme, ns: operation.modelledNs, tone: "a" },
            { label: scheme, ns: operation.wallNs, tone: "b" },
          ];
        }),
      },
    ];
  });
}

/** A chart of the result: what the measured operations cost and when the last login is answered, by scheme. */
export function svgReport(result: AnyResult): string {
  const { runs, scenario } = result;
  const panels = [...(result.v === 1 ? stormPanels(result) : []), ...stepPanels(result)];
  const markup: string[] = [];
  let top = 16;
  for (const panel of panels) {
    const drawn = drawPanel(panel, top);
    markup.push(...drawn.markup);
    top = drawn.bottom;
  }
  const title = `${scenario} under ${runs.map(({ scheme }) => scheme).join(", ")}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${round(top)}" role="img" aria-label="${escape(title)}">`,
    `<style>${style}</style>`,
    ...markup,
    "</svg>\n",
  ].join("\n");
}
