import type { BenchResult } from "../../bench-result.ts";
import type { ScalingFit, ScalingPoint, ScalingResult } from "../../scaling-result.ts";
import { lineChart } from "../charts/line-chart.ts";
import { count, duration, plain, size, spread, text, type Figure } from "../figure.ts";
import { paragraph, type ReportChart, type ReportSection, type ReportTable } from "../page.ts";

function timeTable(points: readonly ScalingPoint[]): ReportTable {
  return {
    kind: "table",
    caption: "Time by size of the host",
    header: ["scheme", "host", "boot", "fork", "exec"],
    rows: points.map((point) => ({
      label: point.scheme,
      cells: [
        [size(point.hostBytes)],
        spread(point.bootNs, duration),
        spread(point.forkNs, duration),
        spread(point.execNs, duration),
      ],
    })),
  };
}

function countTable(points: readonly ScalingPoint[]): ReportTable {
  return {
    kind: "table",
    caption: "Memory and events by size of the host",
    header: [
      "scheme",
      "host",
      "frames",
      "peak memory",
      "accounting state per frame",
      "hugepages forked",
      "counting operations of a fork",
    ],
    rows: points.map((point) => ({
      label: point.scheme,
      cells: [
        [size(point.hostBytes)],
        [count(point.frames)],
        spread(point.peakRssBytes, size),
        [size(point.bytesPerFrame)],
        [count(point.hugepages)],
        [count(point.countingOperations)],
      ],
    })),
  };
}

const shown: Readonly<Record<ScalingFit["unit"], (value: number) => Figure>> = {
  ns: duration,
  bytes: size,
  operations: plain,
};

function fitTable(fits: readonly ScalingFit[]): ReportTable {
  return {
    kind: "table",
    caption: "Slopes",
    header: ["quantity", "scheme", "exponent over size", "one more costs", "of what"],
    rows: fits.map(({ what, scheme, exponent, perUnit, over, unit }) => ({
      label: what,
      cells: [
        [{ kind: "name", text: scheme }],
        [plain(exponent)],
        [shown[unit](perUnit), ...(unit === "operations" ? [" counted"] : [])],
        [over],
      ],
    })),
  };
}

function chart(
  points: readonly ScalingPoint[],
  title: string,
  show: (value: number) => Figure,
  y: (point: ScalingPoint) => number,
): ReportChart {
  const schemes = [...new Set(points.map(({ scheme }) => scheme))];
  return {
    kind: "chart",
    half: true,
    title,
    alt: `A line for each scheme, rising with the size of the host; the table below has the same figures.`,
    draw: (width) =>
      lineChart({
        width,
        height: 240,
        x: { label: "memory of the host", show: size, doubling: true },
        y: { label: "", show },
        lines: schemes.map((scheme, at) => {
          const own = points
            .filter((point) => point.scheme === scheme)
            .map((point) => [point.hostBytes, y(point)] as const);
          return { label: scheme, tone: at === 0 ? "a" : "c", points: own, marked: own };
        }),
      }),
  };
}

function leftOutSentences({ leftOut }: ScalingResult): ReturnType<typeof paragraph>[] {
  return leftOut.map(({ hostBytes, scheme, neededBytes, availableBytes }) =>
    paragraph(
      text`Left out: a host of ${size(hostBytes)} under ${{ kind: "name", text: scheme }}. It needs about ${size(neededBytes)} of memory, and ${size(availableBytes)} were available.`,
    ),
  );
}

/** Growth with the size of the host. */
export function scalingSection({ scaling }: BenchResult): readonly ReportSection[] {
  if (scaling === undefined) return [];
  const { points, fits } = scaling;
  return [
    {
      id: "scaling",
      title: "Growth with the size of the host",
      blocks: [
        paragraph(
          text`The same scenario on hosts of other sizes, most of whose memory is the shared region; each in a process of its own. Linear growth has the exponent ${{ kind: "name", text: "1" }}. The process itself takes some memory whatever the size, which keeps the exponent of peak memory lower.`,
        ),
        chart(points, "One fork, median; both axes logarithmic", duration, ({ forkNs }) => forkNs.median),
        chart(points, "Boot with the full direct map, median", duration, ({ bootNs }) => bootNs.median),
        chart(points, "Peak resident memory", size, ({ peakRssBytes }) => peakRssBytes.median),
        chart(points, "Counting operations of a fork", count, (point) => point.countingOperations),
        timeTable(points),
        countTable(points),
        fitTable(fits),
        ...leftOutSentences(scaling),
      ],
      commands: ["pnpm bench --only scaling", ...(points.at(-1) === undefined ? [] : [points.at(-1)?.command ?? ""])],
    },
  ];
}
