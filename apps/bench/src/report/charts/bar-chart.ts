import type { Figure } from "../figure.ts";
import { linearAxis } from "./linear-axis.ts";
import { logAxis } from "./log-axis.ts";
import { box, drawing, legendOf, line, round, figureAt, words, type Tone } from "./svg.ts";

/** Bars in groups, horizontal. */
export interface BarChartOptions {
  readonly width: number;
  readonly show: (value: number) => Figure;
  readonly scale: "linear" | "logarithmic";
  readonly legend: readonly (readonly [tone: Tone, label: string])[];
  readonly groups: readonly {
    readonly label: string;
    readonly bars: readonly {
      readonly tone: Tone;
      readonly value: number;
      readonly range?: readonly [least: number, greatest: number];
    }[];
  }[];
}

const barHeight = 12;
const barGap = 3;
const groupGap = 10;
const labelHeight = 16;
const valueWidth = 62;

/** Draws it. On a narrow screen a group's label stands above its bars. */
export function barChart({ width, show, scale, legend, groups }: BarChartOptions): string {
  const isNarrow = width < 500;
  const left = isNarrow ? 0 : 126;
  const values = groups.flatMap(({ bars }) => bars.flatMap((bar) => [bar.value, ...(bar.range ?? [])]));
  const axis = (scale === "linear" ? linearAxis : logAxis)(values, left, width - valueWidth);
  const key = legendOf(legend, width, (x, y, tone) => box(x, y - 9, 12, 10, tone));
  const top = key.height + 8;
  const marks: string[] = [];
  let y = top;
  for (const { label, bars } of groups) {
    const height = bars.length * (barHeight + barGap) - barGap;
    if (isNarrow) {
      marks.push(words(0, y + 11, label));
      y += labelHeight;
    } else {
      marks.push(words(left - 10, y + height / 2 + 4, label, { anchor: "end" }));
    }
    for (const { tone, value: found, range } of bars) {
      const end = axis.at(found);
      const [least, greatest] = (range ?? [found, found]).map(axis.at) as [number, number];
      const middle = y + barHeight / 2;
      marks.push(box(left, y, Math.max(1, end - left), barHeight, tone));
      if (range !== undefined) marks.push(line(least, middle, greatest, middle, "range"));
      marks.push(figureAt(Math.max(end, greatest) + 6, y + 10, show(found)));
      y += barHeight + barGap;
    }
    y += groupGap;
  }
  const grid = axis.ticks.flatMap((tick) => {
    const x = round(axis.at(tick));
    return [
      line(x, top - 4, x, y, "grid"),
      words(x, y + 14, show(tick).text, { classes: "tick", anchor: x === left ? "start" : "middle" }),
    ];
  });
  return drawing(width, y + 22, [...key.parts, ...grid, ...marks]);
}
