import type { Figure } from "../figure.ts";
import { logAxis } from "./log-axis.ts";
import { drawing, legendOf, line, round, textWidth, figureAt, words, type Tone } from "./svg.ts";

/** One line of a chart. */
export interface ChartLine {
  readonly label: string;
  readonly tone: Tone;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Those of its points that are drawn as marks. */
  readonly marked: readonly (readonly [x: number, y: number])[];
}

/** One axis. */
interface AxisOptions {
  readonly label: string;
  readonly show: (value: number) => Figure;
  /** Ticks at powers of two. */
  readonly doubling?: boolean;
}

/** Lines over two logarithmic axes. */
export interface LineChartOptions {
  readonly width: number;
  readonly height: number;
  readonly x: AxisOptions;
  readonly y: AxisOptions;
  readonly lines: readonly ChartLine[];
  /** A value of the vertical axis with a line across. */
  readonly across?: { readonly value: number; readonly show: (value: number) => Figure };
}

const tickHeight = 22;
const labelHeight = 18;
const right = 24;

function markOf([x, y]: readonly [number, number], tone: Tone, place: number): string {
  // Tones are told apart by shape as well: not everyone sees the colours apart.
  if (place % 2 === 0) return `<circle cx="${round(x)}" cy="${round(y)}" r="4" class="mark ${tone}"/>`;
  return `<rect x="${round(x - 3.6)}" y="${round(y - 3.6)}" width="7.2" height="7.2" class="mark ${tone}"/>`;
}

/** Draws it. */
export function lineChart({ width, height, x, y, lines, across }: LineChartOptions): string {
  const points = lines.flatMap((one) => one.points);
  const extra = across === undefined ? [] : [across.value];
  const bases = [x, y].map(({ doubling, show }) => (doubling === true || show(1024 ** 3).text.endsWith("iB") ? 2 : 10));
  const probe = logAxis([...points.map((point) => point[1]), ...extra], 0, 1, bases[1]);
  const left = Math.max(...probe.ticks.map((tick) => textWidth(y.show(tick).text))) + 10;
  const key = legendOf(
    lines.map(({ tone, label }) => [tone, label] as const),
    width,
    (at, top, tone) => line(at, top - 4, at + 14, top - 4, `line ${tone}`),
  );
  const top = key.height + (y.label === "" ? 8 : 20);
  const bottom = top + height;
  const xAxis = logAxis(
    points.map((point) => point[0]),
    left,
    width - right,
    bases[0],
  );
  const yAxis = logAxis([...points.map((point) => point[1]), ...extra], bottom, top, bases[1]);

  const every = width < 500 && xAxis.ticks.length > 6 ? 2 : 1;
  const parts: string[] = [...key.parts];
  for (const [at, tick] of xAxis.ticks.entries()) {
    const place = xAxis.at(tick);
    parts.push(line(place, top, place, bottom, "grid"));
    if (at % every === 0) {
      parts.push(words(place, bottom + tickHeight - 4, x.show(tick).text, { classes: "tick", anchor: "middle" }));
    }
  }
  for (const tick of yAxis.ticks) {
    const place = yAxis.at(tick);
    parts.push(line(left, place, width - right, place, "grid"));
    parts.push(words(left - 6, place + 4, y.show(tick).text, { classes: "tick", anchor: "end" }));
  }
  if (y.label !== "") parts.push(words(left, top - 8, y.label, { classes: "axis name" }));
  parts.push(
    words((left + width - right) / 2, bottom + tickHeight + labelHeight - 4, x.label, {
      classes: "axis name",
      anchor: "middle",
    }),
  );
  if (across !== undefined) {
    const place = yAxis.at(across.value);
    parts.push(line(left, place, width - right, place, "limit"));
    parts.push(figureAt(width - right, place - 6, across.show(across.value), "end"));
  }
  for (const [place, { tone, points: own, marked }] of lines.entries()) {
    const path = own.map(([px, py]) => `${round(xAxis.at(px))},${round(yAxis.at(py))}`).join(" ");
    parts.push(`<polyline points="${path}" class="line ${tone}"/>`);
    parts.push(...marked.map(([px, py]) => markOf([xAxis.at(px), yAxis.at(py)], tone, place)));
  }
  return drawing(width, bottom + tickHeight + labelHeight, parts);
}
