import { type SchemeRun, formatDuration } from "@xsp/scenario";
import uPlot from "uplot";

/** Style sheet's names of the colours of the first scheme and the second. */
const seriesColours = ["--lane-1", "--lane-0"] as const;
const DASH = [7, 3];
const FONT = "13px system-ui, sans-serif";

/**
 * Draws when each login was answered: a line for each scheme, a step for each login.
 *
 * @param into - the element that gets the picture; its colours are those of the style sheet as it is now.
 * @param height - CSS pixels.
 */
export function plotTimeline(into: HTMLElement, runs: readonly SchemeRun[], height: number): uPlot {
  const muted = colourOf(into, "--muted");
  const line = colourOf(into, "--line");
  const offered = runs[0]?.logins.offered ?? 1;
  const deadline = runs[0]?.logins.deadlineNs ?? 0;
  const most = 1.04 * Math.max(deadline, ...runs.map(({ logins }) => logins.lastModelledNs));
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const axis = { stroke: muted, font: FONT, labelFont: FONT, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  return new uPlot(
    {
      width: into.clientWidth,
      height,
      // A pointer has nothing to find that the figures beside do not say.
      cursor: { show: false },
      legend: { show: false },
      scales: { x: { time: false, range: [0, most] }, y: { range: [0, offered] } },
      axes: [
        {
          ...axis,
          label: "modelled time since all arrived",
          labelSize: 22,
          size: 28,
          space: 90,
          values: (_, ticks) => ticks.map((ns) => (ns === 0 ? "0" : formatDuration(ns))),
        },
        { ...axis, label: "logins answered", labelSize: 22, size: 44 },
      ],
      series: [
        {},
        ...runs.map(({ scheme }, index) => ({
          label: scheme,
          stroke: colourOf(into, seriesColours[index] ?? "--ink"),
          width: 2.5,
          dash: index === 0 ? [] : DASH,
          points: { show: false },
          spanGaps: true,
          ...(stepped === undefined ? {} : { paths: stepped }),
        })),
      ],
      hooks: { draw: [(plot) => drawDeadline(plot, deadline, colourOf(into, "--wrong"))] },
    },
    uPlot.join(
      runs.map(({ logins }) => [
        [0, ...logins.answeredNs],
        [0, ...logins.answeredNs.map((_, index) => index + 1)],
      ]),
    ),
    into,
  );
}

/** The moment at which clients give up. */
function drawDeadline(plot: uPlot, deadline: number, colour: string): void {
  const { ctx, bbox } = plot;
  const x = plot.valToPos(deadline, "x", true);
  const ratio = devicePixelRatio;
  const isRight = x > bbox.left + bbox.width / 2;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.lineWidth = 1.5 * ratio;
  ctx.setLineDash([2 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.font = `${13 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = isRight ? "right" : "left";
  ctx.textBaseline = "top";
  ctx.fillText("clients give up", x + (isRight ? -6 : 6) * ratio, bbox.top + 2 * ratio);
  ctx.restore();
}

/** A colour of the style sheet as canvases know colours: they do not resolve `var()` and `light-dark()`. */
function colourOf(within: HTMLElement, variable: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${variable})`;
  within.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
