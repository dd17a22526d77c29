import { count, type Figure } from "../figure.ts";
import { logAxis } from "./log-axis.ts";
import { box, drawing, legendOf, line, round, textWidth, words } from "./svg.ts";

/** Answers over time, a lane for each scheme. */
export interface TimelineOptions {
  readonly width: number;
  readonly show: (value: number) => Figure;
  readonly limit: { readonly value: number; readonly label: string };
  readonly lanes: readonly {
    readonly label: string;
    /** Times, in their order. */
    readonly marks: readonly number[];
    readonly inTime: number;
    readonly offered: number;
  }[];
}

const laneHeight = 22;
const laneGap = 8;
const labelHeight = 16;
const countWidth = 84;

/** Draws it: what comes after the limit stands on another ground and in another colour. */
export function timelineChart({ width, show, limit, lanes }: TimelineOptions): string {
  const isNarrow = width < 500;
  const left = isNarrow ? 0 : 126;
  const right = isNarrow ? width - 8 : width - countWidth;
  const axis = logAxis([...lanes.flatMap(({ marks }) => marks), limit.value], left, right);
  const key = legendOf(
    [
      ["good", "answered in time"],
      ["bad", "answered too late"],
    ],
    width,
    (x, y, tone) => box(x + 4, y - 10, 3, 12, tone),
  );
  const top = key.height + 24;
  const step = laneHeight + laneGap + (isNarrow ? labelHeight : 0);
  const bottom = top + lanes.length * step;
  const border = axis.at(limit.value);
  const parts: string[] = [...key.parts, box(border, top - 6, right - border, bottom - top + 6, "late")];
  for (const tick of axis.ticks) {
    const x = axis.at(tick);
    const anchor = x < left + 20 ? "start" : x > width - 24 ? "end" : "middle";
    parts.push(line(x, top - 6, x, bottom, "grid"));
    parts.push(words(x, bottom + 14, show(tick).text, { classes: "tick", anchor }));
  }
  let y = top;
  for (const { label, marks, inTime, offered } of lanes) {
    if (isNarrow) {
      parts.push(words(0, y + 11, label));
      parts.push(ratio(textWidth(label) + 14, y + 11, inTime, offered));
      y += labelHeight;
    } else {
      parts.push(words(left - 10, y + laneHeight / 2 + 4, label, { anchor: "end" }));
      parts.push(ratio(right + 10, y + laneHeight / 2 + 4, inTime, offered));
    }
    parts.push(line(left, y + laneHeight / 2, right, y + laneHeight / 2, "lane"));
    for (const mark of marks) {
      const x = axis.at(mark);
      parts.push(line(x, y + 2, x, y + laneHeight - 2, mark <= limit.value ? "answer good" : "answer bad"));
    }
    y += laneHeight + laneGap;
  }
  parts.push(line(border, top - 12, border, bottom, "limit"));
  const anchor = border > width - 120 ? "end" : "start";
  const toLabel = anchor === "end" ? border - 6 : border + 6;
  parts.push(words(toLabel, top - 14, `${limit.label} ${show(limit.value).text}`, { classes: "tick", anchor }));
  return drawing(width, bottom + 22, parts);
}

/** "18 of 100", each of the two carrying its number. */
function ratio(x: number, y: number, inTime: number, offered: number): string {
  const [answered, all] = [inTime, offered].map((of) => `<tspan data-value="${of}">${count(of).text}</tspan>`);
  return `<text x="${round(x)}" y="${round(y)}" class="value">${answered} of ${all}</text>`;
}
