import { type SchemeRun, formatDuration } from "@xsp/scenario";
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/*
 * When each login was answered: a step for each, a line for each scheme. Plain SVG: a hundred steps need no library, and
 * the style sheet gives the lines the page's own colours, light and dark.
 */

const HEIGHT = 340;
const LEFT = 46;
const RIGHT = 14;
const TOP = 26;
const BOTTOM = 44;

/** Round numbers of nanoseconds for ticks. */
function ticksUpTo(most: number): number[] {
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((each) => each >= rough) ?? rough;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

/** The storm as a timeline: how many are answered at each moment of modelled time, and when clients give up. */
export function Timeline({ runs }: { runs: readonly SchemeRun[] }): VNode {
  const frame = useRef<HTMLElement>(null);
  const width = useWidth(frame);
  const deadline = runs[0]?.logins.deadlineNs ?? 0;
  const offered = runs[0]?.logins.offered ?? 1;
  const most = 1.04 * Math.max(deadline, ...runs.map(({ logins }) => logins.lastModelledNs));
  const x = (ns: number): number => LEFT + (ns / most) * (width - LEFT - RIGHT);
  const y = (answered: number): number => HEIGHT - BOTTOM - (answered / offered) * (HEIGHT - TOP - BOTTOM);
  const said = runs.map(({ scheme, logins }) => {
    return `${scheme}: ${logins.inTime} of ${logins.offered} in time, the last after ${formatDuration(logins.lastModelledNs)}`;
  });
  return (
    <figure class="timeline" ref={frame}>
      <figcaption>
        <ul>
          {said.map((text, index) => (
            <li key={text} class={`series-${index}`}>
              {text}
            </li>
          ))}
        </ul>
      </figcaption>
      <svg
        width={width}
        height={HEIGHT}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="img"
        aria-label={`Logins answered over modelled time. ${said.join(". ")}.`}
      >
        {[0, offered / 2, offered].map((count) => (
          <g key={count}>
            <line class="grid" x1={LEFT} x2={width - RIGHT} y1={y(count)} y2={y(count)} />
            <text x={LEFT - 8} y={y(count) + 4} text-anchor="end">
              {count}
            </text>
          </g>
        ))}
        {ticksUpTo(most).map((ns) => (
          <text key={ns} x={x(ns)} y={HEIGHT - BOTTOM + 20} text-anchor="middle">
            {ns === 0 ? "0" : formatDuration(ns)}
          </text>
        ))}
        <text x={width - RIGHT} y={HEIGHT - 6} text-anchor="end">
          modelled time since all arrived
        </text>
        <line class="deadline" x1={x(deadline)} x2={x(deadline)} y1={TOP - 8} y2={HEIGHT - BOTTOM} />
        <text
          class="deadline-name"
          x={x(deadline) + (x(deadline) > width / 2 ? -6 : 6)}
          y={TOP - 10}
          text-anchor={x(deadline) > width / 2 ? "end" : "start"}
        >
          clients give up
        </text>
        {runs.map(({ scheme, logins }, index) => (
          <path key={scheme} class={`series series-${index}`} d={stepsOf(logins.answeredNs, x, y)} />
        ))}
      </svg>
    </figure>
  );
}

function stepsOf(answered: readonly number[], x: (ns: number) => number, y: (count: number) => number): string {
  const steps = answered.map((ns, index) => `H${x(ns).toFixed(1)}V${y(index + 1).toFixed(1)}`);
  return `M${x(0).toFixed(1)} ${y(0).toFixed(1)}${steps.join("")}`;
}

/** Width of an element in pixels, also after it has changed. */
function useWidth(element: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(640);
  useEffect(() => {
    const { current } = element;
    if (current === null) return undefined;
    const observer = new ResizeObserver(() => setWidth(current.clientWidth));
    observer.observe(current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
