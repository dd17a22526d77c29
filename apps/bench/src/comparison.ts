import { formatSize } from "@xsp/scenario";
import type { BenchResult } from "./bench-result.ts";
import { spreadRatio, type RatioWithSpread } from "./run-ratio.ts";
import type { Samples } from "./samples.ts";

/** Two results that say nothing about each other. */
export class ComparisonRefused extends Error {}

/** How one figure changed. */
export interface Change extends RatioWithSpread {
  readonly what: string;
  /** Medians. */
  readonly before: number;
  readonly after: number;
  readonly unit: "ns" | "bytes" | "perSecond" | "plain" | "x";
  /** Whether the quartiles of both leave a change of no more than chance out. */
  readonly verdict: "faster" | "slower" | "less" | "more" | "within the spread";
}

/** A figure by its samples; `better` says in which direction it is to go. */
interface Measured {
  readonly what: string;
  readonly unit: Change["unit"];
  readonly values: readonly number[];
}

function runtimeMajor(runtime: string): string {
  return /^(\w+ v?\d+)/.exec(runtime)?.[1] ?? runtime;
}

/**
 * Refuses what is no comparison: times of two machines, two runtimes or two sizes differ for reasons that nobody asked
 * about.
 *
 * @throws ComparisonRefused telling each difference.
 */
export function requireComparable(before: Pick<BenchResult, "machine" | "size">, after: typeof before): void {
  const pairs = (["platform", "cpu", "cpus"] as const).map(
    (name) => [name, String(before.machine[name]), String(after.machine[name])] as const,
  );
  // Rounded: another kernel keeps a few pages more or less for itself.
  const memory = [before, after].map(({ machine }) => formatSize(machine.memoryBytes)) as [string, string];
  const differences = [
    ...pairs,
    ["memory", ...memory] as const,
    ["runtime", runtimeMajor(before.machine.runtime), runtimeMajor(after.machine.runtime)] as const,
    ["size", before.size, after.size] as const,
  ].filter(([, old, now]) => old !== now);
  if (differences.length === 0) return;
  const lines = differences.map(([name, old, now]) => `  ${name}: ${old} then, ${now} now`);
  throw new ComparisonRefused(
    ["the two results cannot be compared: they are not of one machine, Node and size", ...lines].join("\n"),
  );
}

/** Everything of a result that has samples or is exact. */
function measured(result: BenchResult): readonly Measured[] {
  const of = (what: string, unit: Change["unit"], samples: Samples | undefined): Measured[] =>
    samples === undefined ? [] : [{ what, unit, values: samples.values }];
  const { scenario, micro = {}, scaling, threads, checker, startup } = result;
  return [
    ...(scenario?.runs ?? []).flatMap(({ scheme, boot, logins, peakRssBytes }): Measured[] => [
      { what: `${scheme}: boot`, unit: "ns", values: [boot.wallNs] },
      { what: `${scheme}: fork`, unit: "ns", values: logins.forkWall.samplesNs },
      { what: `${scheme}: exec`, unit: "ns", values: logins.execWall.samplesNs },
      { what: `${scheme}: peak memory`, unit: "bytes", values: [peakRssBytes] },
    ]),
    ...Object.entries(micro).flatMap(([scheme, results]) =>
      results.flatMap(({ task, ns, overBare }) => [
        ...of(`${scheme}: ${task}`, "ns", ns),
        ...of(`${scheme}: ${task}, over bare increments`, "x", overBare),
      ]),
    ),
    ...(scaling?.points ?? []).flatMap(({ scheme, hostBytes, bootNs, forkNs, peakRssBytes }) => {
      const host = `${scheme}, host of ${hostBytes / 2 ** 30} GiB`;
      return [
        ...of(`${host}: boot`, "ns", bootNs),
        ...of(`${host}: fork`, "ns", forkNs),
        ...of(`${host}: peak memory`, "bytes", peakRssBytes),
      ];
    }),
    ...(threads?.points ?? []).flatMap(({ scheme, overlap, threads: many, oneThreadNs, threadsNs }) => [
      ...of(`${scheme}, ${overlap} superpages: one thread`, "ns", oneThreadNs),
      ...of(`${scheme}, ${overlap} superpages: ${many} threads`, "ns", threadsNs),
    ]),
    ...of("checker: transitions", "perSecond", checker?.transitionsPerSecond),
    ...(checker === undefined
      ? []
      : [{ what: "checker: bytes a state", unit: "bytes" as const, values: [checker.bytesPerState] }]),
    ...of("xsp --help", "ns", startup?.xspNs),
    ...of("xsp --help over node -e 0", "x", startup?.ratio),
  ];
}

const words: Readonly<Record<Change["unit"], readonly [smaller: Change["verdict"], larger: Change["verdict"]]>> = {
  ns: ["faster", "slower"],
  perSecond: ["slower", "faster"],
  bytes: ["less", "more"],
  plain: ["less", "more"],
  x: ["less", "more"],
};

// One sample has no spread of its own; that of a shared machine is at least this.
const leastSpread = 0.1;

/**
 * Compares every figure that both results have: after over before.
 *
 * @throws ComparisonRefused when they are not of one machine, Node major and size.
 */
export function compareResults(before: BenchResult, after: BenchResult): readonly Change[] {
  requireComparable(before, after);
  const old = new Map(measured(before).map((figure) => [figure.what, figure]));
  return measured(after).flatMap(({ what, unit, values }) => {
    const was = old.get(what);
    if (was === undefined) return [];
    const ratio = spreadRatio(values, was.values);
    const isSingle = values.length === 1 || was.values.length === 1;
    const [low, high] = isSingle
      ? [ratio.ratio / (1 + leastSpread), ratio.ratio * (1 + leastSpread)]
      : [ratio.low, ratio.high];
    const [smaller, larger] = words[unit];
    const verdict = high < 1 ? smaller : low > 1 ? larger : "within the spread";
    const middle = (of: readonly number[]): number =>
      of.toSorted((a, b) => a - b)[Math.floor((of.length - 1) / 2)] ?? 0;
    return [{ what, unit, before: middle(was.values), after: middle(values), ratio: ratio.ratio, low, high, verdict }];
  });
}
